internal import DNSWire
internal import FoundationEssentials
internal import Glibc
package import LinuxSystem
package import NetworkNamespaceTesting
internal import Synchronization

/// `fairway dns` over the manifests of a table, with a scripted upstream; gone with the last reference.
package final class FairwayDNS: Sendable {
    package let table: CaseTable
    package let upstream: RowUpstream
    package let process: RunningProcess
    /// Where it answers, as it says itself.
    package let addresses: [SocketAddress]
    package let adminSocket: String
    private let folder: String
    private static let counter = Atomic<Int>(0)

    private init(
        _ table: CaseTable, _ upstream: RowUpstream, _ process: RunningProcess, _ addresses: [SocketAddress],
        folder: String
    ) {
        self.table = table
        self.upstream = upstream
        self.process = process
        self.addresses = addresses
        self.folder = folder
        adminSocket = "\(folder)/admin.sock"
    }

    deinit { close() }

    /// Returns once it answers on IPv4 and IPv6, and knows all manifests.
    package static func start(_ table: CaseTable, _ more: [String] = []) async throws -> FairwayDNS {
        let upstream = try RowUpstream(table)
        let number = counter.add(1, ordering: .relaxed).newValue
        let folder = "/tmp/fairway-dns-\(getpid())-\(number)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let arguments =
            [
                "dns", "--manifests", CaseFolder.clusterPath(table.settings.cluster), "--state-dir", "",
                "--dns-bind-address", "127.0.0.1:0", "--dns-bind-address", "[::1]:0", "--dns-upstream",
                "\(upstream.address)", "--admin-socket", "\(folder)/admin.sock",
            ] + table.settings.options + more
        let process = try RunningProcess(ProcessRequest(path: try productPath("fairway"), arguments: arguments))
        let first = try await process.waitForLine(containing: "dns at 127.0.0.1:")
        let second = try await process.waitForLine(containing: "dns at [::1]:")
        // Until then it answers SERVFAIL, as it must.
        try await process.waitForLine(containing: "the zone is complete")
        try await process.waitForLine(containing: "admin socket at")
        let addresses = [first, second].compactMap { $0.split(separator: " ").last.flatMap { SocketAddress(String($0)) } }
        let started = FairwayDNS(table, upstream, process, addresses, folder: folder)
        guard addresses.count == 2 else { throw TestSupportError("no address in: \(first); \(second)") }
        return started
    }

    package func driver(_ index: Int = 0) -> SocketDriver { SocketDriver(addresses[index]) }

    /// For many questions of one thread.
    package func connectedDriver(_ index: Int = 0) -> ConnectedDriver { ConnectedDriver(addresses[index]) }

    /// What `fairway get zone` prints.
    package func zoneText() async throws -> String {
        let request = ProcessRequest(
            path: try productPath("fairway"), arguments: ["get", "zone", "--admin-socket", adminSocket])
        let output = try await DedicatedThread.run(named: "get-zone") { try request.collectOutput(timeout: .seconds(30)) }
        guard output.status.isSuccess else { throw TestSupportError("fairway get zone: \(output)") }
        return output.standardOutput
    }

    package func close() {
        process.close()
        upstream.close()
        try? FileManager.default.removeItem(atPath: folder)
    }
}
