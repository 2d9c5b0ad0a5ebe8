/// The version of an object or of a list, `metadata.resourceVersion`.
///
/// Versions of one resource are decimal numbers that grow (KEP-5504); of a server that has others, nothing is known but
/// whether two are the same.
package struct ResourceVersion: Sendable, Hashable {
    package let text: String

    package init(_ text: String) { self.text = text }

    /// Both are numbers, and this one is the lesser.
    package func isOlder(than other: ResourceVersion) -> Bool {
        guard let mine = digits, let theirs = other.digits else { return false }
        return (mine.count, mine) < (theirs.count, theirs)
    }

    /// The number without leading zeros, however long; nil where it is none.
    private var digits: String? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return String(text.drop { $0 == "0" })
    }
}
