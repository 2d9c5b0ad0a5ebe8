/// Something that happened beside synchronisations, for the log.
package struct BPFNotice: Sendable, Hashable, CustomStringConvertible {
    package let isWarning: Bool
    package let description: String

    static func info(_ text: String) -> BPFNotice { BPFNotice(isWarning: false, description: text) }
    static func warning(_ text: String) -> BPFNotice { BPFNotice(isWarning: true, description: text) }
}
