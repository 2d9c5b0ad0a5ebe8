internal import KubernetesModel
internal import KubernetesWire

/// The versions at which objects were told of last, so that an event that comes twice or late changes nothing.
///
/// Only objects that changed lately are held one by one. All others are known to be no newer than the list they came
/// with, or than what was forgotten since.
struct RecentVersions: Sendable {
    /// Objects held one by one: duplicates come right after a resume, not thousands of changes later. At the limit all
    /// are forgotten, and every version up to the latest counts as told.
    static let limit = 4096

    /// The latest that was told of; empty before the first.
    private(set) var latest = ""
    /// Every object is told of at least up to here; nil while a list is on its way.
    private var floor: String?
    private var versions: [ObjectKey: String] = [:]

    /// A list begins: it is true whatever was told before, for a server restored from a backup counts anew.
    mutating func beginList() { self = RecentVersions() }

    /// The list is complete at this version.
    mutating func endList(at version: String) {
        floor = version
        latest = version
        versions.removeAll(keepingCapacity: false)
    }

    /// Whether an event of this object is news, and if so, remembers it.
    mutating func admit(_ key: ObjectKey, at version: String) -> Bool {
        guard !version.isEmpty else { return true }
        if let known = versions[key] ?? floor, !ResourceVersion.isNewer(version, than: known) { return false }
        if versions.count >= Self.limit, versions[key] == nil { forget() }
        versions[key] = version
        if floor != nil { advance(to: version) }
        return true
    }

    /// Nothing else happened up to this version.
    ///
    /// - Returns: whether it is later than what was known.
    @discardableResult
    mutating func advance(to version: String) -> Bool {
        guard !version.isEmpty, ResourceVersion.isNewer(version, than: latest) else { return false }
        latest = version
        return true
    }

    private mutating func forget() {
        versions.removeAll(keepingCapacity: true)
        if floor != nil { floor = latest }
    }
}
