/// Numbers of bytes as Kubernetes' quantities spell them: `65536`, `512Ki`, `32Mi`, `1Gi`, `64M`.
enum ByteCountText {
    private static let units: [(suffix: String, bytes: Int)] = [
        ("Ki", 1 << 10), ("Mi", 1 << 20), ("Gi", 1 << 30), ("k", 1000), ("M", 1_000_000), ("G", 1_000_000_000), ("", 1),
    ]

    /// Nil for what is none, or is beyond 1 TiB.
    static func bytes(_ text: String) -> Int? {
        for (suffix, unit) in units where text.hasSuffix(suffix) {
            let digits = text.dropLast(suffix.count)
            guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(digits),
                number <= (1 << 40) / unit
            else { return nil }
            return number * unit
        }
        return nil
    }
}
