/// How a reflector asks and waits.
package struct ReflectorSettings: Sendable, Hashable {
    /// Objects in a page of a list.
    package var pageSize: Int
    /// Seconds after which the server shall end a watch, drawn at random, so that load evens out.
    package var watchTimeoutSeconds: ClosedRange<Int>
    package var backoff: Backoff.Settings
    /// After a list that broke off.
    package var cutBackoff: Backoff.Settings
    /// A watch that says nothing for so long is taken for dead and begun anew. API servers send a bookmark every minute,
    /// and a lost connection says nothing by itself. Nil: however long.
    package var silence: Duration?
    /// A watch that ended sooner and without an event has failed.
    package var shortWatch: Duration
    /// Whether lists are asked for as a watch first.
    package var streamsLists: Bool

    package init(
        pageSize: Int = 500, watchTimeoutSeconds: ClosedRange<Int> = 300...600,
        backoff: Backoff.Settings = Backoff.Settings(), cutBackoff: Backoff.Settings = .afterCut, silence: Duration? = .seconds(150),
        shortWatch: Duration = .seconds(1), streamsLists: Bool = true
    ) {
        self.pageSize = pageSize
        self.watchTimeoutSeconds = watchTimeoutSeconds
        self.backoff = backoff
        self.cutBackoff = cutBackoff
        self.silence = silence
        self.shortWatch = shortWatch
        self.streamsLists = streamsLists
    }
}
