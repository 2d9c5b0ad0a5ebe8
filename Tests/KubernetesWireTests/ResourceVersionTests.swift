import KubernetesWire
import Testing

@Suite("Versions of objects")
struct ResourceVersionTests {
    @Test(
        "numbers compare as numbers, however long",
        arguments: [
            ("1", "2"), ("9", "10"), ("99999999999999999999", "100000000000000000000"), ("517", "518"),
        ])
    func order(_ older: String, _ newer: String) {
        #expect(ResourceVersion.isOlder(older, than: newer))
        #expect(!ResourceVersion.isOlder(newer, than: older))
        #expect(ResourceVersion.isNewer(newer, than: older))
        #expect(!ResourceVersion.isNewer(older, than: newer))
    }

    @Test("of other texts nothing is known but that they differ", arguments: [("", "1"), ("a", "b"), ("1", "b"), ("-1", "1"), ("07", "8")])
    func opaque(_ first: String, _ second: String) {
        #expect(!ResourceVersion.isOlder(first, than: second))
        #expect(!ResourceVersion.isOlder(second, than: first))
        #expect(ResourceVersion.isNewer(first, than: second))
    }

    @Test("a version is neither older nor newer than itself", arguments: ["7", "", "x"])
    func same(_ version: String) {
        #expect(!ResourceVersion.isOlder(version, than: version))
        #expect(!ResourceVersion.isNewer(version, than: version))
    }
}
