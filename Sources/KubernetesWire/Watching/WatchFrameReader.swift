package import KubernetesModel

/// Takes the bytes of a watch as they come, and gives its events.
///
/// JSON events follow one another; of protobuf each has its length before it, four bytes, the highest first
/// (apimachinery, `pkg/util/framer`). What is left of a chunk waits for the next.
package struct WatchFrameReader: Sendable {
    /// Bytes of one event at most. etcd takes objects of 1.5 MiB and the API server requests of 3 MiB; JSON makes them
    /// longer. A longer one is an error: the stream has lost step, or somebody fills our memory.
    package static let frameLimit = 16 << 20
    /// Bytes of room that is kept from one event to the next.
    static let keptCapacity = 64 << 10

    private let decoder: ObjectDecoder
    private let limit: Int
    private var frames: any FrameScanner
    /// The beginning of an event whose end has not come.
    private var pending: [UInt8] = []

    package init(
        _ kind: ObjectKind, format: WireFormat, strings: StringInterner = StringInterner(), limit: Int = frameLimit
    ) {
        decoder = ObjectDecoder(kind, format: format, strings: strings)
        self.limit = limit
        switch format {
        case .protobuf: frames = LengthScanner()
        case .json: frames = JSONValueScanner()
        }
    }

    /// Bytes of an event that wait for the rest of it.
    package var pendingCount: Int { pending.count }

    /// Adds the events that end in this chunk.
    ///
    /// - Throws: ``WireError``; the watch is of no more use then. What came before the error has been added.
    package mutating func read(
        _ chunk: borrowing Span<UInt8>, into events: inout [WatchEvent]
    ) throws(WireError) {
        if pending.isEmpty {
            let used = try consume(chunk, into: &events)
            if used < chunk.count { pending.append(chunk.extracting(used..<chunk.count)) }
            return
        }
        pending.append(chunk)
        // Out of the way of `self` while it is read.
        var bytes: [UInt8] = []
        swap(&bytes, &pending)
        let used = try consume(bytes.span, into: &events)
        swap(&bytes, &pending)
        if used < pending.count {
            pending.removeFirst(used)
        } else {
            pending.removeAll(keepingCapacity: pending.capacity <= Self.keptCapacity)
        }
    }

    /// The events that end in this chunk.
    package mutating func read(_ chunk: [UInt8]) throws(WireError) -> [WatchEvent] {
        var events: [WatchEvent] = []
        try read(chunk.span, into: &events)
        return events
    }

    /// The server has closed the connection.
    ///
    /// - Throws: ``WireError/truncated(_:)`` when an event is not whole.
    package func finish() throws(WireError) {
        if !pending.isEmpty { throw .truncated(pending.count) }
    }

    /// - Returns: how many bytes were those of whole events.
    private mutating func consume(
        _ bytes: borrowing Span<UInt8>, into events: inout [WatchEvent]
    ) throws(WireError) -> Int {
        var used = 0
        while let frame = try frames.next(in: bytes, from: used, limit: limit) {
            if let content = frame.content { events.append(try decoder.event(bytes, in: content)) }
            used = frame.end
        }
        return used
    }
}
