import KubernetesModel
import NetworkTypes
import Testing

@testable import ManifestSource

@Suite("Reading manifests")
struct ReadingTests {
    static let podItem = "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"%\"}}"

    static func pods(_ names: String...) -> String {
        names.map { podItem.split(separator: "%", omittingEmptySubsequences: false).joined(separator: $0) }
            .joined(separator: ",")
    }

    static let texts: [(String, String, [String])] = [
        ("documents", Manifests.pod("a") + "---\n# nothing\n---\n" + Manifests.pod("b"), ["Pod default/a", "Pod default/b"]),
        ("nothing", "", []),
        ("a comment", "# only\n", []),
        ("values one after another", pods("a") + "\n" + pods("b"), ["Pod default/a", "Pod default/b"]),
        ("JSON documents", pods("a") + "\n---\n" + pods("b") + "\r\n---\r\n", ["Pod default/a", "Pod default/b"]),
        ("JSON, then YAML", "\u{FEFF}" + pods("a") + "\n--- # more\n" + Manifests.pod("b"), ["Pod default/a", "Pod default/b"]),
        ("JSON, then a comment", pods("a") + "\n# the next\n" + pods("b"), ["Pod default/a", "Pod default/b"]),
        ("a JSON list", "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[\(pods("a", "b"))]}", ["Pod default/a", "Pod default/b"]),
        ("a JSON list, its kind last", "{\"items\":[\(pods("a"))],\"apiVersion\":\"v1\",\"kind\":\"List\"}", ["Pod default/a"]),
        ("a typed list", "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"items\":[{\"metadata\":{\"name\":\"a\"}}]}", ["Pod default/a"]),
        ("a typed list, its kind last", "{\"items\":[{\"metadata\":{\"name\":\"a\"}}],\"kind\":\"PodList\",\"apiVersion\":\"v1\"}", ["Pod default/a"]),
        ("an empty list", "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[]}", []),
        ("a list without items", "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":null}", []),
        ("a YAML list", "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n- \(pods("b"))\nkind: List\n", ["Pod default/a", "Pod default/b"]),
        ("a YAML list after another", "kind: List\napiVersion: v1\nitems:\n- \(pods("a"))\n---\nkind: List\napiVersion: v1\nitems:\n- \(pods("b"))\n", ["Pod default/a", "Pod default/b"]),
        ("items of a kind that is no list", "apiVersion: x/v1\nkind: Basket\nitems:\n- \(pods("a"))\n", []),
        ("a byte order mark", "\u{FEFF}" + Manifests.pod("a"), ["Pod default/a"]),
        ("a byte order mark before JSON", "\u{FEFF}" + pods("a"), ["Pod default/a"]),
        ("carriage returns", "apiVersion: v1\r\nkind: Pod\r\nmetadata:\r\n  name: a\r\n", ["Pod default/a"]),
        ("an anchored item", "kind: List\napiVersion: v1\nitems:\n- &a {apiVersion: v1, kind: Pod, metadata: {name: a}}\n- {<<: *a, metadata: {name: b}}\n", ["Pod default/a", "Pod default/b"]),
        ("escapes", "{\"apiVersion\":\"v1\",\"kind\":\"P\\u006fd\",\"metadata\":{\"name\":\"\\u0061-b\"}}", ["Pod default/a-b"]),
    ]

    @Test("objects are found", arguments: texts)
    func objects(_ name: String, _ text: String, _ expected: [String]) {
        #expect(Manifests.faults(text) == [], "\(name)")
        #expect(Manifests.names(text) == expected, "\(name)")
    }

    @Test("kinds that are not used are counted, whatever is in them")
    func skipped() {
        let text = """
            apiVersion: apps/v1
            kind: Deployment
            spec: {a: 1, a: 2}
            ---
            apiVersion: v1
            kind: ConfigMap
            ---
            apiVersion: v1
            kind: ConfigMap
            ---
            apiVersion: discovery.k8s.io/v1beta1
            kind: EndpointSlice
            """
        let contents = Manifests.read(text)
        #expect(contents.faults == [])
        #expect(
            contents.skippedKinds == ["Deployment": 1, "ConfigMap": 2, "EndpointSlice (discovery.k8s.io/v1beta1)": 1])
    }

    @Test("good objects of a bad file are used, up to the point that cannot be read")
    func partial() {
        let text = Manifests.pod("a") + "---\n" + Manifests.service("web", "ports: [{port: 0}]") + "---\n"
            + Manifests.pod("b") + "---\na: [\n"
        let contents = Manifests.read(text)
        #expect(contents.objects.map { "\($0.reference)" } == ["Pod default/a", "Pod default/b"])
        #expect(contents.badReferences.map(\.description) == ["Service default/web"])
        #expect(contents.isIncomplete)
        #expect(contents.faults.count == 2)
    }

    @Test("anchors, aliases and merge keys make the same object as the long form")
    func anchors() throws {
        let short = """
            base: &base {protocol: UDP, port: 53}
            apiVersion: v1
            kind: Service
            metadata: {name: dns, labels: &labels {app: dns, tier: "1"}}
            spec:
              selector: *labels
              ports:
              - {<<: *base, name: dns}
              - {name: tcp, <<: [{protocol: TCP}, *base]}
            """
        let long = """
            {"apiVersion":"v1","kind":"Service","metadata":{"name":"dns","labels":{"app":"dns","tier":"1"}},
             "spec":{"selector":{"app":"dns","tier":"1"},
             "ports":[{"name":"dns","protocol":"UDP","port":53},{"name":"tcp","protocol":"TCP","port":53}]}}
            """
        let fromYAML = Manifests.read(short)
        #expect(fromYAML.faults == [])
        #expect(fromYAML.objects.map(\.object) == Manifests.read(long).objects.map(\.object))
    }

    struct Scalars: Decodable, Equatable {
        var bools: [Bool?]
        var ints: [Int?]
        var strings: [String?]
        var doubles: [Double]
    }

    @Test("scalars have the type that is asked for")
    func scalars() throws {
        let yaml = """
            bools: [true, False, yes, Off, ~, null]
            ints: [1, -2, +3, 0x10, 0o17, 1e2, 80.0, !!int "7", null]
            strings: [a, "1", 'yes', !!str 5, 1.2.3.4, "", 2001:db8::1, -, .a, 1_000, ~, "null", 10:30, 0x, y]
            doubles: [1, 1.5, .5, -2e-1]
            """
        let source = try #require(Self.tree(yaml))
        let value = try Scalars(from: TreeDecoder(TreeDecoder.Source(source, [:])))
        #expect(value.bools == [true, false, true, false, nil, nil])
        #expect(value.ints == [1, -2, 3, 16, 15, 100, 80, 7, nil])
        #expect(
            value.strings == [
                "a", "1", "yes", "5", "1.2.3.4", "", "2001:db8::1", "-", ".a", "1_000", nil, "null", "10:30", "0x", "y",
            ])
        #expect(value.doubles == [1, 1.5, 0.5, -0.2])
    }

    /// The last document of a text.
    private struct LastDocument: DocumentSink {
        var tree: DocumentTree?
        mutating func listItem(_ tree: DocumentTree, of head: DocumentTree) {}
        mutating func endDocument(_ head: DocumentTree) { tree = head }
    }

    static func tree(_ yaml: String) -> DocumentTree? {
        var sink = LastDocument()
        try? YAMLReader.read(Array(yaml.utf8), into: &sink)
        return sink.tree
    }
}
