internal import KubernetesModel
internal import KubernetesWire
internal import ObjectStore

/// What was told of one kind, and so what is news: pages and watch events in, events for the store out.
struct Reflection: Sendable {
    /// What came of a page or of one read of a watch.
    struct News: Sendable {
        var events: [StoreEvent] = []
        /// Told for the first time.
        var faults: [ObjectFault] = []
        /// Events that came twice or late.
        var passedOver = 0
        /// The version to resume from went on.
        var isProgress = false
        var hasBookmark = false
        /// The initial events ended with this read.
        var endsList = false
        /// The server ignores that initial events were asked for: it sends bookmarks amid them.
        var ignoresInitialEvents = false
        /// The watch ends with this.
        var failure: APIStatus?
    }

    let kind: ObjectKind
    /// Complete once; later lists bring it up to date.
    private(set) var hasSynced = false
    /// A list is on its way.
    private(set) var isListing = false
    /// Objects of the list under way.
    private(set) var listed = 0
    private var versions = RecentVersions()
    private var faults = ToldFaults()

    init(kind: ObjectKind) { self.kind = kind }

    /// A watch goes on after this; empty before the first list is complete.
    var version: String { versions.latest }

    mutating func beginList() -> [StoreEvent] {
        isListing = true
        listed = 0
        versions.beginList()
        return [.reset(kind)]
    }

    mutating func endList(at version: String) -> [StoreEvent] {
        isListing = false
        hasSynced = true
        versions.endList(at: version)
        return [.synced(kind)]
    }

    mutating func take(_ page: ObjectList) -> News {
        var news = News()
        news.events.reserveCapacity(page.objects.count)
        for object in page.objects { set(object, &news) }
        for fault in page.faults { pass(fault, &news) }
        return news
    }

    mutating func take(_ events: [WatchEvent]) -> News {
        var news = News()
        news.events.reserveCapacity(events.count)
        let before = versions.latest
        for event in events {
            take(event, &news)
            if news.failure != nil || news.ignoresInitialEvents { break }
        }
        news.isProgress = !isListing && versions.latest != before
        return news
    }

    private mutating func take(_ event: WatchEvent, _ news: inout News) {
        switch event {
        case .set(let object):
            guard admit(object.metadata.key, object.metadata.resourceVersion, &news) else { return }
            set(object, &news)
        case .deleted(let reference, let version):
            guard admit(reference.key, version, &news) else { return }
            faults.forget(reference)
            news.events.append(.delete(reference))
        case .unreadable(let fault, let version):
            if let reference = fault.reference {
                guard admit(reference.key, version, &news) else { return }
            } else if !isListing {
                versions.advance(to: version)
            }
            pass(fault, &news)
        case .bookmark(let version, let endsInitialEvents):
            bookmark(version, endsInitialEvents, &news)
        case .error(let status):
            news.failure = status
        }
    }

    private mutating func bookmark(_ version: String, _ endsInitialEvents: Bool, _ news: inout News) {
        news.hasBookmark = true
        guard isListing else {
            versions.advance(to: version)
            return
        }
        guard endsInitialEvents else {
            news.ignoresInitialEvents = true
            return
        }
        news.events += endList(at: version)
        news.endsList = true
    }

    private mutating func admit(_ key: ObjectKey, _ version: String, _ news: inout News) -> Bool {
        let isNews = versions.admit(key, at: version)
        if !isNews { news.passedOver += 1 }
        return isNews
    }

    private mutating func set(_ object: KubernetesObject, _ news: inout News) {
        faults.forget(object.reference)
        if isListing { listed += 1 }
        news.events.append(.set(object))
    }

    /// The object exists; what it is like is not known, so that what was known of it stays.
    private mutating func pass(_ fault: ObjectFault, _ news: inout News) {
        if isListing, let reference = fault.reference { news.events.append(.keep(reference)) }
        if faults.insert(fault) { news.faults.append(fault) }
    }
}
