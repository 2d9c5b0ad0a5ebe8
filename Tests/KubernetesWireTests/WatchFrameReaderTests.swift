import KubernetesModel
import KubernetesModelTesting
import KubernetesWire
import Testing

@Suite("Frames of a watch")
struct WatchFrameReaderTests {
    /// A watch of everything that can come, and its events.
    static func watch(_ kind: ObjectKind, _ format: WireFormat) throws -> (bytes: [UInt8], events: [WatchEvent]) {
        var random = RandomObjects(seed: 9)
        let encoder = ObjectEncoder(APIResource(kind), format: format)
        var bytes: [UInt8] = []
        var events: [WatchEvent] = []
        for type in [WatchEventType.added, .modified, .deleted, .added] {
            let object = random.object(kind)
            bytes += encoder.event(type, try encoder.item(object))
            let version = object.metadata.resourceVersion
            events.append(type == .deleted ? .deleted(object.reference, resourceVersion: version) : .set(object))
        }
        bytes += try encoder.bookmark(resourceVersion: "7", endsInitialEvents: true)
        bytes += try encoder.bookmark(resourceVersion: "8")
        events.append(.bookmark(resourceVersion: "7", endsInitialEvents: true))
        events.append(.bookmark(resourceVersion: "8", endsInitialEvents: false))
        let status = APIStatus(code: 410, reason: "Expired", message: "too old \"resource\" version: 1 {2}")
        bytes += try encoder.error(status)
        events.append(.error(status))
        return (bytes, events)
    }

    @Test("events are the same wherever chunks end", arguments: WireFormat.allCases)
    func chunks(_ format: WireFormat) throws {
        for kind in ObjectKind.allCases {
            let (bytes, events) = try Self.watch(kind, format)
            for size in [1, 2, 3, 7, 64, 1000, bytes.count] {
                var reader = WatchFrameReader(kind, format: format)
                var read: [WatchEvent] = []
                for start in stride(from: 0, to: bytes.count, by: size) {
                    read += try reader.read(Array(bytes[start..<min(start + size, bytes.count)]))
                }
                #expect(read == events, "\(kind) in chunks of \(size)")
                #expect(reader.pendingCount == 0)
                try reader.finish()
            }
        }
    }

    @Test("an event that no end comes of waits, and is missed at the end of the watch", arguments: WireFormat.allCases)
    func truncated(_ format: WireFormat) throws {
        let (bytes, events) = try Self.watch(.service, format)
        // JSON: the newline at the end is none of the event's.
        let cut = Array(bytes.dropLast(5))
        var reader = WatchFrameReader(.service, format: format)
        let read = try reader.read(cut)
        #expect(read == Array(events.dropLast()))
        let error = #expect(throws: WireError.self) { try reader.finish() }
        #expect(error == .truncated(reader.pendingCount))
        #expect(reader.pendingCount > 0)
    }

    @Test("an event over the limit is an error, at the first of its bytes where its length is told")
    func limits() throws {
        var protobuf = WatchFrameReader(.service, format: .protobuf, limit: 1000)
        let error = #expect(throws: WireError.self) { try protobuf.read([0, 0, 0x03, 0xE9]) }
        #expect(error == .frameTooLong(1001, limit: 1000))
        var json = WatchFrameReader(.service, format: .json, limit: 1000)
        let text = Array((#"{"type":""# + String(repeating: "x", count: 1000)).utf8)
        let none = try json.read(Array(text.prefix(1000)))
        #expect(none.isEmpty)
        #expect(throws: WireError.frameTooLong(1001, limit: 1000)) { try json.read([text[1000]]) }
        let standard = WatchFrameReader.frameLimit
        #expect(standard == 16 << 20)
    }

    @Test("events before a broken one are given")
    func eventsBeforeError() throws {
        for format in WireFormat.allCases {
            let (bytes, events) = try Self.watch(.service, format)
            let broken: [UInt8] = format == .json ? Array("[true]".utf8) : [0, 0, 0, 1, 0xFF]
            var reader = WatchFrameReader(.service, format: format)
            var read: [WatchEvent] = []
            #expect(throws: WireError.self) { try reader.read((bytes + broken).span, into: &read) }
            #expect(read == events)
        }
    }

    @Test(
        "what is no event is an error",
        arguments: [
            (.json, Array("x".utf8)), (.json, Array(#"{"type":"X","object":{}}"#.utf8)), (.json, Array("{}".utf8)),
            (.json, Array(#"{"type":"DELETED","object":{"metadata":{}}}"#.utf8)), (.json, Array("]".utf8)),
            (.protobuf, bytes(hex: "00000000")), (.protobuf, bytes(hex: "00000003 0a0158")),
            (.protobuf, bytes(hex: "00000007 0a054144444544")),
        ] as [(WireFormat, [UInt8])])
    func notEvents(_ format: WireFormat, _ bytes: [UInt8]) {
        var reader = WatchFrameReader(.service, format: format)
        #expect(throws: WireError.self) { try reader.read(bytes) }
    }

    @Test("an object that cannot be read is told with its version, and the watch goes on", arguments: WireFormat.allCases)
    func unreadable(_ format: WireFormat) throws {
        let encoder = ObjectEncoder(APIResource(.endpointSlice), format: format)
        let bad =
            format == .json
            ? Array(#"{"metadata":{"name":"a","namespace":"ns","resourceVersion":"5"}}"#.utf8)
            : bytes(hex: "0a0a 0a0161 1a026e73 320135")
        var reader = WatchFrameReader(.endpointSlice, format: format)
        let events = try reader.read(encoder.event(.modified, bad) + encoder.event(.deleted, bad))
        let reference = ObjectReference(kind: .endpointSlice, key: ObjectKey(namespace: "ns", name: "a"))
        #expect(
            events == [
                .unreadable(
                    ObjectFault(reference: reference, message: "addressType: Required value"), resourceVersion: "5"),
                .deleted(reference, resourceVersion: "5"),
            ])
    }

    @Test("space between JSON events, and braces and quotes inside their strings, are none of their ends")
    func jsonText() throws {
        var reader = WatchFrameReader(.namespace, format: .json)
        let text = #"""
              {"type" : "ADDED", "object": {"kind":"Namespace","metadata":{"name":"a","labels":{"x":"}\"{[\\"}}}}


            {"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"3"}}}
            """#
        let events = try reader.read(Array((text + "\r\n\t ").utf8))
        #expect(
            events == [
                .set(.namespace(Namespace(metadata: ObjectMeta(name: "a", labels: ["x": #"}"{[\"#])))),
                .bookmark(resourceVersion: "3", endsInitialEvents: false),
            ])
        #expect(reader.pendingCount == 0)
    }
}
