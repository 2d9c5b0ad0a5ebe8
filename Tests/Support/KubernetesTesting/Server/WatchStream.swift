internal import NIOCore

/// Writes the events of a watch to its connection. It reads the history at its own pace: a client that reads slowly costs
/// the server nothing, until the history has gone past it and it is told so.
final class WatchStream {
    /// Changes read from the history at a time.
    private static let batch = 256

    private let plan: WatchPlan
    private let state: ServerState
    private let writer: AnswerWriter
    private var place: Int
    private var initial: ArraySlice<StoredObject>
    private var owesInitialEnd: Bool
    private var lastVersion: UInt64
    private var bookmarks: Scheduled<Void>?
    private var timeout: Scheduled<Void>?
    private var isEnded = false

    init(_ plan: WatchPlan, _ state: ServerState, _ writer: AnswerWriter) {
        self.plan = plan
        self.state = state
        self.writer = writer
        place = plan.place
        initial = plan.initial[...]
        owesInitialEnd = plan.endsInitialEvents
        lastVersion = plan.version
    }

    func start() {
        if let failure = plan.failure {
            writer.write(event: plan.encoding.event(failure))
            end()
            return
        }
        let loop = writer.eventLoop
        let stream = NIOLoopBound(self, eventLoop: loop)
        let time = plan.timeoutSeconds.map { TimeAmount.seconds(Int64($0)) } ?? TimeAmount(state.settings.watchTimeout)
        timeout = loop.scheduleTask(in: time) { stream.value.timeOut() }
        if plan.hasBookmarks { scheduleBookmark() }
        pump()
    }

    private func scheduleBookmark() {
        let stream = NIOLoopBound(self, eventLoop: writer.eventLoop)
        bookmarks = writer.eventLoop.scheduleTask(in: TimeAmount(state.settings.bookmarkInterval)) {
            stream.value.bookmark()
        }
    }

    /// A last bookmark lets the client go on from here.
    private func timeOut() {
        if plan.hasBookmarks { writeBookmark() }
        end()
    }

    private func bookmark() {
        if isEnded { return }
        writeBookmark()
        scheduleBookmark()
    }

    private func writeBookmark() {
        if initial.isEmpty, !owesInitialEnd, writer.isWritable {
            writer.write(event: plan.encoding.bookmark(lastVersion, endsInitialEvents: false))
            writer.flush()
        }
    }

    /// Writes what there is for as long as the connection takes it.
    func pump() {
        while !isEnded, writer.isWritable {
            if let object = initial.popFirst() {
                writer.write(event: plan.encoding.event("ADDED", object))
            } else if owesInitialEnd {
                owesInitialEnd = false
                writer.write(event: plan.encoding.bookmark(plan.version, endsInitialEvents: true))
            } else if !writeChanges() {
                break
            }
            if writer.hasEnded { end() }
        }
        writer.flush()
    }

    /// - Returns: false when there are none for now.
    private func writeChanges() -> Bool {
        guard let (changes, version) = state.changes(plan.encoding.type, from: place, limit: Self.batch) else {
            writer.write(event: plan.encoding.event(.expired("too old resource version: \(lastVersion)")))
            end()
            return false
        }
        place += changes.count
        for change in changes where change.version > plan.after {
            if let event = event(change) { writer.write(event: event) }
            if writer.hasEnded { return true }
        }
        if changes.count < Self.batch { lastVersion = max(lastVersion, version) } else { lastVersion = changes.last?.version ?? lastVersion }
        return !changes.isEmpty
    }

    /// An object that leaves the selection is deleted for this watch, one that comes into it is added.
    private func event(_ change: Change) -> [UInt8]? {
        let was = change.before.map(plan.filter.matches) ?? false
        if change.isDeletion { return was ? plan.encoding.event("DELETED", change.after) : nil }
        switch (was, plan.filter.matches(change.after)) {
        case (true, true): return plan.encoding.event("MODIFIED", change.after)
        case (false, true): return plan.encoding.event("ADDED", change.after)
        case (true, false):
            guard var tree = change.before?.tree else { return nil }
            tree[["metadata", "resourceVersion"]] = .string(String(change.version))
            return plan.encoding.event("DELETED", StoredObject(tree, version: change.version))
        case (false, false): return nil
        }
    }

    func disturb(_ fault: Fault) {
        if isEnded { return }
        switch fault {
        case .stall: writer.stall()
        case .end(let ending, _):
            writer.cut(ending, in: plan.encoding.bookmark(lastVersion, endsInitialEvents: false))
            end()
        case .noAnswer:
            writer.abort()
            end()
        case .failure(let failure):
            writer.write(event: plan.encoding.event(failure))
            end()
        case .duplicates, .slow, .delay: break
        }
    }

    /// The server ends the watch.
    func end() {
        if isEnded { return }
        stop()
        writer.end()
    }

    /// Also when the client is gone.
    func stop() {
        isEnded = true
        bookmarks?.cancel()
        timeout?.cancel()
    }
}
