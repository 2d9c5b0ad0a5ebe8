import KubernetesTesting
import Testing

@Suite("JSON of the test API server")
struct JSONTests {
    @Test(
        "what is read is written again",
        arguments: [
            "null", "true", "[]", "{}", "-3", "1.5", #""a\"b\\c\nd""#, #"{"b":1,"a":[{"c":null}]}"#, #""é😀""#,
        ])
    func roundTrip(_ text: String) throws {
        let value = try JSON(parsing: text)
        #expect(value.description == text)
    }

    @Test("escapes are read", arguments: [(#""\u00e9""#, "é"), (#""\ud83d\ude00""#, "😀"), (#""\/""#, "/")])
    func escapes(_ text: String, _ value: String) throws {
        let parsed = try JSON(parsing: text)
        #expect(parsed == .string(value))
    }

    @Test("what is no JSON is refused", arguments: ["", "{", "[1,]", "{\"a\"}", "tru", "\"a", "1 2", "{\"a\":1,}", "nan"])
    func refused(_ text: String) {
        #expect(throws: JSONSyntaxError.self) { try JSON(parsing: text) }
    }

    @Test func `the order of members means nothing`() throws {
        let (a, b) = (try JSON(parsing: #"{"a":1,"b":2}"#), try JSON(parsing: #"{"b":2,"a":1}"#))
        #expect(a == b)
        #expect(a.hashValue == b.hashValue)
    }
}
