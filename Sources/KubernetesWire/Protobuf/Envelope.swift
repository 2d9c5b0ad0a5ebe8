/// `runtime.Unknown` after the bytes `k8s\0`: what every object, list and Status is wrapped in
/// (apimachinery, `pkg/runtime/types.go` and `serializer/protobuf`).
struct Envelope {
    static let magic: [UInt8] = [0x6B, 0x38, 0x73, 0x00]

    var apiVersion = ""
    var kind = ""
    /// Where the object lies.
    var raw: Range<Int>

    /// The bytes begin as an envelope does.
    static func starts(_ bytes: borrowing Span<UInt8>, at start: Int = 0) -> Bool {
        guard bytes.count - start >= magic.count else { return false }
        for index in 0..<magic.count where bytes[start + index] != magic[index] { return false }
        return true
    }

    init(_ bytes: borrowing Span<UInt8>, in range: Range<Int>) throws(WireError) {
        guard range.count >= Self.magic.count, Self.starts(bytes, at: range.lowerBound) else {
            throw .malformed("no protobuf of Kubernetes: it does not begin with k8s")
        }
        raw = range.upperBound..<range.upperBound
        var fields = MessageFields(in: range.lowerBound + Self.magic.count..<range.upperBound)
        while let (number, value) = try fields.next(of: bytes) {
            guard case .bytes(let range) = value else { continue }
            switch number {
            case 1: try readTypeMeta(bytes, in: range)
            case 2: raw = range
            case 3 where !range.isEmpty: throw .malformed("an object with a content encoding")
            default: break
            }
        }
    }

    private mutating func readTypeMeta(_ bytes: borrowing Span<UInt8>, in range: Range<Int>) throws(WireError) {
        var fields = MessageFields(in: range)
        while let (number, value) = try fields.next(of: bytes) {
            guard case .bytes(let range) = value else { continue }
            switch number {
            case 1: apiVersion = String(copying: bytes.extracting(range))
            case 2: kind = String(copying: bytes.extracting(range))
            default: break
            }
        }
    }

    /// An object in its envelope.
    static func wrap(_ raw: [UInt8], apiVersion: String, kind: String) -> [UInt8] {
        var type = MessageWriter()
        type.write(1, apiVersion)
        type.write(2, kind)
        var writer = MessageWriter(
            capacity: magic.count + MessageWriter.size(of: type.bytes.count) + MessageWriter.size(of: raw.count) + 4)
        writer.append(magic)
        writer.write(1, type.bytes)
        writer.write(2, raw)
        writer.write(3, "")
        writer.write(4, "")
        return writer.bytes
    }
}
