internal import KubernetesModel

/// `metav1.MicroTime` in JSON: always six digits of a second, `2006-01-02T15:04:05.000000Z`. Read as any time.
struct MicroTime: Codable {
    var time: Timestamp

    init(_ time: Timestamp) { self.time = time }

    init(from decoder: any Decoder) throws { time = try Timestamp(from: decoder) }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    /// More digits than that the API server refuses.
    var text: String {
        let seconds = Timestamp(seconds: time.seconds).description.dropLast()
        let digits = String(time.nanoseconds / 1000)
        return seconds + "." + String(repeating: "0", count: 6 - digits.count) + digits + "Z"
    }
}

extension Timestamp {
    /// As much of it as a MicroTime keeps.
    var inMicroseconds: Timestamp { Timestamp(seconds: seconds, nanoseconds: nanoseconds / 1000 * 1000) }
}
