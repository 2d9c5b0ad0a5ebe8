import KubernetesModel
import KubernetesModelTesting
import Testing

@Suite struct TimestampTests {
    @Test(
        "parses RFC 3339 and prints it in UTC",
        arguments: [
            ("1970-01-01T00:00:00Z", 0, 0, "1970-01-01T00:00:00Z"),
            ("2006-01-02T15:04:05Z", 1_136_214_245, 0, "2006-01-02T15:04:05Z"),
            ("2006-01-02t15:04:05z", 1_136_214_245, 0, "2006-01-02T15:04:05Z"),
            ("2006-01-02T15:04:05.5Z", 1_136_214_245, 500_000_000, "2006-01-02T15:04:05.5Z"),
            ("2006-01-02T15:04:05.000001Z", 1_136_214_245, 1000, "2006-01-02T15:04:05.000001Z"),
            ("2006-01-02T15:04:05.1234567899Z", 1_136_214_245, 123_456_789, "2006-01-02T15:04:05.123456789Z"),
            ("2006-01-02T15:04:05.000Z", 1_136_214_245, 0, "2006-01-02T15:04:05Z"),
            ("2006-01-02T15:04:05+07:00", 1_136_189_045, 0, "2006-01-02T08:04:05Z"),
            ("2006-01-02T15:04:05-07:30", 1_136_241_245, 0, "2006-01-02T22:34:05Z"),
            ("2024-02-29T23:59:59Z", 1_709_251_199, 0, "2024-02-29T23:59:59Z"),
            ("2000-02-29T00:00:00Z", 951_782_400, 0, "2000-02-29T00:00:00Z"),
            ("1969-12-31T23:59:59Z", -1, 0, "1969-12-31T23:59:59Z"),
            ("0001-01-01T00:00:00Z", -62_135_596_800, 0, "0001-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59Z", 253_402_300_799, 0, "9999-12-31T23:59:59Z"),
        ] as [(String, Int64, Int32, String)])
    func parse(text: String, seconds: Int64, nanoseconds: Int32, printed: String) throws {
        let timestamp = try #require(Timestamp(text))
        #expect(timestamp == Timestamp(seconds: seconds, nanoseconds: nanoseconds))
        #expect(timestamp.description == printed)
    }

    @Test(
        "refuses what is no instant",
        arguments: [
            "", "2006-01-02", "2006-01-02T15:04:05", "2006-01-02 15:04:05Z", "2006-1-2T15:04:05Z", "2006-13-02T15:04:05Z",
            "2006-00-02T15:04:05Z", "2006-01-32T15:04:05Z", "2006-01-00T15:04:05Z", "2023-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z", "2006-04-31T00:00:00Z", "2006-01-02T24:00:00Z", "2006-01-02T15:60:00Z",
            "2006-01-02T15:04:60Z", "2006-01-02T15:04:05.Z", "2006-01-02T15:04:05+7:00", "2006-01-02T15:04:05+24:00",
            "2006-01-02T15:04:05+0700", "2006-01-02T15:04:05Zx", "+006-01-02T15:04:05Z",
        ])
    func refused(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test("printing and parsing gives back the instant, each day of 800 years")
    func everyDay() {
        for day in -365_000 as Int64 ..< -73_000 {
            let timestamp = Timestamp(seconds: day * 86400 + 3661)
            #expect(Timestamp(timestamp.description) == timestamp)
        }
    }
}
