/// What goes wrong, and what was asked.
extension TestAPIServer {
    /// - Returns: takes the rule back with ``removeFault(_:)``.
    @discardableResult
    package func inject(_ rule: FaultRule) -> Int { state.addFault(rule) }

    @discardableResult
    package func inject(
        _ fault: Fault, verbs: Set<APIRequest.Verb> = [], of plural: String? = nil, skip: Int = 0, count: Int? = 1
    ) -> Int {
        inject(FaultRule(fault, verbs: verbs, of: plural, skip: skip, count: count))
    }

    package func removeFault(_ id: Int) { state.removeFault(id) }
    package func removeFaults() { state.removeFaults() }
    /// How often a rule's fault has happened.
    package var faultHits: Int { state.faultHits }

    /// Something happens to the watches that are under way: they end as said, stall, or end with an error event.
    ///
    /// - Parameter plural: of the resource; nil: of all.
    package func disturbWatches(of plural: String? = nil, _ fault: Fault) {
        for watch in state.watches(of: plural) { watch.disturb(fault) }
    }

    package func watchCount(of plural: String? = nil) -> Int { state.watches(of: plural).count }

    /// Changes are kept from the watches of these resources until ``releaseEvents()``; bookmarks tell no later version.
    package func holdEvents(of plurals: Set<String>) { state.hold(plurals) }
    package func releaseEvents() { state.release() }

    /// What was until now is forgotten: lists and watches from an earlier version are answered with 410, while watches
    /// that have seen everything go on.
    package func compact() { state.write { $0.compact() } }

    /// How many requests for resources came so far: where to begin to wait from.
    package var requestCount: Int { state.requestCount }

    /// The requests since that many had come.
    package func requests(from start: Int = 0) -> [RequestRecord] { state.requests(from: start) }

    /// The first request after `start` that matches, already there or yet to come.
    ///
    /// - Throws: when the task is cancelled.
    @discardableResult
    package func request(
        from start: Int = 0, where matches: @escaping @Sendable (RequestRecord) -> Bool
    ) async throws -> RequestRecord {
        try await state.request(from: start, matching: matches)
    }

    /// A request of these verbs for this resource.
    @discardableResult
    package func request(
        _ verbs: APIRequest.Verb..., of plural: String, from start: Int = 0
    ) async throws -> RequestRecord {
        try await request(from: start) { verbs.contains($0.verb) && $0.plural == plural }
    }
}
