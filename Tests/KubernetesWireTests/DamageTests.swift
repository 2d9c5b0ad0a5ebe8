import KubernetesModel
import KubernetesModelTesting
import KubernetesWire
import RandomTesting
import Testing

@Suite("Damaged bytes")
struct DamageTests {
    @Test("lists and watches with bytes changed, cut and repeated are read or refused", arguments: WireFormat.allCases)
    func damage(_ format: WireFormat) throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var objects = RandomObjects(seed: seed)
        for _ in 0..<300 {
            let kind = objects.random.pick(ObjectKind.allCases)
            let encoder = ObjectEncoder(APIResource(kind), format: format)
            let items = try (0..<3).map { _ in try encoder.item(objects.object(kind)) }
            let list = Self.damaged(try encoder.list(items, resourceVersion: "1"), &objects.random)
            _ = try? ObjectDecoder(kind, format: format).list(list)
            _ = try? ObjectDecoder(kind, format: format).object(Self.damaged(encoder.object(items[0]), &objects.random))
            _ = APIStatus(httpStatus: 500, body: list)
            var reader = WatchFrameReader(kind, format: format, limit: 1 << 20)
            _ = try? reader.read(Self.damaged(items.flatMap { encoder.event(.modified, $0) }, &objects.random))
            #expect(reader.pendingCount <= 1 << 20)
        }
    }

    private static func damaged(_ bytes: [UInt8], _ random: inout SplitMix64) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<random.number(1...4) where !bytes.isEmpty {
            let index = random.number(0...(bytes.count - 1))
            switch random.number(0...4) {
            case 0: bytes[index] = UInt8(random.number(0...255))
            case 1: bytes[index] ^= 1 << UInt8(random.number(0...7))
            case 2: bytes.removeSubrange(index...min(index + random.number(0...9), bytes.count - 1))
            case 3: bytes.insert(contentsOf: bytes[index..<min(index + 9, bytes.count)], at: index)
            default: bytes.removeLast(random.number(0...min(20, bytes.count)))
            }
        }
        return bytes
    }
}
