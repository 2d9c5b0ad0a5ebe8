import DNSWire
import NetworkTypes
import Synchronization
import Testing

@testable import DNSServer

/// Collects what a log writes, and can hold the writer back.
private final class Paper: Sendable {
    let lines = Mutex<[String]>([])
    let gate = Mutex(())

    func write(_ bytes: [UInt8]) {
        gate.withLock { _ in }
        lines.withLock { $0 += String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init) }
    }
}

private let plain = QueryLogEntry(
    instant: .now, client: IPAddress(v4: 1), transport: .udp, type: .a, responseCode: .noError, byteCount: 1,
    duration: .zero)

@Suite struct QueryLogTests {
    @Test func `a line for each query, names escaped`() throws {
        let paper = Paper()
        let log = try QueryLog(wallClock: { .seconds(1_764_000_000) }, write: paper.write)
        var options = ResponderOptions()
        options.queryLog = log
        var responder = Responder(options: options, statistics: ServerStatistics(), seed: 1)
        let zone = SmallCluster.zone()
        _ = try responder.reply(WireQuery("Api.default.svc.cluster.local").bytes, zone)
        _ = try responder.reply(WireQuery("a\\010b\\032c.default.svc.cluster.local", .aaaa).bytes, zone, transport: .tcp)
        _ = try responder.reply([0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], zone)
        log.stop()
        let fields = paper.lines.withLock { $0 }.map { $0.split(separator: " ").map(String.init) }
        #expect(fields.map { Array($0.dropFirst().prefix(5)) } == [
            ["127.0.0.1", "udp", "api.default.svc.cluster.local.", "A", "NOERROR"],
            ["127.0.0.1", "tcp", "a\\010b\\032c.default.svc.cluster.local.", "AAAA", "NXDOMAIN"],
            ["127.0.0.1", "udp", "-", "-", "FORMERR"],
        ])
        #expect(fields.allSatisfy { $0.count == 8 && $0[0].hasPrefix("2025-11-24T") && Int($0[7]) != nil })
        // Header, question (31 + 4 bytes), one A.
        #expect(fields.first?[6] == "63")
        #expect(log.dropped == 0)
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000000Z"), (951_782_399, "2000-02-28T23:59:59.000000Z"),
        (951_782_400, "2000-02-29T00:00:00.000000Z"), (1_709_251_199, "2024-02-29T23:59:59.000000Z"),
        (1_767_225_599, "2025-12-31T23:59:59.000000Z"), (4_107_542_400, "2100-03-01T00:00:00.000000Z"),
    ])
    func `times are UTC`(seconds: Int, text: String) {
        let time = QueryLogText.time(.seconds(seconds))
        #expect(time == text)
    }

    @Test func `a full lane drops what comes, counts it, and the log says so`() throws {
        let lane = QueryLogLane()
        let name: [UInt8] = [1, 97, 0]
        for _ in 0..<(QueryLogLane.entryLimit + 7) { unsafe lane.add(plain, name: name.span.bytes) }
        var contents = QueryLogLane.Contents()
        lane.exchange(&contents)
        #expect(contents.entries.count == QueryLogLane.entryLimit)
        #expect(contents.dropped == 7)
        let text = QueryLogText(wallClock: .seconds(0), instant: .now).text(of: contents)
        #expect(String(decoding: text, as: UTF8.self).hasSuffix("\n1970-01-01T00:00:00.000000Z dropped 7\n"))
        let long = DomainName(labels: (0..<4).map { _ in [UInt8](repeating: 97, count: 60) })?.wire ?? []
        for _ in 0..<QueryLogLane.entryLimit { unsafe lane.add(plain, name: long.span.bytes) }
        lane.exchange(&contents)
        #expect(contents.names.count <= QueryLogLane.nameByteLimit)
        #expect(contents.dropped > 0)
    }

    @Test func `a writer that is held back holds nobody up, and nothing is lost without being counted`() throws {
        let paper = Paper()
        let log = try QueryLog(wallClock: { .seconds(0) }, write: paper.write)
        let lane = log.makeLane()
        let total = 50_000
        let root: [UInt8] = [0]
        paper.gate.withLock { _ in
            for _ in 0..<total { unsafe lane.add(plain, name: root.span.bytes) }
        }
        log.stop()
        let written = paper.lines.withLock { $0 }.count { !$0.contains("dropped") }
        #expect(written + Int(log.dropped) == total)
        #expect(log.dropped > 0)
    }
}
