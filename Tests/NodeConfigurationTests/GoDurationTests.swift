import NodeConfiguration
import Testing

struct GoDurationTests {
    @Test(arguments: [
        ("0", Duration.zero, "0s"), ("0s", .zero, "0s"), ("30s", .seconds(30), "30s"), ("60s", .seconds(60), "1m0s"),
        ("1h30m", .seconds(5400), "1h30m0s"), ("24h", .seconds(86400), "24h0m0s"), ("1.5s", .milliseconds(1500), "1.5s"),
        ("1.5h", .seconds(5400), "1h30m0s"), ("250ms", .milliseconds(250), "250ms"), ("10us", .microseconds(10), "10µs"),
        ("10µs", .microseconds(10), "10µs"), ("7ns", .nanoseconds(7), "7ns"), ("-1m", .seconds(-60), "-1m0s"),
        (".5s", .milliseconds(500), "500ms"), ("1m0.25s", .milliseconds(60_250), "1m0.25s"), ("+2s", .seconds(2), "2s"),
    ])
    func `durations are read and printed as Go does`(text: String, duration: Duration, printed: String) {
        #expect(GoDuration.parse(text) == duration)
        #expect(GoDuration.text(duration) == printed)
        #expect(GoDuration.parse(printed) == duration)
    }

    @Test(arguments: ["", "1", "30", "s", "1d", "1h30", "1 s", ".s", "--1s", "9223372036854775808ns", "3000000h", "1e3s"])
    func `what is no duration is none`(text: String) {
        #expect(GoDuration.parse(text) == nil)
    }
}
