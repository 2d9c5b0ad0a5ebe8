import KubernetesModel
import KubernetesModelTesting
import KubernetesWire
import NetworkTypes
import Testing

@Suite("Objects and lists on the wire")
struct ObjectDecoderTests {
    static let seeds: [UInt64] = [1, 2, 3, UInt64.random(in: 0 ... .max)]

    @Test("protobuf and JSON of an object are read as the same object", arguments: ObjectKind.allCases, seeds)
    func formatsAgree(_ kind: ObjectKind, _ seed: UInt64) throws {
        var objects = RandomObjects(seed: seed)
        for index in 0..<100 {
            let object = objects.object(kind)
            let json = try ObjectDecoder(kind, format: .json).object(object.body(.json))
            let protobuf = try ObjectDecoder(kind, format: .protobuf).object(object.body(.protobuf))
            #expect(protobuf == json, "seed \(seed) object \(index)")
            #expect(protobuf == object, "seed \(seed) object \(index)")
        }
    }

    @Test("a page holds its objects in order, its version and the way to the next", arguments: WireFormat.allCases)
    func pages(_ format: WireFormat) throws {
        var random = RandomObjects(seed: 5)
        for kind in ObjectKind.allCases {
            let objects = (0..<20).map { _ in random.object(kind) }
            let encoder = ObjectEncoder(APIResource(kind), format: format)
            let body = try encoder.list(
                try objects.map(encoder.item), resourceVersion: "42", continueToken: "next", remainingItems: 7)
            let page = try ObjectDecoder(kind, format: format).list(body)
            #expect(page == ObjectList(objects: objects, resourceVersion: "42", continueToken: "next"))
            let empty = try ObjectDecoder(kind, format: format).list(try encoder.list([], resourceVersion: "43"))
            #expect(empty == ObjectList(resourceVersion: "43"))
        }
    }

    /// What an object is made into before it is written, and what reading then says.
    struct Refusal: Sendable, CustomTestStringConvertible {
        var json: String
        /// The same object's message in protobuf.
        var protobuf: String
        var kind: ObjectKind
        var fault: String
        var testDescription: String { fault }
    }

    @Test(
        "both formats refuse the same values in the same words, and the rest of the page stands",
        arguments: [
            Refusal(
                json: #"{"metadata":{"name":"a"},"spec":{"ports":[{"port":80},{"port":70000}]}}"#,
                protobuf: "0a030a0161 120a 0a021850 0a0418f0a204", kind: .service,
                fault: "spec.ports[1].port: Invalid value: 70000: must be between 1 and 65535, inclusive"),
            Refusal(
                json: #"{"metadata":{"name":"a"},"spec":{"ports":[{}]}}"#, protobuf: "0a030a0161 1202 0a00",
                kind: .service, fault: "spec.ports[0].port: Required value"),
            Refusal(
                json: #"{"metadata":{"name":"a"},"spec":{"ports":[{"port":80,"protocol":"X"}]}}"#,
                protobuf: "0a030a0161 1207 0a05 120158 1850", kind: .service,
                fault: #"spec.ports[0].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP""#),
            Refusal(
                json: #"{"metadata":{"name":"a"},"spec":{"type":"X"}}"#, protobuf: "0a030a0161 1203 220158",
                kind: .service,
                fault: #"spec.type: Unsupported value: "X": supported values: "ClusterIP", "ExternalName", "#
                    + #""LoadBalancer", "NodePort""#),
            Refusal(
                json: #"{"metadata":{"name":"a"},"spec":{"clusterIPs":["x"]}}"#, protobuf: "0a030a0161 1204 92010178",
                kind: .service,
                fault: #"spec.clusterIPs[0]: Invalid value: "x": must be a valid IP address, "#
                    + "(e.g. 10.9.8.7 or 2001:db8::ffff)"),
            Refusal(
                json: #"{"metadata":{"name":"a"},"status":{"loadBalancer":{"ingress":[{"ip":"x"}]}}}"#,
                protobuf: "0a030a0161 1a07 0a05 0a03 0a0178", kind: .service,
                fault: #"status.loadBalancer.ingress[0].ip: Invalid value: "x": must be a valid IP address, "#
                    + "(e.g. 10.9.8.7 or 2001:db8::ffff)"),
            Refusal(
                json: #"{"metadata":{"name":"a"}}"#, protobuf: "0a030a0161", kind: .endpointSlice,
                fault: "addressType: Required value"),
            Refusal(
                json: #"{"metadata":{"name":"a"},"addressType":"IPv4","endpoints":[{"addresses":["1.2.3.4","x"]}]}"#,
                protobuf: "0a030a0161 120c 0a07312e322e332e34 0a0178 220449507634", kind: .endpointSlice,
                fault: #"endpoints[0].addresses[1]: Invalid value: "x": must be a valid IP address, "#
                    + "(e.g. 10.9.8.7 or 2001:db8::ffff)"),
            Refusal(
                json: #"{"metadata":{"name":"a"},"status":{"podIPs":[{"ip":"x"}]}}"#,
                protobuf: "0a030a0161 1a05 6203 0a0178", kind: .pod,
                fault: #"status.podIPs[0].ip: Invalid value: "x": must be a valid IP address, "#
                    + "(e.g. 10.9.8.7 or 2001:db8::ffff)"),
            Refusal(
                json: #"{"metadata":{"name":"a"},"spec":{"initContainers":[{"ports":[{"containerPort":-1}]}]}}"#,
                protobuf: "0a030a0161 1210 a2010d 320b 18ffffffffffffffffff01", kind: .pod,
                fault: "spec.initContainers[0].ports[0].containerPort: Invalid value: -1: "
                    + "must be between 1 and 65535, inclusive"),
            Refusal(
                json: #"{"metadata":{"name":"a"},"status":{"allocatable":{"cpu":"x"}}}"#,
                protobuf: "0a030a0161 1a0c 120a 0a03637075 12030a0178", kind: .node,
                fault: #"status.allocatable.cpu: Invalid value: "x": must be a quantity of CPU (e.g. 4, 1.5 or 3920m)"#),
            Refusal(
                json: #"{"metadata":{"name":"a"},"spec":{"cidrs":["10.0.0.1/8"]}}"#,
                protobuf: "0a030a0161 120c 0a0a31302e302e302e312f38", kind: .serviceCIDR,
                fault: #"spec.cidrs[0]: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length"#),
            Refusal(
                json: #"{"metadata":{"name":"a","annotations":{"/":""}}}"#,
                protobuf: "0a0a 0a0161 6205 0a012f 1200", kind: .namespace,
                fault: #"metadata.annotations[/]: Invalid value: "/": prefix part must be non-empty"#),
        ])
    func refusals(_ row: Refusal) throws {
        let good = RandomObjects.one(row.kind)
        for format in WireFormat.allCases {
            let encoder = ObjectEncoder(APIResource(row.kind), format: format)
            let bad = format == .json ? Array(row.json.utf8) : bytes(hex: row.protobuf)
            let item = try encoder.item(good)
            let page = try ObjectDecoder(row.kind, format: format).list(
                try encoder.list([item, bad, item], resourceVersion: "1"))
            #expect(page.objects == [good, good], "\(format)")
            let namespace = row.kind.isNamespaced ? "default" : ""
            let reference = ObjectReference(kind: row.kind, key: ObjectKey(namespace: namespace, name: "a"))
            #expect(page.faults == [ObjectFault(reference: reference, message: row.fault)], "\(format)")
            let error = #expect(throws: WireError.self) {
                try ObjectDecoder(row.kind, format: format).object(encoder.object(bad))
            }
            #expect(error == .unreadable(ObjectFault(reference: reference, message: row.fault)), "\(format)")
        }
    }

    @Test(
        "what is no list of the kind is an error",
        arguments: [
            (.json, Array("{".utf8)), (.json, []), (.json, Array(#"{"kind":"PodList","items":[]}"#.utf8)),
            (.json, Array(#"{"kind":"Status"}"#.utf8)), (.protobuf, []), (.protobuf, Array("k8s".utf8)),
            (.protobuf, Array("not protobuf".utf8)),
            // A list of Pods; a length beyond the end; a number without end; wire type 7.
            (.protobuf, bytes(hex: "6b387300 0a0b 0a027631 1205 506f644c69")),
            (.protobuf, bytes(hex: "6b387300 1205 0a01")), (.protobuf, bytes(hex: "6b387300 08ffffffffffffffffffff")),
            (.protobuf, bytes(hex: "6b387300 0f")),
        ] as [(WireFormat, [UInt8])])
    func notLists(_ format: WireFormat, _ body: [UInt8]) {
        #expect(throws: WireError.self) { try ObjectDecoder(.service, format: format).list(body) }
    }

    @Test("an object of another kind is an error, not an object of defaults", arguments: WireFormat.allCases)
    func otherKind(_ format: WireFormat) throws {
        let body = try RandomObjects.one(.pod).body(format)
        #expect(throws: WireError.self) { try ObjectDecoder(.service, format: format).object(body) }
        let refusal = try ObjectEncoder.status(APIStatus(code: 500), format: format)
        #expect(throws: WireError.self) { try ObjectDecoder(.service, format: format).object(refusal) }
    }

    @Test(
        "the format is known by the content type",
        arguments: [
            ("application/json", .json), ("application/json;stream=watch", .json),
            ("Application/JSON ; charset=utf-8", .json), ("application/vnd.kubernetes.protobuf", .protobuf),
            ("application/vnd.kubernetes.protobuf;stream=watch", .protobuf), ("text/html", nil), ("", nil),
            ("application/jsonp", nil),
        ] as [(String, WireFormat?)])
    func contentTypes(_ text: String, _ format: WireFormat?) {
        let read = WireFormat(contentType: text)
        #expect(read == format)
    }

    @Test("an item of protobuf that is cut off is a fault without a name")
    func cutItem() throws {
        let encoder = ObjectEncoder(APIResource(.service), format: .protobuf)
        let page = try ObjectDecoder(.service, format: .protobuf).list(
            try encoder.list([bytes(hex: "0a09"), try encoder.item(RandomObjects.one(.service))], resourceVersion: "1"))
        #expect(page.objects.count == 1)
        #expect(page.faults.map(\.reference) == [nil])
    }

    @Test("annotations of others are kept where they are mirrored, in both formats alike", arguments: ObjectKind.allCases, [true, false])
    func annotations(_ kind: ObjectKind, _ isOfMirroring: Bool) throws {
        let written = [
            "example.com/owner": "shop", AnnotationKey.lastAppliedConfiguration: "{}", "fairway.dev/note": "kept",
            AnnotationKey.lastChangeTriggerTime: "2026-01-01T00:00:00Z",
        ]
        var expected = written.filter { AnnotationKey.isKept($0.key) }
        if kind == .endpoints { expected["example.com/owner"] = "shop" }
        if kind == .endpointSlice && isOfMirroring { expected = written }
        let labels = isOfMirroring ? [LabelKey.managedBy: SliceManager.mirroring] : [:]
        var decoded: [KubernetesObject] = []
        for format in WireFormat.allCases {
            let object = RandomObjects.one(kind).with(labels: labels, annotations: written)
            let read = try ObjectDecoder(kind, format: format).object(object.body(format))
            #expect(read == object.with(labels: labels, annotations: expected), "\(format)")
            decoded.append(read)
        }
        #expect(decoded.first == decoded.last)
    }

    @Test("fields that are not kept are passed over, whatever they are")
    func unknownFields() throws {
        // name; managedFields (17) of 3 bytes, a fixed 64, a fixed 32, a varint, under numbers nobody uses.
        let head = "0a 1c 0a0161 8a01 03010203 b93e 0102030405060708 bd3e 01020304 b03e 01"
        let encoder = ObjectEncoder(APIResource(.namespace), format: .protobuf)
        let object = try ObjectDecoder(.namespace, format: .protobuf).object(encoder.object(bytes(hex: head)))
        #expect(object == .namespace(.init(metadata: ObjectMeta(name: "a"))))
    }

    @Test("equal long strings of many objects share one buffer")
    func interning() throws {
        let strings = StringInterner()
        var random = RandomObjects(seed: 3)
        for format in WireFormat.allCases {
            let decoder = ObjectDecoder(.pod, format: format, strings: strings)
            for _ in 0..<200 { _ = try decoder.object(random.object(.pod).body(format)) }
        }
        #expect(strings.count > 0)
        #expect(strings.count < 12)
    }
}

extension RandomObjects {
    static func one(_ kind: ObjectKind) -> KubernetesObject {
        var random = RandomObjects(seed: 11)
        return random.object(kind)
    }
}

extension KubernetesObject {
    /// The same object with these in its metadata, and not on its way out.
    fileprivate func with(labels: [String: String], annotations: [String: String]) -> KubernetesObject {
        func changed<Object: KubernetesKind>(
            _ object: Object, _ metadata: WritableKeyPath<Object, ObjectMeta>
        ) -> KubernetesObject {
            var object = object
            object[keyPath: metadata].labels = labels
            object[keyPath: metadata].annotations = annotations
            object[keyPath: metadata].deletionTimestamp = nil
            return object.object
        }
        return switch self {
        case .service(let object): changed(object, \.metadata)
        case .pod(let object): changed(object, \.metadata)
        case .endpoints(let object): changed(object, \.metadata)
        case .endpointSlice(let object): changed(object, \.metadata)
        case .node(let object): changed(object, \.metadata)
        case .namespace(let object): changed(object, \.metadata)
        case .serviceCIDR(let object): changed(object, \.metadata)
        }
    }
}
