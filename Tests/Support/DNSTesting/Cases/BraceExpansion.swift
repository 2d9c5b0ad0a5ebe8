/// `10.0.0.{1..3}`: one text for each number, as a shell has it.
struct BraceExpansion {
    /// The text before and behind the braces, and the numbers; nil numbers: there are no braces.
    private let before: Substring
    private let behind: Substring
    let numbers: ClosedRange<Int>?

    init(_ text: Substring) {
        guard let open = text.firstIndex(of: "{"), let close = text[open...].firstIndex(of: "}"),
            let dots = text[open..<close].firstRange(of: ".."),
            let first = Int(text[text.index(after: open)..<dots.lowerBound]), let last = Int(text[dots.upperBound..<close]),
            first <= last
        else {
            (before, behind, numbers) = (text, "", nil)
            return
        }
        (before, behind, numbers) = (text[..<open], text[text.index(after: close)...], first...last)
    }

    var texts: [String] {
        guard let numbers else { return [String(before)] }
        return numbers.map { "\(before)\($0)\(behind)" }
    }

    /// `{}` is the number of a row, `{-1}` the one before it.
    static func filled(_ text: String, _ number: Int?) -> String {
        guard let number else { return text }
        return text.replacing("{}", with: "\(number)").replacing("{-1}", with: "\(number - 1)")
    }
}
