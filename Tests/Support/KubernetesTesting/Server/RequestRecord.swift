/// A request that the server had, for a test to look at.
package struct RequestRecord: Sendable, Hashable, CustomStringConvertible {
    package var verb: APIRequest.Verb
    /// `services`.
    package var plural: String
    package var namespace: String
    package var name: String
    package var query: [String: String]
    package var accept: String
    package var contentType: String
    /// Whom the credentials name.
    package var user: String
    package var userAgent: String
    package var body: [UInt8]

    package var description: String {
        let query = query.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "&")
        return "\(verb.rawValue) \(plural) \(namespace)/\(name)?\(query)"
    }
}

/// The last requests, and who waits for one.
struct RequestLog: Sendable {
    struct Waiter: Sendable {
        let id: Int
        let first: Int
        let matches: @Sendable (RequestRecord) -> Bool
        let continuation: CheckedContinuation<RequestRecord, any Error>
    }

    let limit: Int
    private(set) var records: [RequestRecord] = []
    private(set) var count = 0
    private var waiters: [Waiter] = []

    init(limit: Int) { self.limit = limit }

    /// - Returns: those who waited for it.
    mutating func append(_ record: RequestRecord) -> [Waiter] {
        records.append(record)
        count += 1
        if records.count >= 2 * limit { records.removeFirst(records.count - limit) }
        let served = waiters.filter { $0.matches(record) }
        waiters.removeAll { waiter in served.contains { $0.id == waiter.id } }
        return served
    }

    /// Those kept of the requests from this number on, the first being 0.
    func records(from start: Int) -> ArraySlice<RequestRecord> {
        records.suffix(max(0, min(records.count, count - start)))
    }

    mutating func add(_ waiter: Waiter) { waiters.append(waiter) }

    mutating func removeWaiter(_ id: Int) -> Waiter? {
        guard let index = waiters.firstIndex(where: { $0.id == id }) else { return nil }
        return waiters.remove(at: index)
    }
}
