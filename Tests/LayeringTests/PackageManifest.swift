/// What Package.swift says of targets and products, read from its text.
struct PackageManifest: Equatable {
    struct Target: Equatable {
        var name: String
        var path: String
        var isTest: Bool
    }

    var targets: [Target] = []
    /// The package each product of another package comes from. A product's module has its name.
    var packageOfProduct: [String: String] = [:]

    init(_ text: String) {
        let heads: [(marker: String, isTest: Bool)] = [
            (".target(", false), (".executableTarget(", false), (".testTarget(", true), (".systemLibrary(", false),
            (".plugin(", false),
        ]
        // Every head starts a piece that reaches to the next one; a target's path is in its own piece.
        var starts: [(index: String.Index, isTest: Bool)] = []
        for head in heads {
            starts += text.ranges(of: head.marker).map { ($0.upperBound, head.isTest) }
        }
        starts.sort { $0.index < $1.index }
        for (number, start) in starts.enumerated() {
            let end = number + 1 < starts.count ? starts[number + 1].index : text.endIndex
            let piece = text[start.index..<end]
            guard let name = Self.argument("name", in: piece) else { continue }
            // Only what comes before the next closing line belongs to the target.
            let path = Self.argument("path", in: piece)
            targets.append(
                Target(name: name, path: path ?? (start.isTest ? "Tests/" : "Sources/") + name, isTest: start.isTest))
        }
        for range in text.ranges(of: ".product(") {
            let piece = text[range.upperBound...].prefix { $0 != ")" }
            if let product = Self.argument("name", in: piece), let package = Self.argument("package", in: piece) {
                packageOfProduct[product] = package
            }
        }
    }

    private static func argument(_ label: String, in piece: Substring) -> String? {
        guard let start = piece.firstRange(of: label + ": \"")?.upperBound else { return nil }
        return String(piece[start...].prefix { $0 != "\"" })
    }
}
