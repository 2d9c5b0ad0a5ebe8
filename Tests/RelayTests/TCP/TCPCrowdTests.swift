import LinuxSystem
import NetworkNamespaceTesting
import Testing

@testable import Relay

/// Many connections at once, and what they cost while they are there and afterwards. FAIRWAY_SOAK_RELAY has as many as
/// descriptors allow, up to ten thousand.
@Suite(.serialized) struct TCPCrowdTests {
    private static let wanted = 10_000
    /// Beside its connections a relay with two threads has fewer.
    private static let reserve = 40

    /// The relay needs two descriptors for each.
    private static var count: Int {
        let limit = (try? DescriptorLimit.raise()) ?? 1024
        return min(wanted, (Int(limit) - reserve) / 2)
    }

    /// Bytes of its own that a relay may have for one connection that waits.
    private static let bytesPerConnection = 2048
    /// Bytes that it may keep when the first crowd has gone: tables that have grown, and what the allocator cannot give back
    /// between what is in use.
    private static let remainder = 8 << 20
    /// Bytes that it may keep in addition from the second crowd on: tables have their size then, and the allocator, of which
    /// the first crowd may still find some memory free that was there before, what it cannot give back.
    private static let drift = 1 << 20

    private static let isLong = environmentNumber("FAIRWAY_SOAK_RELAY") > 0

    @Test(
        "descriptors are there for ten thousand connections at once",
        // In the form that is asked for by hand: a machine of CI may have fewer, and the crowd is as large as they allow.
        .enabled(if: isLong && count == wanted, "needs FAIRWAY_SOAK_RELAY and a hard limit of 20040 descriptors (ulimit -Hn)"))
    func size() { #expect(Self.count == Self.wanted) }

    @Test("thousands of connections at once: memory is bounded, and flat when they come again")
    func crowd() async throws {
        let count = Self.isLong ? Self.count : min(Self.count, 3000)
        let backend = try RelayChild.echo()
        defer { backend.process.close() }
        let relay = try RelayChild(to: [try await backend.address()], workers: 2, descriptors: 0)
        defer { relay.process.close() }
        let address = try await relay.address()
        try await relay.process.waitForLine(containing: "open 0")
        // What is made once, such as buffers and code that was not there, is not the crowd's.
        try await Self.send(200, to: address)
        try await relay.waitUntilEnded(200)
        let (descriptors, before) = (try relay.descriptorCount(), try relay.residentBytes())
        var kept: [Int] = []
        for round in 1...(Self.isLong ? 4 : 3) {
            let held = try await Self.send(count, to: address) { try relay.residentBytes() }
            try await relay.waitUntilEnded(200 + round * count)
            let after = try relay.residentBytes()
            kept.append(after - before)
            print("\(count) connections: \((held - before) / count) bytes each, \((after - before) >> 10) KiB kept")
            #expect((held - before) / count <= Self.bytesPerConnection, "\(held) bytes, \(before) without connections")
            let left = try relay.descriptorCount()
            #expect(left == descriptors)
        }
        #expect(kept.allSatisfy { $0 <= Self.remainder }, "\(kept) bytes kept")
        #expect((kept.max() ?? 0) - kept[1] <= Self.drift, "\(kept) bytes kept")
    }

    /// Has so many clients come, and leave once `body` has seen them all.
    @discardableResult
    private static func send<Value>(
        _ count: Int, to address: SocketAddress, _ body: () throws -> Value = { 0 }
    ) async throws -> Value {
        let clients = try RunningProcess(
            ProcessRequest(path: try productPath("relay-process"), arguments: ["clients", "\(address)", "\(count)"]))
        defer { clients.close() }
        try await clients.waitForLine(containing: "held \(count)", timeout: .seconds(60))
        let value = try body()
        clients.terminate()
        try await clients.waitForLine(containing: "ended \(count)", timeout: .seconds(60))
        return value
    }

    /// Of a client that never reads: what one that waits costs, and one buffer for what it does not take.
    private static let bytesPerBlockedConnection = bytesPerConnection + TransferPool.bufferByteCount + 4096

    @Test("clients that never read cost a buffer or a pipe each, and no more") func blocked() async throws {
        let backend = try TestBackend()
        let relay = try RelayChild(to: [backend.address], workers: 2, descriptors: 0)
        defer { relay.process.close() }
        let address = try await relay.address()
        try await relay.process.waitForLine(containing: "open 0")
        let count = 100
        try await DedicatedThread.run(named: "test") {
            func connect() throws -> (client: TestStream, server: TestStream) {
                (try TestStream(to: address), try backend.accept().stream)
            }
            let warm = try connect()
            let chunk = [UInt8](repeating: 5, count: 1 << 16)
            var pairs = try (0..<count).map { _ in try connect() }
            let (descriptors, before) = (try relay.descriptorCount(), try relay.residentBytes())
            var quietRounds = 0
            // Until nothing more is taken, several times, for as long as another connection needs for its answer.
            while quietRounds < 5 {
                let taken = try pairs.reduce(0) { try $0 + $1.server.writeSome(chunk[...]) }
                quietRounds = taken == 0 ? quietRounds + 1 : 0
                try warm.client.write("ping")
                try warm.server.write(try warm.server.read(exactly: 4))
                _ = try warm.client.read(exactly: 4)
            }
            let (held, open) = (try relay.residentBytes() - before, try relay.descriptorCount() - descriptors)
            print("\(count) clients that do not read: \(held / count) bytes each, \(open) descriptors")
            #expect(held / count <= Self.bytesPerBlockedConnection, "\(held) bytes")
            // A pipe for the one direction, and some that wait to be used again.
            #expect(open <= 2 * (count + 2 * TransferPool.sparePipeLimit), "\(open) descriptors")
            for pair in pairs { pair.client.reset() }
            pairs = []
        }
    }

    @Test("connections that move much have pipes, and all descriptors are back afterwards") func bulk() async throws {
        let backend = try TestBackend()
        let relay = try RelayChild(to: [backend.address], workers: 2, descriptors: 0)
        defer { relay.process.close() }
        let address = try await relay.address()
        try await relay.process.waitForLine(containing: "open 0")
        let before = try relay.descriptorCount()
        let count = 100
        try await DedicatedThread.run(named: "test") {
            let pattern = Pattern(seed: 6)
            let pairs = try (0..<count).map { _ in
                (client: try TestStream(to: address), server: try backend.accept().stream)
            }
            for pair in pairs {
                let outcome = Outcomes()
                let done = Latch(count: 1)
                _ = try DedicatedThread(named: "write") {
                    do { try RelayTests.send(pattern, 1 << 20, pair.client) } catch { outcome.add("\(error)") }
                    done.countDown()
                }
                try receive(pattern, 1 << 20, pair.server)
                done.wait()
                #expect(outcome.failures == [])
            }
            for pair in pairs {
                pair.server.close()
                _ = try pair.client.readToEnd()
                pair.client.close()
            }
        }
        try await relay.waitUntilEnded(count)
        let after = try relay.descriptorCount()
        #expect(after == before)
    }
}
