import Foundation
import Testing

@Suite("Generated messages")
struct GeneratedTests {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Sources/KubernetesWire")

    @Test("the committed Swift is that of the committed .proto files: else make protos")
    func inStep() throws {
        let protos = Self.folder.appending(path: "Protos")
        let names = try FileManager.default.contentsOfDirectory(atPath: protos.path).filter { $0.hasSuffix(".proto") }
        let sums = try names.sorted().map { name in
            let bytes = try Data(contentsOf: protos.appending(path: name))
            return "\(Self.checksum(bytes)) \(bytes.count) \(name)\n"
        }
        let recorded = try String(contentsOf: Self.folder.appending(path: "Generated/protos.cksum"), encoding: .utf8)
        #expect(!names.isEmpty)
        #expect(recorded == sums.joined())
    }

    /// What cksum(1) prints (POSIX): a CRC with the polynomial 0x04C11DB7 over the bytes and then their number.
    private static func checksum(_ bytes: Data) -> UInt32 {
        var crc: UInt32 = 0
        func add(_ byte: UInt8) {
            crc ^= UInt32(byte) << 24
            for _ in 0..<8 { crc = crc & 0x8000_0000 != 0 ? crc << 1 ^ 0x04C1_1DB7 : crc << 1 }
        }
        bytes.forEach(add)
        var length = bytes.count
        while length > 0 {
            add(UInt8(truncatingIfNeeded: length))
            length >>= 8
        }
        return ~crc
    }
}
