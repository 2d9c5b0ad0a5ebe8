import KubernetesWire
import Testing

@Suite("Answers that refuse")
struct APIStatusTests {
    @Test("a Status is read from both formats as it was written", arguments: WireFormat.allCases)
    func bothFormats(_ format: WireFormat) throws {
        for status in [
            APIStatus(code: 409, reason: "Conflict", message: "the object has been modified"),
            APIStatus(code: 429, reason: "TooManyRequests", retryAfterSeconds: 3), APIStatus(code: 500),
        ] {
            let body = try ObjectEncoder.status(status, format: format)
            let read = APIStatus(httpStatus: 599, body: body.span)
            #expect(read == status)
        }
    }

    @Test(
        "what is no Status is told as text",
        arguments: [
            ("404 page not found\n", "404 page not found"), ("", ""), ("{\"kind\":\"Pod\"}", "{\"kind\":\"Pod\"}"),
            ("{", "{"), ("k8s\0\u{7F}", "k8s\0\u{7F}"), ("<html>", "<html>"),
            (String(repeating: "x", count: 5000), String(repeating: "x", count: 1024)),
        ])
    func text(_ body: String, _ message: String) {
        let status = APIStatus(httpStatus: 502, body: Array(body.utf8).span, retryAfterSeconds: 7)
        #expect(status == APIStatus(code: 502, message: message, retryAfterSeconds: 7))
    }

    @Test("the header's time to wait goes before the body's, and a body without a code has that of HTTP")
    func precedence() {
        let body = Array(#"{"kind":"Status","reason":"X","details":{"retryAfterSeconds":9}}"#.utf8)
        let plain = APIStatus(httpStatus: 503, body: body.span)
        #expect(plain == APIStatus(code: 503, reason: "X", retryAfterSeconds: 9))
        let header = APIStatus(httpStatus: 503, body: body.span, retryAfterSeconds: 1)
        #expect(header.retryAfterSeconds == 1)
    }
}
