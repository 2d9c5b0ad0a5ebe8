/// The arguments of `fairway run`, flag by flag: kube-proxy's ways of writing them become those of the command's parser.
///
/// As pflag has it, `--name=true` and `--name=false` are toggles, underscores are dashes, a value may begin with a dash,
/// lists that are given again go on, and `-v` takes a number (klog). `-v` alone is `--verbose`.
package struct FlagList: Sendable, Hashable {
    package struct Item: Sendable, Hashable {
        /// Nil: no flag of `run`; the parser says what is wrong with it.
        package let flag: RunFlag?
        package let argument: String

        /// As the parser takes it: for `--name=` it would miss a value.
        package var arguments: [String] {
            if let flag, argument == "--\(flag.name)=" { return ["--\(flag.name)", ""] }
            return [argument]
        }

        fileprivate func value(_ flag: RunFlag) -> String? {
            argument.hasPrefix("--\(flag.name)=") ? String(argument.dropFirst(flag.name.count + 3)) : nil
        }
    }

    package private(set) var items: [Item] = []

    /// - Parameter arguments: what comes after `run`.
    package init(_ arguments: some Sequence<String>) {
        var rest = Array(arguments)[...]
        while let argument = rest.popFirst() {
            if argument == "--" {
                items += ([argument] + rest).map { Item(flag: nil, argument: $0) }
                return
            }
            if takeVerbosity(argument, &rest) { continue }
            guard argument.hasPrefix("--"), argument.count > 2 else {
                items.append(Item(flag: nil, argument: argument))
                continue
            }
            take(argument, &rest)
        }
    }

    package var arguments: [String] { items.flatMap(\.arguments) }
    package var flags: Set<RunFlag> { Set(items.compactMap(\.flag)) }

    /// The value of a flag, as it was given last.
    package func value(of name: String) -> String? {
        items.last { $0.flag?.name == name }.flatMap { item in item.flag.flatMap { item.value($0) } }
    }

    package func contains(_ name: String) -> Bool { items.contains { $0.flag?.name == name } }

    /// `-v`, `-v 2`, `-v=2`, `-v2`, `--v 2`, `--v=2`. Returns whether it was one of them.
    private mutating func takeVerbosity(_ argument: String, _ rest: inout ArraySlice<String>) -> Bool {
        guard let verbosity = RunFlag.named("verbosity"), let verbose = RunFlag.named("verbose") else { return false }
        var value: Substring
        if argument == "-v" || argument == "--v" {
            if let next = rest.first, Int(next) != nil {
                value = next[...]
                rest = rest.dropFirst()
            } else {
                items.append(Item(flag: verbose, argument: "--verbose"))
                return true
            }
        } else if argument.hasPrefix("--v=") || argument.hasPrefix("-v=") {
            value = argument[argument.index(after: argument.firstIndex(of: "=") ?? argument.startIndex)...]
        } else if argument.hasPrefix("-v"), let digit = argument.dropFirst(2).first, digit.isASCII, digit.isNumber {
            value = argument.dropFirst(2)
        } else {
            return false
        }
        items.append(Item(flag: verbosity, argument: "--verbosity=\(value)"))
        return true
    }

    private mutating func take(_ argument: String, _ rest: inout ArraySlice<String>) {
        let body = argument.dropFirst(2)
        let equals = body.firstIndex(of: "=")
        let spelled = equals.map { body[..<$0] } ?? body
        let name = spelled.replacing("_", with: "-")
        guard let flag = RunFlag.named(name) else {
            let inverted = name.hasPrefix("no-") ? RunFlag.named(name.dropFirst(3)) : nil
            items.append(Item(flag: inverted?.isInvertible == true ? inverted : nil, argument: argument))
            return
        }
        let value = equals.map { String(body[body.index(after: $0)...]) }
        if flag.kind == .toggle {
            addToggle(flag, value)
        } else if let value {
            add(flag, value)
        } else if let next = rest.first, !(next.hasPrefix("--") && RunFlag.isFlag(next)) {
            rest = rest.dropFirst()
            add(flag, next)
        } else {
            items.append(Item(flag: flag, argument: "--\(flag.name)"))
        }
    }

    private mutating func addToggle(_ flag: RunFlag, _ value: String?) {
        let isOn: Bool
        switch value {
        case nil, "1", "t", "T", "true", "TRUE", "True": isOn = true
        case "0", "f", "F", "false", "FALSE", "False": isOn = false
        case let other?:
            items.append(Item(flag: flag, argument: "--\(flag.name)=\(other)"))
            return
        }
        items.removeAll { $0.flag == flag }
        if isOn {
            items.append(Item(flag: flag, argument: "--\(flag.name)"))
        } else if flag.isInvertible {
            items.append(Item(flag: flag, argument: "--no-\(flag.name)"))
        }
    }

    private mutating func add(_ flag: RunFlag, _ value: String) {
        var value = value
        if flag.kind == .list, let index = items.firstIndex(where: { $0.flag == flag }) {
            let earlier = items.remove(at: index).value(flag) ?? ""
            value = [earlier, value].filter { !$0.isEmpty }.joined(separator: ",")
        }
        items.append(Item(flag: flag, argument: "--\(flag.name)=\(value)"))
    }
}

extension RunFlag {
    /// The text is a flag of `run`, so that one before it has no value.
    fileprivate static func isFlag(_ argument: String) -> Bool {
        let name = argument.dropFirst(2).prefix { $0 != "=" }.replacing("_", with: "-")
        return named(name) != nil
    }
}
