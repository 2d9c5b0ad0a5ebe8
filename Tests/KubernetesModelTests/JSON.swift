import FoundationEssentials
import KubernetesModel
import Testing

/// Decodes from JSON text, as the front ends do.
func decode<Value: Decodable>(_ text: String, as type: Value.Type = Value.self) throws -> Value {
    try JSONDecoder().decode(type, from: Data(text.utf8))
}

func encodeJSON(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}

/// The fault that decoding this text as an object of a kind runs into, as `path: message`.
func decodingFault<Value: Decodable>(_ text: String, as type: Value.Type) throws -> String {
    let error = #expect(throws: DecodingError.self) { try decode(text, as: type) }
    return ValidationFault(try #require(error)).description
}
