import KubernetesModel
import Testing

@testable import ManifestSource

@Suite("Faults name the place")
struct FaultTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var text: String
        var faults: [String]
        var testDescription: String { name }

        init(_ name: String, _ text: String, _ faults: String...) {
            (self.name, self.text, self.faults) = (name, text, faults)
        }
    }

    static let yaml: [Case] = [
        Case(
            "a port out of range", Manifests.service("web", "ports:\n  - port: 80\n  - name: b\n    port: 70000"),
            "a.yaml:8:11: Service default/web: spec.ports[1].port: Invalid value: 70000: must be between 1 and 65535, inclusive"),
        Case(
            "a list where a map belongs", "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: [1]\n",
            "a.yaml:4:1: Service default/web: spec: cannot unmarshal array into object"),
        Case(
            "a number where a string belongs", Manifests.service("web", "selector: {tier: 5}\n  ports: [{port: 80}]"),
            "a.yaml:5:20: Service default/web: spec.selector.tier: cannot unmarshal number into string: to keep the text, write it in quotes: \"5\""),
        Case(
            "yes where a string belongs", Manifests.service("web", "selector: {tier: yes}\n  ports: [{port: 80}]"),
            "a.yaml:5:20: Service default/web: spec.selector.tier: cannot unmarshal bool into string: to keep the text, write it in quotes: \"yes\""),
        Case(
            "a string where a number belongs", Manifests.service("web", "ports: [{port: http}]"),
            "a.yaml:5:18: Service default/web: spec.ports[0].port: cannot unmarshal string into number"),
        Case(
            "a leading zero", Manifests.service("web", "ports: [{port: 0100}]"),
            "a.yaml:5:18: Service default/web: spec.ports[0].port: Invalid value: 0100: octal to some and decimal to others, write it without the leading zero"),
        Case(
            "a field given twice", Manifests.service("web", "type: ClusterIP\n  type: NodePort"),
            "a.yaml:6:3: Service default/web: spec.type: the field is given twice"),
        Case(
            "a List inside a List", "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List\n  items: []\n",
            "a.yaml:4:3: kind: a List inside a List is not read; put its items into the outer one"),
        Case(
            "a missing kind", "apiVersion: v1\nmetadata: {name: a}\n", "a.yaml:1:1: kind: Required value"),
        Case("a missing version", "kind: Service\n", "a.yaml:1:1: apiVersion: Required value"),
        Case("a text", "hello\n", "a.yaml:1:1: a manifest must be a map of fields, found a string"),
        Case(
            "a second document that is a list", Manifests.service("a") + "---\n- 1\n",
            "a.yaml:7:1: a manifest must be a map of fields, found a list"),
        Case("a tab as indentation", "a:\n\tb: 1\n", "a.yaml:2:1: found character that cannot start any token, while scanning for the next token"),
        Case("an unclosed bracket", "apiVersion: [v1\n", "a.yaml:2:1: did not find expected ',' or ']', while parsing a flow sequence that begins at line 1"),
        Case("an unknown alias", "apiVersion: *v\n", "a.yaml:1:13: no anchor &v comes before the alias *v"),
        Case("a merge of a text", "a: &a x\nb:\n  <<: *a\n", "a.yaml:1:4: a merge key (<<) takes a map or a list of maps"),
        Case("a list as a key", "? [x]\n: y\n", "a.yaml:1:3: a field name must be a string, not a map or list"),
        Case("a map as a key", "? {x: 1}\n: y\n", "a.yaml:1:3: a field name must be a string, not a map or list"),
        Case(
            "annotations of Fairway's own",
            "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  annotations:\n    fairway.dev/scheduler: lblc\n    fairway.dev/affinity: service\nspec: {ports: [{port: 80}]}\n",
            "a.yaml:7:27: Service default/web: metadata.annotations[fairway.dev/affinity]: Unsupported value: \"fairway.dev/affinity\": supported values: \"fairway.dev/keep-client-address\", \"fairway.dev/no-local-endpoints\", \"fairway.dev/proxy-protocol\", \"fairway.dev/scheduler\", \"fairway.dev/session-affinity-scope\"",
            "a.yaml:6:28: Service default/web: metadata.annotations[fairway.dev/scheduler]: Unsupported value: \"lblc\": supported values: \"dh\", \"lc\", \"mh\", \"nq\", \"random\", \"rr\", \"sed\", \"sh\", \"twos\", \"wlc\", \"wrr\""),
        Case(
            "a weight out of range",
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  annotations:\n    fairway.dev/weight: \"-1\"\n",
            "a.yaml:6:25: Pod default/a: metadata.annotations[fairway.dev/weight]: Invalid value: \"-1\": must be between 0 and 65535, inclusive"),
        Case(
            "a source range, by its index",
            Manifests.service("web", "type: LoadBalancer\n  ports: [{port: 80}]\n  loadBalancerSourceRanges:\n  - \" 10.0.0.0/8 \"\n  - 10.0.0.0/33"),
            "a.yaml:9:5: Service default/web: spec.loadBalancerSourceRanges[1]: Invalid value: \"10.0.0.0/33\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"),
        Case("no name", "apiVersion: v1\nkind: Pod\nmetadata: {namespace: x}\n", "a.yaml:3:1: Pod: metadata.name: Required value"),
        Case("an item that is no map", "kind: List\napiVersion: v1\nitems:\n- 3\n", "a.yaml:4:3: an item of a list must be a map of fields, found a number"),
    ]

    static let json: [Case] = [
        Case(
            "a port out of range",
            "{\"apiVersion\": \"v1\", \"kind\": \"Service\",\n \"metadata\": {\"name\": \"web\"},\n \"spec\": {\"ports\": [{\"port\": 80},\n  {\"name\": \"b\", \"port\": 70000}]}}",
            "a.yaml:4:25: Service default/web: spec.ports[1].port: Invalid value: 70000: must be between 1 and 65535, inclusive"),
        Case(
            "a number where a string belongs",
            "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"web\"},\n\"spec\":{\"selector\":{\"a\":5},\"ports\":[{\"port\":80}]}}",
            "a.yaml:2:25: Service default/web: spec.selector.a: cannot unmarshal number into string: to keep the text, write it in quotes: \"5\""),
        Case(
            "a field given twice, once with an escape",
            "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\",\n\"n\\u0061me\":\"b\"}}",
            "a.yaml:2:1: Pod default/a: metadata.name: the field is given twice"),
        Case(
            "a second document", "{\"apiVersion\": \"v1\", \"kind\": \"Pod\",\n \"metadata\": {\"name\": \"a\"}}\n---\n"
                + "{\"apiVersion\": \"v1\", \"kind\": \"Pod\",\n \"metadata\": {\"namespace\": \"x\"}}",
            "a.yaml:5:2: Pod: metadata.name: Required value"),
        Case("a mark that is none", "{}\n--x", "a.yaml:1:1: kind: Required value", "a.yaml:2:1: a manifest must be a map of fields, found \"-\""),
        Case("a mark in the middle of a line", "{\"a\":1} ---", "a.yaml:1:1: kind: Required value", "a.yaml:1:9: a manifest must be a map of fields, found \"-\""),
        Case("a missing comma", "{\"a\": 1\n \"b\": 2}", "a.yaml:2:2: expected \",\" or \"}\", found a string"),
        Case("a comma at the end", "{\"a\": 1,}", "a.yaml:1:9: expected a value after \",\", found \"}\""),
        Case("a file cut short", "{\"a\": [1,\n", "a.yaml:2:1: expected a value, found the end of the file"),
        Case("a string cut short", "{\"a\": \"x", "a.yaml:1:7: a string is not closed before the end of the file"),
        Case("a list at the top", "[1]", "a.yaml:1:1: a manifest must be a map of fields, found a list"),
        Case("a bad number", "{\"a\": 01}", "a.yaml:1:7: not a number as JSON writes it"),
        Case("single quotes", "{'a': 1}", "a.yaml:1:2: expected a field name in quotes, found \"'\""),
        Case("a byte order mark is no column", "\u{FEFF}{\"a\": x}", "a.yaml:1:7: expected a value, found \"x\""),
        Case(
            "an item of a list",
            "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[\n {\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"A\"}}]}",
            "a.yaml:2:53: Pod default/A: metadata.name: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com')"),
    ]

    @Test("YAML", arguments: yaml)
    func inYAML(_ row: Case) {
        #expect(Manifests.faults(row.text) == row.faults)
    }

    @Test("JSON", arguments: json)
    func inJSON(_ row: Case) {
        #expect(Manifests.faults(row.text) == row.faults)
    }

    @Test("nesting is limited", arguments: ["[", "{\"a\":"])
    func nesting(_ opening: String) {
        let deep = String(repeating: opening, count: ManifestLimits.nestingDepth + 1)
        let inYAML = Manifests.faults("x: " + deep)
        let inJSON = Manifests.faults("{\"x\": " + deep)
        for faults in [inYAML, inJSON] {
            #expect(faults.count == 1 && faults[0].contains("nested more than 256 deep"), "\(faults)")
        }
    }

    @Test("aliases that stand for billions of values are refused")
    func billionLaughs() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let alias = "*a\(level - 1)"
            text += "a\(level): &a\(level) [\(Array(repeating: alias, count: 10).joined(separator: ", "))]\n"
        }
        let faults = Manifests.faults(text)
        #expect(faults.count == 1 && faults[0].contains("aliases stand for more than 100000 values"), "\(faults)")
    }

    @Test("every field of an object that is wrong is told, what only follows from one is not")
    func manyFieldsOfOneObject() {
        let text = Manifests.service(
            "web",
            "type: Nodeport\n  clusterIP: 1.2.3\n  sessionAffinity: Client\n  ports:\n  - {name: a, port: 0}\n  externalIPs: [127.0.0.1]")
        let paths = Manifests.faults(text).map { fault in
            fault.split(separator: ": ").dropFirst(2).first.map(String.init) ?? fault
        }
        #expect(
            Set(paths) == [
                "spec.type", "spec.clusterIP", "spec.sessionAffinity", "spec.ports[0].port", "spec.externalIPs[0]",
            ], "\(Manifests.faults(text))")
        #expect(paths.count == 5, "\(Manifests.faults(text))")
    }

    @Test("a file full of faults keeps the first thousand")
    func manyFaults() {
        let contents = Manifests.read(String(repeating: "kind: Pod\n---\n", count: ManifestLimits.faultsPerFile + 50))
        #expect(contents.faults.count == ManifestLimits.faultsPerFile + 1)
        #expect(contents.faults.last?.message == "more than 1000 faults, the rest is not shown")
    }
}
