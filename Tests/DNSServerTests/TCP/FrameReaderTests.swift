import NIOCore
import Testing

@testable import DNSServer

@Suite struct FrameReaderTests {
    private func frames(_ reader: inout FrameReader) -> [[UInt8]] {
        var result: [[UInt8]] = []
        while case .frame(let message) = reader.next() { result.append(Array(message.readableBytesView)) }
        return result
    }

    private static let stream: [UInt8] = [0, 3, 1, 2, 3, 0, 0, 0, 1, 9, 0, 2, 7, 8]
    private static let messages: [[UInt8]] = [[1, 2, 3], [], [9], [7, 8]]

    @Test func `several frames in one segment are all there`() {
        var reader = FrameReader(limit: 16)
        reader.append(ByteBuffer(bytes: Self.stream))
        let read = frames(&reader)
        #expect(read == Self.messages)
        #expect(reader.waitingBytes == 0)
    }

    @Test func `a stream cut at any two bytes gives the same frames`() {
        for first in 0...Self.stream.count {
            for second in first...Self.stream.count {
                var reader = FrameReader(limit: 16)
                var read: [[UInt8]] = []
                for part in [Self.stream[..<first], Self.stream[first..<second], Self.stream[second...]] {
                    reader.append(ByteBuffer(bytes: part))
                    read += frames(&reader)
                    reader.settle()
                }
                #expect(read == Self.messages, "cut at \(first) and \(second)")
                #expect(reader.waitingBytes == 0, "cut at \(first) and \(second)")
            }
        }
    }

    @Test func `an announced length over the limit is told before its bytes come`() {
        var reader = FrameReader(limit: 16)
        reader.append(ByteBuffer(bytes: [0, 16] + [UInt8](repeating: 5, count: 16) + [0, 17]))
        let fits = reader.next()
        #expect(fits == .frame(ByteBuffer(repeating: 5, count: 16)))
        let tooLong = reader.next()
        #expect(tooLong == .oversized(17))
    }

    @Test func `what waits survives and does not hold the memory that was read into`() {
        var reader = FrameReader(limit: 4096)
        var read = ByteBufferAllocator().buffer(capacity: 16384)
        read.writeBytes([0, 1, 4, 0, 2, 6])
        reader.append(read)
        let first = frames(&reader)
        reader.settle()
        #expect(first == [[4]])
        #expect(reader.waitingBytes == 3)
        reader.append(ByteBuffer(bytes: [7]))
        let rest = frames(&reader)
        #expect(rest == [[6, 7]])
    }
}
