internal import KubernetesModel
internal import NetworkTypes
internal import ObjectStore

/// What one update works with and gathers.
struct ZoneStep {
    let old: ClusterSnapshot
    let new: ClusterSnapshot
    /// This is the first update: everything is new.
    let isFirst: Bool
    var change = ZoneChange()
    /// By number: namespaces that something happened to, and whether they existed before.
    var namespacesBefore: [Int32: Bool] = [:]
    /// Addresses with a changed name whose other names come from other Services.
    var contested: Set<IPAddress> = []
    /// The Service that NS names was among the changed.
    var touchesServerService = false

    init(old: ClusterSnapshot?, new: ClusterSnapshot) {
        self.old = old ?? ClusterSnapshot()
        self.new = new
        isFirst = old == nil
    }
}
