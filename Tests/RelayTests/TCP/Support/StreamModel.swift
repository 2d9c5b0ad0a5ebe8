import Glibc
import LinuxSystem
import RandomTesting

@testable import Relay

/// One connection through a relay, and what two sockets without one would show: each side gets a beginning of what the
/// other has sent, all of it once that has ended, and an error at last if somebody reset.
struct StreamModel {
    private struct Side {
        let stream: TestStream
        let pattern: Pattern
        var sent = 0
        var received = 0
        var hasEnded = false
        var sawEnd = false
    }

    private static let patterns = [Pattern(seed: 10), Pattern(seed: 11)]

    private enum Step: CaseIterable {
        case writeLittle, writeMuch, read, readLittle, readMuch, end, reset
    }

    private var sides: [Side]
    private var generator: SplitMix64
    private var log: [String] = []

    init(_ relay: TestRelay, _ backend: TestBackend, seed: UInt64) throws {
        generator = SplitMix64(seed: seed)
        let client = try TestStream(to: relay.address)
        let (server, _) = try backend.accept()
        sides = [
            Side(stream: client, pattern: Self.patterns[0]), Side(stream: server, pattern: Self.patterns[1]),
        ]
    }

    mutating func run() throws {
        do {
            for _ in 0..<Int.random(in: 1...60, using: &generator) {
                let side = Int.random(in: 0...1, using: &generator)
                let step = Step.allCases.randomElement(using: &generator) ?? .read
                if step == .reset {
                    // Seldom, else nothing else would be seen.
                    guard Int.random(in: 0..<8, using: &generator) == 0 else { continue }
                    return try reset(side)
                }
                log.append("\(side == 0 ? "client" : "backend") \(step)")
                try perform(step, side)
            }
            try finish()
        } catch { throw TestFailure("\(error) after \(log.joined(separator: ", "))") }
    }

    private mutating func perform(_ step: Step, _ side: Int) throws {
        switch step {
        case .writeLittle: try write(side, Int.random(in: 1...100, using: &generator))
        case .writeMuch: try write(side, Int.random(in: 1...600_000, using: &generator))
        case .read: try read(side, 65521)
        case .readLittle: try read(side, Int.random(in: 1...50, using: &generator))
        case .readMuch: for _ in 0..<20 { try read(side, 65521) }
        case .end:
            guard Int.random(in: 0..<4, using: &generator) == 0, !sides[side].hasEnded else { return }
            try sides[side].stream.end()
            sides[side].hasEnded = true
        case .reset: break
        }
    }

    private mutating func write(_ side: Int, _ count: Int) throws {
        guard !sides[side].hasEnded else { return }
        var left = count
        while left > 0 {
            let chunk = sides[side].pattern.chunk(at: sides[side].sent, count: min(left, Pattern.chunkLimit))
            let taken = try sides[side].stream.writeSome(chunk)
            sides[side].sent += taken
            left -= taken
            if taken < chunk.count { return }
        }
    }

    private mutating func read(_ side: Int, _ limit: Int) throws {
        guard !sides[side].sawEnd, let bytes = try sides[side].stream.readSome(limit: limit) else { return }
        try take(side, bytes)
    }

    private mutating func take(_ side: Int, _ bytes: [UInt8]) throws {
        let other = sides[1 - side]
        if bytes.isEmpty {
            sides[side].sawEnd = true
            guard other.hasEnded, sides[side].received == other.sent else {
                throw TestFailure("the end after \(sides[side].received) of \(other.sent) bytes")
            }
        }
        guard other.pattern.matches(bytes, at: sides[side].received) else {
            throw TestFailure("other bytes at \(sides[side].received)")
        }
        sides[side].received += bytes.count
        guard sides[side].received <= other.sent else { throw TestFailure("bytes that nobody sent") }
    }

    /// Both sides end, and everything arrives.
    private mutating func finish() throws {
        for side in 0...1 where !sides[side].hasEnded {
            try sides[side].stream.end()
            sides[side].hasEnded = true
        }
        for side in [0, 1].shuffled(using: &generator) {
            while !sides[side].sawEnd { try take(side, try sides[side].stream.read(limit: 65521)) }
        }
    }

    /// The other side gets a beginning of what was sent, and then the reset.
    private mutating func reset(_ side: Int) throws {
        log.append("\(side == 0 ? "client" : "backend") reset")
        let bothEnded = sides[0].sawEnd && sides[1].sawEnd
        sides[side].stream.reset()
        let other = 1 - side
        guard !bothEnded, !sides[other].sawEnd || !sides[other].hasEnded else { return }
        if sides[other].sawEnd {
            // Its direction is the only one left: what it sends is answered with an error.
            return try awaitRefusal(other)
        }
        while true {
            do {
                let bytes = try sides[other].stream.read(limit: 65521)
                if bytes.isEmpty, sides[side].hasEnded { return }
                try take(other, bytes)
            } catch let error as Errno {
                guard error == .connectionReset || error == .brokenPipe else { throw error }
                return
            }
        }
    }

    private mutating func awaitRefusal(_ side: Int) throws {
        do {
            while true {
                let count = try sides[side].stream.writeSome([0])
                if count == 0 { try sides[side].stream.wait(for: Int16(POLLOUT)) }
            }
        } catch let error as Errno {
            guard error == .connectionReset || error == .brokenPipe else { throw error }
        }
    }
}
