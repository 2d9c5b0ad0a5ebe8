internal import DNSWire
internal import NetworkTypes
internal import Synchronization

/// What one query left for the log.
struct QueryLogEntry: Sendable {
    var instant: ContinuousClock.Instant
    var client: IPAddress
    var transport: QueryTransport
    /// Nil: no question could be read.
    var type: RecordType?
    var responseCode: ResponseCode
    /// Of the answer; 0: withheld.
    var byteCount: Int
    /// From the query's arrival to its answer.
    var duration: Duration
    /// Of the name in wire form.
    var nameLength = 0
}

/// Entries on their way from one thread to the log's writer.
///
/// The lock is held for the copy of one entry, or for the exchange of two pointers: nobody waits for the writer's work.
final class QueryLogLane: Sendable {
    /// Entries that wait: with the longest names 3 MB, with usual ones 1 MB; some 10 ms of a thread that does nothing but
    /// answer. Beyond, new ones are dropped.
    static let entryLimit = 8192
    /// Bytes of names that wait.
    static let nameByteLimit = 1 << 20

    struct Contents: Sendable {
        var entries: [QueryLogEntry] = []
        var names: [UInt8] = []
        /// Not taken for want of room.
        var dropped: UInt64 = 0

        var isEmpty: Bool { entries.isEmpty && dropped == 0 }

        mutating func removeAll() {
            entries.removeAll(keepingCapacity: true)
            names.removeAll(keepingCapacity: true)
            dropped = 0
        }
    }

    private let contents = Mutex(Contents())
    /// Wakes the writer.
    let signal = Mutex<@Sendable () -> Void>({})

    /// - Parameter name: wire form.
    func add(_ entry: QueryLogEntry, name: RawSpan) {
        var entry = entry
        entry.nameLength = name.byteCount
        let wakes = contents.withLock { contents in
            let count = contents.entries.count
            guard count < Self.entryLimit, contents.names.count + name.byteCount <= Self.nameByteLimit else {
                contents.dropped += 1
                return contents.dropped == 1
            }
            contents.entries.append(entry)
            // SAFETY: any byte is an integer, and the load checks its bounds.
            for offset in 0..<name.byteCount { unsafe contents.names.append(name.unsafeLoad(fromByteOffset: offset, as: UInt8.self)) }
            return count == 0 || count == Self.entryLimit / 2
        }
        if wakes { signal.withLock { $0 }() }
    }

    /// Gives what has come, and takes an empty one for what comes.
    func exchange(_ other: inout Contents) {
        contents.withLock { swap(&$0, &other) }
    }
}

extension QueryLogLane {
    /// The entry of a query that other servers answered.
    func add(
        _ request: ForwardRequest, _ code: ResponseCode, byteCount: Int, since begin: ContinuousClock.Instant,
        _ duration: Duration
    ) {
        let entry = QueryLogEntry(
            instant: begin, client: request.client, transport: request.transport, type: request.question.type,
            responseCode: code, byteCount: byteCount, duration: duration)
        let name = request.question.name.lowercased.wire
        // SAFETY: the bytes are only read, during the call.
        unsafe add(entry, name: name.span.bytes)
    }
}
