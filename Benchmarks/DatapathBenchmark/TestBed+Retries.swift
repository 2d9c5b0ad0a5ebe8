import FoundationEssentials
import LinuxSystem
import Measuring
import NetworkNamespaceTesting

extension TestBed {
    /// Connections to a frontend that took another attempt, as the relay counts them since it started; nil: it does not
    /// count them. HAProxy counts attempts, so that its number is an upper bound.
    func retries(_ way: Way, _ frontend: String) async throws -> Int? {
        switch way {
        case .userspace, .userspaceBound:
            let text = try await page("http://\(Self.fairwayMetrics)/metrics")
            return Self.sum(of: "fairway_service_retries_total{", where: "service=\"\(frontend)\"", text)
        case .haproxy: return try Self.haproxyRetries(frontend, try await page("http://\(Self.haproxyStatistics)/;csv"))
        default: return nil
        }
    }

    private func page(_ url: String) async throws -> String {
        let output = try await topology.node.run(["curl", "-sS", "-m", "5", url])
        guard output.status.isSuccess else { throw MeasurementError(description: "\(url): \(output)") }
        return output.standardOutput
    }

    /// Of the text format of Prometheus.
    private static func sum(of beginning: String, where label: String, _ text: String) -> Int {
        text.split(separator: "\n").filter { $0.hasPrefix(beginning) && $0.contains(label) }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0) { $0 + Int($1) }
    }

    /// Attempts on the same server (`wretr`) and on another one (`wredis`), in the row BACKEND.
    private static func haproxyRetries(_ proxy: String, _ text: String) throws -> Int {
        let rows = text.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
        let columns = ["wretr", "wredis"].compactMap { name in rows.first?.firstIndex { $0 == name } }
        let row = rows.first { $0.count > 1 && $0[0] == proxy && $0[1] == "BACKEND" } ?? []
        let counts = columns.compactMap { $0 < row.count ? Int(row[$0]) : nil }
        guard counts.count == 2 else {
            throw MeasurementError(description: "HAProxy's statistics have no retries of \(proxy): \(text)")
        }
        return counts[0] + counts[1]
    }
}
