import KubernetesWire
import Testing

@Suite("Versions of objects")
struct ResourceVersionTests {
    @Test(
        "numbers compare as numbers, however long; of other texts nothing is known",
        arguments: [
            ("1", "2", true), ("2", "1", false), ("9", "10", true), ("10", "9", false), ("7", "7", false),
            ("007", "8", true), ("99999999999999999999", "100000000000000000000", true), ("0", "1", true),
            ("", "1", false), ("a", "b", false), ("1", "b", false), ("-1", "1", false),
        ])
    func order(_ first: String, _ second: String, isOlder: Bool) {
        #expect(ResourceVersion(first).isOlder(than: ResourceVersion(second)) == isOlder)
    }
}
