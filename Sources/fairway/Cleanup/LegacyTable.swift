/// One table of the old iptables (not over nf_tables), as `iptables-save` prints it, and how kube-proxy's chains go from it.
struct LegacyTable: Hashable {
    let name: String
    /// kube-proxy's chains.
    private(set) var chains: [String] = []
    /// Rules of others that lead there, each as it would be deleted.
    private(set) var jumps: [String] = []

    init(name: String, saved: String) {
        self.name = name
        for line in saved.split(separator: "\n") {
            if line.hasPrefix(":"), let chain = line.dropFirst().split(separator: " ").first {
                if KubeProxyNames.isChain(String(chain)) { chains.append(String(chain)) }
            } else if line.hasPrefix("-A ") {
                let words = Self.words(line)
                guard words.count > 2, !KubeProxyNames.isChain(words[1]), Self.leads(words) else { continue }
                jumps.append("-D " + line.dropFirst(3))
            }
        }
    }

    /// What `iptables-restore --noflush` is to be given, one transaction each: first nothing leads there any more, then the
    /// chains are emptied, then they go.
    var steps: [String] {
        let parts = [jumps, chains.map { ":\($0) - [0:0]" }, chains.map { "-X \($0)" }]
        return parts.flatMap { SystemTools.portions($0) }
            .map { (["*\(name)"] + $0 + ["COMMIT"]).joined(separator: "\n") + "\n" }
    }

    private static func leads(_ words: [String]) -> Bool {
        zip(words, words.dropFirst()).contains { option, target in
            (option == "-j" || option == "-g") && KubeProxyNames.isChain(target)
        }
    }

    /// The words of a line; what stands between quotes is one, which is never an option.
    private static func words(_ line: Substring) -> [String] {
        var words: [String] = []
        var (word, isQuoted, isEscaped) = ("", false, false)
        for character in line {
            if isEscaped || !(character == "\\" || character == "\"" || (character == " " && !isQuoted)) {
                word.append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                isQuoted.toggle()
                // A quoted word that reads like an option is none.
                word.append("\"")
            } else if !word.isEmpty {
                words.append(word)
                word = ""
            }
        }
        return word.isEmpty ? words : words + [word]
    }
}
