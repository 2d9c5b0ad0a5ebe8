internal import FoundationEssentials
internal import LinuxSystem
internal import NetworkNamespaceTesting

/// The files of rows and of manifests that lie beside this one.
package enum CaseFolder {
    private static let path = "\(packageRoot())/Tests/Support/DNSTesting/Cases"

    package static func clusterPath(_ cluster: String) -> String { "\(path)/Clusters/\(cluster)" }

    package static func clusters() throws -> [String] { try names(in: "\(path)/Clusters") }

    /// Paths of the manifests of a cluster.
    package static func manifests(_ cluster: String) throws -> [String] {
        try names(in: clusterPath(cluster)).map { "\(clusterPath(cluster))/\($0)" }
    }

    package static func text(_ path: String) throws -> String {
        String(decoding: try FileDescriptor(opening: path).readAll(), as: UTF8.self)
    }

    package static func files() throws -> [CaseFile] {
        try names(in: "\(path)/Rows").filter { $0.hasSuffix(".cases") }.map {
            CaseFile(name: $0, text: try text("\(path)/Rows/\($0)"))
        }
    }

    /// One table for each set of settings.
    package static func tables() throws -> [CaseTable] {
        let files = try files()
        let outside = files.first { $0.settings.cluster.isEmpty }
        let inside = files.filter { !$0.settings.cluster.isEmpty }
        let groups = Dictionary(grouping: inside, by: \.settings)
        return groups.map { CaseTable(settings: $0.key, rows: $0.value.flatMap(\.rows), outside: outside?.rows ?? []) }
            .sorted { $0.description < $1.description }
    }

    package static func table(_ choose: (CaseSettings) -> Bool) throws -> CaseTable {
        guard let table = try tables().first(where: { choose($0.settings) }) else {
            throw TestSupportError("no table of rows with these settings")
        }
        return table
    }

    /// The cluster that most rows are about, under default settings.
    package static func mainTable() throws -> CaseTable {
        try table { settings in
            var expected = CaseSettings()
            expected.cluster = "main"
            return settings == expected
        }
    }

    private static func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }
}
