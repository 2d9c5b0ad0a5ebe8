internal import Synchronization

/// Makes equal strings share one buffer: node names, zones and label keys recur in every object.
///
/// A decoder carries one under ``key`` of its `userInfo`; without one, strings stay as they were decoded.
package final class StringInterner: Sendable {
    /// The key of `userInfo` under which decoding looks for an interner.
    package static let key: CodingUserInfoKey = {
        guard let key = CodingUserInfoKey(rawValue: "fairway.stringInterner") else {
            preconditionFailure("CodingUserInfoKey accepts every string")
        }
        return key
    }()

    /// Strings kept: more than the node names, zones and label keys of the largest clusters (5 000
    /// nodes), at about 6 MB. Further strings are handed back as they came.
    package static let defaultLimit = 65_536

    /// Bytes that a `String` holds inline on 64-bit machines: interning those would save nothing.
    private static let inlineLength = 15

    private let limit: Int
    private let strings = Mutex<Set<String>>([])

    /// An interner that keeps at most this many strings.
    package init(limit: Int = defaultLimit) {
        self.limit = limit
    }

    /// Strings kept now.
    package var count: Int { strings.withLock { $0.count } }

    /// An equal string, sharing the buffer of the first such string seen.
    package func intern(_ text: String) -> String {
        guard text.utf8.count > Self.inlineLength else { return text }
        return strings.withLock { strings in
            if strings.count < limit { return strings.insert(text).memberAfterInsert }
            return strings.firstIndex(of: text).map { strings[$0] } ?? text
        }
    }

    /// Keys and values alike.
    package func intern(keysOf map: [String: String]) -> [String: String] {
        var result = [String: String](minimumCapacity: map.count)
        for (key, value) in map { result[intern(key)] = intern(value) }
        return result
    }
}

extension Decoder {
    var interner: StringInterner? { userInfo[StringInterner.key] as? StringInterner }
}

extension StringInterner? {
    func intern(_ text: String?) -> String? {
        guard let self, let text else { return text }
        return self.intern(text)
    }
}
