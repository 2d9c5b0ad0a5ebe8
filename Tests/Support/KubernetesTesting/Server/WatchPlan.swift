/// A watch that was accepted: what it begins with and whom it is told of.
struct WatchPlan: Sendable {
    var encoding: ObjectEncoding
    var filter: ObjectFilter
    /// What there is already, as events first.
    var initial: [StoredObject] = []
    /// In the history.
    var place: Int
    /// At its beginning.
    var version: UInt64
    var endsInitialEvents = false
    /// Changes up to this version are not told.
    var after: UInt64 = 0
    var hasBookmarks: Bool
    /// Nil: the server's own time.
    var timeoutSeconds: Int?
    /// The watch is answered with an error event and ends.
    var failure: APIFailure?

    /// - Throws: ``APIFailure``.
    init(_ request: APIRequest, _ cluster: Cluster, _ format: ResponseFormat) throws {
        let query = request.query
        encoding = ObjectEncoding(type: request.type, format: format)
        filter = try ObjectFilter(request)
        hasBookmarks = ["true", "1"].contains(query["allowWatchBookmarks"])
        timeoutSeconds = query["timeoutSeconds"].flatMap { Int($0) }
        version = cluster.version
        let table = cluster.table(request.type)
        place = table.history.end
        let wantsInitial = try Self.wantsInitialEvents(query, cluster.settings)
        let asked = try Cluster.version(query["resourceVersion"] ?? "")
        if asked > cluster.version {
            // The API server waits for the version without a word, but for a streamed list.
            after = asked
            if wantsInitial != nil { failure = .tooLarge(asked, current: cluster.version) }
        } else if wantsInitial ?? (asked == 0) {
            initial = filter.isEverything ? table.objects : table.objects.filter(filter.matches)
            endsInitialEvents = hasBookmarks
        } else if asked > 0 {
            guard let start = table.history.place(after: asked) else {
                failure = .expired("too old resource version: \(asked) (\(table.history.floor))")
                return
            }
            place = start
        }
    }

    /// Nil: not said.
    private static func wantsInitialEvents(_ query: [String: String], _ settings: ClusterSettings) throws -> Bool? {
        guard let text = query["sendInitialEvents"] else {
            if let match = query["resourceVersionMatch"], !match.isEmpty {
                throw Cluster.invalidListOptions(
                    "resourceVersionMatch",
                    "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
            }
            return nil
        }
        guard settings.hasStreamingLists else {
            throw Cluster.invalidListOptions(
                "sendInitialEvents",
                "Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled")
        }
        guard query["resourceVersionMatch"] == "NotOlderThan" else {
            throw Cluster.invalidListOptions(
                "resourceVersionMatch",
                "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
        }
        return ["true", "1"].contains(text)
    }
}
