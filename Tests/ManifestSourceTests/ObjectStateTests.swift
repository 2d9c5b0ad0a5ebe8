import Glibc
import KubernetesModel
import LinuxSystem
import NetworkTypes
import Testing

@testable import ManifestSource

@Suite("The state of names")
struct ObjectStateTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static let service = KubernetesObject.service(
        Service(
            metadata: ObjectMeta(name: "web", namespace: "shop", labels: ["tier": "we\"b"]),
            spec: ServiceSpec(
                clusterIPs: [.address(IPAddress("10.96.0.1")!), .address(IPAddress("fd00::1")!)],
                ipFamilies: [.ipv4, .ipv6],
                ports: [ServicePortSpec(name: "http", protocol: .udp, port: 80)])))
    private static let headless = KubernetesObject.service(
        Service(
            metadata: ObjectMeta(name: "db", namespace: "shop"),
            spec: ServiceSpec(clusterIPs: [.none], publishNotReadyAddresses: true)))
    private static let external = KubernetesObject.service(
        Service(
            metadata: ObjectMeta(name: "out", namespace: "shop"),
            spec: ServiceSpec(type: .externalName, externalName: "www.example.com")))
    private static let slice = KubernetesObject.endpointSlice(
        EndpointSlice(
            metadata: ObjectMeta(name: "db-1", namespace: "shop", labels: [LabelKey.serviceName: "db"]), addressType: .ipv4,
            ports: [EndpointPort(name: "sql", port: 5432), EndpointPort(name: "", protocol: .sctp, port: nil)],
            endpoints: [
                Endpoint(addresses: [IPAddress("10.244.0.1")!], ready: true, hostname: "db-0"),
                Endpoint(addresses: [IPAddress("10.244.0.2")!], ready: false), Endpoint(addresses: [IPAddress("10.244.0.3")!]),
            ]))
    private static let namespace = KubernetesObject.namespace(Namespace(metadata: ObjectMeta(name: "shop", labels: ["a": "b"])))
    private static let node = KubernetesObject.node(
        Node(metadata: ObjectMeta(name: "node-a"), podCIDRs: [IPPrefix("10.244.0.0/24")!]))
    private static let pod = KubernetesObject.pod(
        Pod(
            metadata: ObjectMeta(name: "p", namespace: "shop", deletionTimestamp: Timestamp(seconds: 5)), nodeName: "node-a",
            phase: .running, podIPs: [IPAddress("10.244.0.1")!, IPAddress("fd00::2")!]))
    private static let all = [service, headless, external, slice, namespace, node, pod]

    private func changes(_ objects: [KubernetesObject]) -> [(reference: ObjectReference, object: KubernetesObject?)] {
        objects.map { ($0.reference, $0) }
    }

    @Test("every object comes back as it was", arguments: all)
    func roundTrip(_ object: KubernetesObject) throws {
        var file = ObjectStateFile(directory: folder("state"))
        try file.save(changes([object]), all: { [object] })
        let state = ObjectStateFile.read(directory: folder("state"))
        #expect(state.warnings == [])
        #expect(state.objects == [object])
        #expect(state.writtenAt > 0)
    }

    @Test("fields that make no names are left out")
    func trimmed() throws {
        guard case .service(var service) = Self.service, case .endpointSlice(var slice) = Self.slice else { return }
        service.spec.selector = ["a": "b"]
        service.metadata.uid = "u"
        slice.endpoints[0].nodeName = "node-a"
        slice.endpoints[0].targetRef = TargetRef(kind: "Pod", namespace: "shop", name: "db-0", uid: "u")
        var file = ObjectStateFile(directory: folder("state"))
        let written: [KubernetesObject] = [.service(service), .endpointSlice(slice)]
        try file.save(changes(written), all: { written })
        let read = Set(ObjectStateFile.read(directory: folder("state")).objects)
        #expect(read == [Self.service, Self.slice])
    }

    @Test("a change appends what it changes, and an outdated file is written anew")
    func appends() throws {
        var file = ObjectStateFile(directory: folder("state"))
        try file.save(changes(Self.all), all: { Self.all })
        try file.save([(Self.pod.reference, nil)], all: { [] })
        var state = ObjectStateFile.read(directory: folder("state"))
        #expect(Set(state.objects) == Set(Self.all.dropLast()))
        let lines = try #require(folder.read("state/dns-objects.jsonl")).split(separator: "\n").count
        #expect(lines == Self.all.count + 2)
        for _ in 0..<ObjectStateFile.outdatedLineLimit + 20 {
            try file.save(changes([Self.service]), all: { [Self.service] })
        }
        let text = try #require(folder.read("state/dns-objects.jsonl"))
        #expect(text.split(separator: "\n").count < ObjectStateFile.outdatedLineLimit)
        state = ObjectStateFile.read(directory: folder("state"))
        #expect(state.objects == [Self.service])
    }

    @Test("the file belongs to whoever wrote it whole last")
    func successor() throws {
        var old = ObjectStateFile(directory: folder("state"))
        try old.save(changes([Self.service]), all: { [Self.service] })
        var new = ObjectStateFile(directory: folder("state"))
        try new.save(changes([Self.slice]), all: { [Self.slice] })
        try old.save(changes([Self.pod]), all: { [Self.pod] })
        #expect(ObjectStateFile.read(directory: folder("state")).objects == [Self.slice])
        try new.save(changes([Self.pod]), all: { [] })
        #expect(Set(ObjectStateFile.read(directory: folder("state")).objects) == [Self.slice, Self.pod])
    }

    @Test("half a last line is dropped")
    func halfLine() throws {
        var file = ObjectStateFile(directory: folder("state"))
        try file.save(changes(Self.all), all: { Self.all })
        let text = try #require(folder.read("state/dns-objects.jsonl"))
        try folder.write(text + "{\"apiVersion\":\"v1\",\"kind\":\"Ser", to: "state/dns-objects.jsonl")
        let state = ObjectStateFile.read(directory: folder("state"))
        let path = folder("state/dns-objects.jsonl")
        #expect(
            state.warnings
                == ["\(path): its last line was not written to the end: what changed last is not known until the source has told"])
        #expect(Set(state.objects) == Set(Self.all))
    }

    @Test("cut off anywhere in its last object, the file has the others and a warning")
    func cutOff() throws {
        var file = ObjectStateFile(directory: folder("state"))
        try file.save(changes([Self.service, Self.pod]), all: { [Self.service, Self.pod] })
        let text = try #require(folder.read("state/dns-objects.jsonl"))
        let last = try #require(text.dropLast().lastIndex(of: "\n"))
        var end = text.index(before: text.endIndex)
        while end > text.index(after: last) {
            try folder.write(String(text[..<end]), to: "state/dns-objects.jsonl")
            let state = ObjectStateFile.read(directory: folder("state"))
            #expect(state.warnings.count == 1 && state.objects == [Self.service], "\(text[..<end])")
            end = text.index(end, offsetBy: -20, limitedBy: last) ?? last
        }
    }

    @Test("a pipe in its place is set aside, and nobody waits for a writer")
    func pipe() throws {
        folder.makeFolder("state")
        for name in ["dns-objects.jsonl", "allocations.json"] {
            // SAFETY: the C string lives for the call.
            let made = unsafe mkfifo(folder("state/\(name)"), 0o600)
            #expect(made == 0)
        }
        let state = ObjectStateFile.read(directory: folder("state"))
        #expect(state.objects == [])
        #expect(state.warnings.count == 1 && state.warnings[0].contains("no file, set aside"), "\(state.warnings)")
        let opened = AllocationFile.open(folder("state"))
        #expect(opened.warnings.count == 1 && opened.warnings[0].contains("set aside"), "\(opened.warnings)")
        var file = ObjectStateFile(directory: folder("state"))
        try file.save(changes([Self.pod]), all: { [Self.pod] })
        #expect(ObjectStateFile.read(directory: folder("state")).objects == [Self.pod])
    }

    static let damage: [(text: String, reason: String)] = [
        ("", "empty"), ("x\n", "damaged at line 1"), ("x", "damaged"), ("{\"fairwayObjects\":1}\n[]\n", "damaged at line 2"),
        ("{\"fairwayObjects\":2}\n", "of version 2, this one reads 1"),
        ("{\"fairwayObjects\":1}\n{\"apiVersion\":\"v1\",\"kind\":\"Endpoints\",\"metadata\":{\"name\":\"a\"}}\n", "damaged at line 2"),
        ("{\"fairwayObjects\":1}\n{\"deleted\":\"Service\"}\n", "damaged at line 2"),
        ("{\"fairwayObjects\":1}\n{\"fairwayObjects\":1}\n", "damaged at line 2"),
        ("{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"a\"}}\n", "damaged at line 1"),
    ]

    @Test("a damaged file, or one of another version, is set aside with a warning", arguments: damage)
    func damaged(_ text: String, _ reason: String) throws {
        folder.makeFolder("state")
        try folder.write(text, to: "state/dns-objects.jsonl")
        let path = folder("state/dns-objects.jsonl")
        let state = ObjectStateFile.read(directory: folder("state"))
        #expect(state.objects == [])
        #expect(
            state.warnings
                == ["\(path): \(reason), set aside as \(path).damaged-1: nothing is known until the source has told"])
        #expect(folder.read("state/dns-objects.jsonl.damaged-1") == text)
    }

    @Test("a folder that does not exist is no fault, and is made")
    func missing() throws {
        #expect(ObjectStateFile.read(directory: folder("none")).warnings == [])
        var file = ObjectStateFile(directory: folder("none"))
        try file.save(changes([Self.pod]), all: { [Self.pod] })
        #expect(ObjectStateFile.read(directory: folder("none")).objects == [Self.pod])
        var refused = ObjectStateFile(directory: "/dev/null/state")
        #expect(throws: SystemError.self) { try refused.save(changes([Self.pod]), all: { [Self.pod] }) }
    }
}
