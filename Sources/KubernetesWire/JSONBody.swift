internal import FoundationEssentials
internal import KubernetesModel

/// Bodies of requests and responses that are JSON: single objects, read and written.
package enum JSONBody {
    package static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return Array(try encoder.encode(value))
    }

    /// - Throws: ``WireError/malformed(_:)`` with the field that is wrong.
    package static func decode<Value: Decodable>(
        _ type: Value.Type, from body: borrowing Span<UInt8>
    ) throws(WireError) -> Value {
        do {
            let data = Data(copying: body)
            return try JSONDecoder().decode(type, from: data)
        } catch let error as DecodingError {
            throw .malformed(ValidationFault(error).description)
        } catch {
            throw .malformed(String(describing: error))
        }
    }
}
