import Testing

@Suite struct LayeringRuleTests {
    static let manifest = PackageManifest(
        """
        let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
        let yams = Target.Dependency.product(name: "Yams", package: "Yams")
        .target(name: "NetworkTypes"),
        .target(name: "KubernetesModel", dependencies: ["NetworkTypes"]),
        .target(name: "ServiceTable", dependencies: ["NetworkTypes"]),
        .systemLibrary(
            name: "CNetfilter", pkgConfig: "libnftnl"),
        .target(name: "Dataplane", dependencies: ["ServiceTable", logging]),
        .target(name: "NftablesDataplane"),
        .target(
            name: "ModelTesting", dependencies: ["KubernetesModel"],
            path: "Tests/Support/ModelTesting"),
        .executableTarget(name: "bench", path: "Benchmarks/Bench"),
        .testTarget(name: "DataplaneTests"),
        """)

    static let architecture = """
        # Text

        | target | may import | why |
        |---|---|---|
        | `NetworkTypes` | - | values |
        | `KubernetesModel` | `NetworkTypes` | |
        | `ServiceTable` | `NetworkTypes` | |
        | `Dataplane` | `ServiceTable`, `NetworkTypes` | |
        | `NftablesDataplane` | `Dataplane` , `CNetfilter`,`KubernetesModel` | |
        | `ModelTesting` | `KubernetesModel` | |
        | `bench` | `Dataplane`, `ModelTesting` | |

        | target | outside packages |
        | --- | --- |
        | `NetworkTypes` | - |
        | `KubernetesModel` | `Yams` |
        | `ServiceTable` | - |
        | `Dataplane` | `swift-log` |
        | `NftablesDataplane` | - |
        | `ModelTesting` | - |
        | `bench` | - |
        | after | the table |
        """.split(separator: "\n", omittingEmptySubsequences: false).dropLast().joined(separator: "\n")

    private func check(_ target: String, _ text: String, path: String? = nil) throws -> [String] {
        let layering = Layering(
            manifest: Self.manifest, project: try LayeringTable(LayeringTable.projectHeader, in: Self.architecture),
            outside: try LayeringTable(LayeringTable.outsideHeader, in: Self.architecture))
        let file = SourceFile(target: target, path: path ?? "Sources/\(target)/A.swift", text: text)
        return layering.violations(in: [file]).map(\.description)
    }

    @Test(arguments: [
        ("Dataplane", "import ServiceTable\npublic import Logging\nimport Synchronization"),
        ("Dataplane", "@_exported package import struct NetworkTypes.IPAddress"),
        ("Dataplane", "import Dataplane"),
        ("NetworkTypes", "// import Yams\n/* import Yams\n /* */ import Yams */\nlet a = \"\"\"\nimport Yams\n\"\"\""),
        ("NetworkTypes", "let a = \"fatalError( try! as! unsafe x\"\n// try! it"),
        ("NetworkTypes", "let a = #\"a\"fatalError(\"#; let b = \"\\\"try! \""),
        ("NetworkTypes", "func notFatalError() { myfatalError() }\nlet has! = 1"),
        ("NetworkTypes", "// SAFETY: owned\nlet p = unsafe q.pointee"),
        ("NetworkTypes", "// SAFETY: owned\n" + String(repeating: "\n", count: 11) + "let p = unsafe q"),
        ("NetworkTypes", "@unsafe func f()\nnonisolated(unsafe) var x = 1\nlet unsafety = a.unsafe + `unsafe`"),
        ("NetworkTypes", "// SAFETY: immutable after init\nfinal class A: @unchecked Sendable {}"),
    ])
    func `what keeps to the rules passes`(target: String, text: String) throws {
        #expect(try check(target, text) == [])
    }

    @Test(arguments: [
        ("Dataplane", "import KubernetesModel", ["A.swift:1: Dataplane may not import KubernetesModel", "Dataplane: reaches"]),
        ("NftablesDataplane", "import KubernetesModel", ["NftablesDataplane: reaches KubernetesModel"]),
        ("NetworkTypes", "\nimport Yams", ["A.swift:2: NetworkTypes may not import Yams of Yams"]),
        ("Dataplane", "import NIOCore", ["NIOCore is no target"]),
        ("NetworkTypes", "import Foundation", ["uses no Foundation"]),
        ("ServiceTable", "internal import FoundationEssentials", ["uses no Foundation"]),
        ("Dataplane", "import ModelTesting", ["ModelTesting serves tests"]),
        ("Dataplane", "import Testing", ["Sources import Testing"]),
        ("NetworkTypes", "let a = try! f()", ["try! in Sources"]),
        ("NetworkTypes", "let a = b as! C", ["as! in Sources"]),
        ("NetworkTypes", "let a = \"\\(fatalError(\"x\"))\"", ["fatalError( in Sources"]),
        ("NetworkTypes", "let p = unsafe q.pointee", ["unsafe without"]),
        ("NetworkTypes", "foo(unsafe q)", ["unsafe without"]),
        ("NetworkTypes", "// SAFETY: x\n" + String(repeating: "\n", count: 12) + "let p = unsafe q", ["A.swift:14: unsafe"]),
        ("NetworkTypes", "let s = \"// SAFETY: no\"\nlet p = unsafe q", ["unsafe without"]),
        ("NetworkTypes", "final class A: @unchecked Sendable {}", ["@unchecked Sendable without"]),
        ("NetworkTypes", "// SAFETY: a\n\nfinal class A: @unchecked Sendable {}", ["@unchecked Sendable without"]),
    ] as [(String, String, [String])])
    func `what breaks a rule is found`(target: String, text: String, expected: [String]) throws {
        let found = try check(target, text)
        #expect(found.count == expected.count, "\(found)")
        for (violation, part) in zip(found, expected) { #expect(violation.contains(part)) }
    }

    @Test func `a dataplane that reaches Kubernetes through others is found with the way`() throws {
        var layering = Layering(
            manifest: Self.manifest, project: try LayeringTable(LayeringTable.projectHeader, in: Self.architecture),
            outside: try LayeringTable(LayeringTable.outsideHeader, in: Self.architecture))
        layering.project.rows["ServiceTable"] = ["KubernetesModel"]
        let found = layering.violations(in: [
            SourceFile(target: "NftablesDataplane", path: "Sources/a", text: "import Dataplane"),
            SourceFile(target: "Dataplane", path: "Sources/b", text: "import ServiceTable"),
            SourceFile(target: "ServiceTable", path: "Sources/c", text: "import KubernetesModel"),
        ])
        #expect(
            found.map(\.description) == [
                "Dataplane: reaches KubernetesModel: Dataplane -> ServiceTable -> KubernetesModel",
                "NftablesDataplane: reaches KubernetesModel: NftablesDataplane -> Dataplane -> ServiceTable -> KubernetesModel",
            ])
    }

    @Test func `benchmarks and test support may use test support, and may crash`() throws {
        #expect(try check("bench", "import ModelTesting\nlet a = try! b()", path: "Benchmarks/Bench/main.swift") == [])
        #expect(try check("bench", "import Yams", path: "Benchmarks/Bench/main.swift").count == 1)
    }

    @Test func `a module may be named in place of its package, and one inside a package by itself`() throws {
        var layering = Layering(
            manifest: Self.manifest, project: try LayeringTable(LayeringTable.projectHeader, in: Self.architecture),
            outside: try LayeringTable(LayeringTable.outsideHeader, in: Self.architecture))
        layering.outside.rows["Dataplane"] = ["Logging", "CYaml"]
        func check(_ text: String) -> [String] {
            layering.violations(in: [SourceFile(target: "Dataplane", path: "Sources/a", text: text)]).map(\.message)
        }
        #expect(check("import Logging\nimport CYaml") == [])
        #expect(
            check("import Yams") == [
                "| target | outside packages | names CYaml at Dataplane, which Package.swift does not know",
                "Dataplane may not import Yams of Yams",
            ])
    }

    @Test func `benchmarks and test support need no row`() throws {
        var layering = Layering(
            manifest: Self.manifest, project: try LayeringTable(LayeringTable.projectHeader, in: Self.architecture),
            outside: try LayeringTable(LayeringTable.outsideHeader, in: Self.architecture))
        layering.project.rows["bench"] = nil
        layering.outside.rows["bench"] = nil
        let file = SourceFile(target: "bench", path: "Benchmarks/Bench/main.swift", text: "import Yams\nimport Dataplane")
        #expect(layering.violations(in: [file]) == [])
    }

    @Test func `a target without a row and a row without a target are found`() throws {
        var layering = Layering(
            manifest: Self.manifest, project: try LayeringTable(LayeringTable.projectHeader, in: Self.architecture),
            outside: try LayeringTable(LayeringTable.outsideHeader, in: Self.architecture))
        layering.project.rows["Dataplane"] = nil
        layering.project.rows["Gone"] = ["Lost"]
        layering.outside.rows["bench"] = ["swift-nio"]
        let found = layering.violations(in: [SourceFile(target: "Dataplane", path: "Sources/a", text: "")])
        #expect(
            found.map(\.message) == [
                "| target | may import | has no row for Dataplane",
                "| target | may import | names Gone at Gone, which Package.swift does not know",
                "| target | may import | names Lost at Gone, which Package.swift does not know",
                "| target | outside packages | names swift-nio at bench, which Package.swift does not know",
            ])
    }

    @Test func `the manifest's targets are found with their folders`() {
        #expect(
            Self.manifest.targets.map { "\($0.name) \($0.path) \($0.isTest)" } == [
                "NetworkTypes Sources/NetworkTypes false", "KubernetesModel Sources/KubernetesModel false",
                "ServiceTable Sources/ServiceTable false", "CNetfilter Sources/CNetfilter false",
                "Dataplane Sources/Dataplane false", "NftablesDataplane Sources/NftablesDataplane false",
                "ModelTesting Tests/Support/ModelTesting false", "bench Benchmarks/Bench false",
                "DataplaneTests Tests/DataplaneTests true",
            ])
        #expect(Self.manifest.packageOfProduct == ["Logging": "swift-log", "Yams": "Yams"])
    }

    @Test(arguments: [
        ("nothing here", "has no table"),
        ("| target | may import |\n|---|---|\n| NetworkTypes | - |", "expected `Name`"),
        ("| target | may import |\n|---|---|\n| `A` | `B` `C` |", "expected `Name`"),
        ("| target | may import |\n|---|---|\n| `A` | |", "expected `Name`"),
        ("| target | may import |\n|---|---|\n| `A` | - |\n| `A` | - |", "each once"),
        ("| target | may import |\n|---|---|\n| `A`, `B` | - |", "one target a row"),
    ])
    func `a table that cannot be read says why`(markdown: String, reason: String) {
        let error = #expect(throws: LayeringTable.Failure.self) {
            try LayeringTable(LayeringTable.projectHeader, in: markdown)
        }
        #expect(error?.description.contains(reason) == true)
    }
}
