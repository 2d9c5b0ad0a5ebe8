/// One source file, as the rules see it.
struct SourceFile {
    var target: String
    /// From the package's root.
    var path: String
    var text: String
}

/// A rule broken, and where.
struct Violation: Equatable, CustomStringConvertible {
    var place: String
    var message: String
    var description: String { "\(place): \(message)" }
}

/// The rules of ARCHITECTURE.md and of the style, over the text of all targets but the tests.
struct Layering {
    var manifest: PackageManifest
    /// Which targets of the project each target may import.
    var project: LayeringTable
    /// Which packages of others, or which of their modules, each target may import.
    var outside: LayeringTable

    /// Modules of the toolchain and the C library, free for all but where a rule says otherwise.
    static let toolchain: Set<String> = [
        "Swift", "Foundation", "FoundationEssentials", "Glibc", "Synchronization", "Dispatch", "Testing",
        "PackagePlugin", "RegexBuilder", "_Concurrency",
    ]
    static let withoutFoundation: Set<String> = [
        "NetworkTypes", "ServiceTable", "LoadBalancing", "DNSWire", "ClusterZone", "Netlink",
    ]
    /// Lines above an `unsafe` expression in which its `// SAFETY:` must be.
    static let safetyReach = 12

    func violations(in files: [SourceFile]) -> [Violation] {
        let parsed = files.map { ($0, SwiftText($0.text)) }
        var edges: [String: Set<String>] = [:]
        var result: [Violation] = []
        for (file, text) in parsed {
            for (line, module) in text.imports where module != file.target {
                edges[file.target, default: []].insert(module)
                result += importViolations(file, line: line, module: module)
            }
            result += Self.textViolations(file, text)
        }
        let inSources = Set(files.filter { $0.path.hasPrefix("Sources/") }.map(\.target))
        return tableViolations(targets: inSources, edges) + result + Self.dataplaneViolations(edges)
    }

    /// Every target of Sources has its rows, and no row names what is gone. Benchmarks and test support
    /// may have rows; without one they import what Package.swift lets them.
    private func tableViolations(targets: Set<String>, _ edges: [String: Set<String>]) -> [Violation] {
        let known = Set(manifest.targets.map(\.name))
        let packages = Set(manifest.packageOfProduct.values)
            .union(manifest.packageOfProduct.keys).union(Self.toolchain)
        var result: [Violation] = []
        for (table, header, names) in [
            (project, LayeringTable.projectHeader, known), (outside, LayeringTable.outsideHeader, packages),
        ] {
            for target in targets.subtracting(table.rows.keys).sorted() {
                result.append(Violation(place: "ARCHITECTURE.md", message: "\(header) has no row for \(target)"))
            }
            for (target, allowed) in table.rows.sorted(by: { $0.key < $1.key }) {
                // A module inside a package, such as the C library under a Swift one, is known by its import.
                let imported = header == LayeringTable.outsideHeader ? edges[target] ?? [] : []
                let gone = allowed.subtracting(names).subtracting(imported)
                for name in (known.contains(target) ? [] : [target]) + gone.sorted() {
                    result.append(
                        Violation(
                            place: "ARCHITECTURE.md",
                            message: "\(header) names \(name) at \(target), which Package.swift does not know"))
                }
            }
        }
        return result
    }

    private func importViolations(_ file: SourceFile, line: Int, module: String) -> [Violation] {
        let place = "\(file.path):\(line)"
        if Self.withoutFoundation.contains(file.target), module.hasPrefix("Foundation") {
            return [Violation(place: place, message: "\(file.target) uses no Foundation, and imports \(module)")]
        }
        if file.path.hasPrefix("Sources/"), module.hasSuffix("Testing"), module != "Testing" {
            return [Violation(place: place, message: "\(module) serves tests, and is imported by Sources")]
        }
        if file.path.hasPrefix("Sources/"), module == "Testing" || module == "XCTest" {
            return [Violation(place: place, message: "Sources import \(module)")]
        }
        if manifest.targets.contains(where: { $0.name == module }) {
            if project.rows[file.target]?.contains(module) ?? true { return [] }
            return [Violation(place: place, message: "\(file.target) may not import \(module)")]
        }
        if outside.rows[file.target]?.contains(module) ?? false { return [] }
        if let package = manifest.packageOfProduct[module] {
            if outside.rows[file.target]?.contains(package) ?? true { return [] }
            return [Violation(place: place, message: "\(file.target) may not import \(module) of \(package)")]
        }
        if Self.toolchain.contains(module) { return [] }
        return [
            Violation(place: place, message: "\(module) is no target, no product in Package.swift and not the toolchain's")
        ]
    }

    /// A dataplane never sees a Kubernetes object, not even through another target.
    private static func dataplaneViolations(_ edges: [String: Set<String>]) -> [Violation] {
        edges.keys.filter { $0.hasSuffix("Dataplane") }.sorted().compactMap { dataplane in
            var ways: [[String]] = [[dataplane]]
            var seen: Set<String> = [dataplane]
            while let way = ways.popLast() {
                guard let last = way.last else { continue }
                if last == "KubernetesModel" {
                    return Violation(place: dataplane, message: "reaches KubernetesModel: " + way.joined(separator: " -> "))
                }
                for next in (edges[last] ?? []).sorted() where seen.insert(next).inserted { ways.append(way + [next]) }
            }
            return nil
        }
    }

    private static func textViolations(_ file: SourceFile, _ text: SwiftText) -> [Violation] {
        guard file.path.hasPrefix("Sources/") else { return [] }
        var result: [Violation] = []
        func safety(within reach: Int, of index: Int) -> Bool {
            (max(0, index - reach)...index).contains { text.comments[$0].contains("// SAFETY:") }
        }
        for (index, line) in text.code.enumerated() {
            let place = "\(file.path):\(index + 1)"
            for banned in ["try!", "fatalError(", "as!"] where contains(banned, in: line) {
                result.append(Violation(place: place, message: "\(banned) in Sources"))
            }
            if line.contains("@unchecked Sendable"), !safety(within: 1, of: index) {
                result.append(Violation(place: place, message: "@unchecked Sendable without // SAFETY: above it"))
            }
            if containsUnsafeExpression(line), !safety(within: safetyReach, of: index) {
                result.append(
                    Violation(place: place, message: "unsafe without // SAFETY: in the \(safetyReach) lines above it"))
            }
        }
        return result
    }

    /// `needle` not as the end of a longer word.
    private static func contains(_ needle: String, in line: String) -> Bool {
        line.ranges(of: needle).contains { range in
            guard range.lowerBound > line.startIndex else { return true }
            return !isWord(line[line.index(before: range.lowerBound)])
        }
    }

    /// The keyword before an expression, not the attribute `@unsafe` nor a name.
    private static func containsUnsafeExpression(_ line: String) -> Bool {
        line.ranges(of: "unsafe").contains { range in
            if range.lowerBound > line.startIndex {
                let before = line[line.index(before: range.lowerBound)]
                if isWord(before) || "@.`".contains(before) { return false }
            }
            guard range.upperBound < line.endIndex else { return true }
            return line[range.upperBound] == " "
        }
    }

    private static func isWord(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_"
    }
}
