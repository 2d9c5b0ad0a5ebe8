import NetworkTypes
import Testing

@Suite struct PercentEncodingTests {
    @Test(arguments: ["", "a b", "ns/web", "ü&=+%", "plain-._~"])
    func `what is encoded decodes to itself`(text: String) {
        #expect(PercentEncoding.decoded(PercentEncoding.encoded(text)) == text)
    }

    @Test(arguments: [("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("%41%", "A%"), ("a+b", "a+b")])
    func `half an encoding stays as it is`(text: String, decoded: String) {
        #expect(PercentEncoding.decoded(text) == decoded)
    }
}
