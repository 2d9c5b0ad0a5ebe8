/// A row against another one: 1 is as good, more is better, also where less is measured (latencies, processor time).
/// Nil where one of both was not measured.
struct Ratio: Codable, Sendable {
    var newConnections: Double?
    var keptRequests: Double?
    var throughput: Double?
    var throughput64: Double?
    var udpPackets: Double?
    var connectP50: Double?
    var connectP99: Double?
    var connectP999: Double?
    var requestP99: Double?
    var cpu: Double?

    init(_ row: Report.Row, to other: Report.Row) {
        newConnections = Self.divide(row.newConnectionsPerSecond, other.newConnectionsPerSecond)
        keptRequests = Self.divide(row.keptRequestsPerSecond, other.keptRequestsPerSecond)
        throughput = Self.divide(row.gigabitsPerSecond, other.gigabitsPerSecond)
        throughput64 = Self.divide(row.gigabitsPerSecond64, other.gigabitsPerSecond64)
        udpPackets = Self.divide(row.udpPacketsPerSecond, other.udpPacketsPerSecond)
        connectP50 = Self.divide(other.connectMicroseconds.p50, row.connectMicroseconds.p50)
        connectP99 = Self.divide(other.connectMicroseconds.p99, row.connectMicroseconds.p99)
        connectP999 = Self.divide(other.connectMicroseconds.p999, row.connectMicroseconds.p999)
        requestP99 = Self.divide(other.requestMicrosecondsP99, row.requestMicrosecondsP99)
        cpu = Self.divide(other.cpuSecondsPerGigabyte, row.cpuSecondsPerGigabyte)
    }

    private static func divide(_ value: Double?, _ other: Double?) -> Double? {
        guard let value, let other, other > 0 else { return nil }
        return value / other
    }
}
