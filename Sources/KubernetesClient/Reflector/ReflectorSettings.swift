/// How a reflector asks and waits.
package struct ReflectorSettings: Sendable, Hashable {
    /// Objects in a page of a list.
    package var pageSize: Int
    /// Seconds after which the server shall end a watch, drawn at random, so that load evens out.
    package var watchTimeoutSeconds: ClosedRange<Int>
    package var backoff: Backoff.Settings
    /// After a list that broke off.
    package var cutBackoff: Backoff.Settings
    /// When the server answers another kind again, whoever waits asks within this time, drawn at random, so that they do
    /// not ask together.
    package var returnSpread: Duration
    /// A watch that says nothing for so long is given up, and resumed from the last version. Nil: however long.
    ///
    /// A lost connection says nothing by itself. API servers send every watch a bookmark once a minute, also when nothing
    /// changes (k8s.io/apiserver, storage/cacher): 150 s are two of them missed, and half a minute for one that is late.
    package var silence: Duration?
    /// A watch that ended sooner and without an event has failed.
    package var shortWatch: Duration
    /// Whether lists are asked for as a watch first.
    package var streamsLists: Bool

    package init(
        pageSize: Int = 500, watchTimeoutSeconds: ClosedRange<Int> = 300...600,
        backoff: Backoff.Settings = Backoff.Settings(), cutBackoff: Backoff.Settings = .afterCut,
        returnSpread: Duration = .milliseconds(500), silence: Duration? = .seconds(150),
        shortWatch: Duration = .seconds(1), streamsLists: Bool = true
    ) {
        self.pageSize = pageSize
        self.watchTimeoutSeconds = watchTimeoutSeconds
        self.backoff = backoff
        self.cutBackoff = cutBackoff
        self.returnSpread = returnSpread
        self.silence = silence
        self.shortWatch = shortWatch
        self.streamsLists = streamsLists
    }

    /// Seconds after which the server shall end a watch of which it is not known that bookmarks come in it (none do where
    /// its watch cache is off): within ``silence``, so that its end is heard at least. Nil: as any other.
    var quietWatchTimeoutSeconds: Int? {
        silence.map { max(1, Int($0 / .seconds(1) * 0.8)) }
    }
}
