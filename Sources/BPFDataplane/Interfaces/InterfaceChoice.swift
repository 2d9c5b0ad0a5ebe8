/// Which interfaces carry the packet programs: `--ebpf-interfaces`. Loopback never does.
package struct InterfaceChoice: Sendable, Hashable, CustomStringConvertible {
    /// Interface names hold 15 bytes (IFNAMSIZ of linux/if.h, with the final zero).
    package static let nameLimit = 15

    /// Names, and beginnings of names.
    private var names: Set<String> = []
    private var prefixes: [String] = []
    private let includesAll: Bool

    /// Every interface.
    package init() { includesAll = true }

    /// A comma-separated list of names and of beginnings (`veth*`); nil when one of them is none.
    package init?(_ text: String) {
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let item = item.drop { $0 == " " }
            let name = item.last == "*" ? item.dropLast() : item
            guard !item.isEmpty, name.utf8.count <= Self.nameLimit, !name.contains("*"), !name.contains("/"),
                !name.contains(where: \.isWhitespace)
            else { return nil }
            if item.last == "*" { prefixes.append(String(name)) } else { names.insert(String(name)) }
        }
        includesAll = false
    }

    package func contains(_ name: String) -> Bool {
        includesAll || names.contains(name) || prefixes.contains { name.hasPrefix($0) }
    }

    package var description: String {
        includesAll ? "every interface" : (names.sorted() + prefixes.sorted().map { "\($0)*" }).joined(separator: ",")
    }
}
