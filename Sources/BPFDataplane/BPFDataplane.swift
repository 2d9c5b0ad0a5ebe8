internal import BPF
package import Dataplane
internal import LinuxSystem
internal import Netlink
package import NetworkTypes
package import ServiceTable

/// Services in hash maps of the kernel: sockets of the node are sent to a backend at connect(), packets from elsewhere
/// are translated where they arrive. No connection tracking, and IPVS's schedulers.
///
/// Everything is pinned: connections, and new ones, go on while no process runs. Calls block; one thread makes them, in
/// the network namespace of the node.
package struct BPFDataplane: Dataplane, ~Copyable {
    package static let modeName = "ebpf"

    private let settings: BPFSettings
    private let notify: @Sendable (BPFNotice) -> Void
    /// From the first call that needs the kernel.
    private(set) var engine: BPFEngine?
    private let view: BPFView

    /// Asks the kernel for nothing yet.
    ///
    /// - Parameters:
    ///   - view: shows what the kernel holds, from the first synchronisation on.
    ///   - notify: is told what happens beside synchronisations, on any thread.
    package init(
        _ settings: BPFSettings, view: BPFView = BPFView(), notify: @escaping @Sendable (BPFNotice) -> Void = { _ in }
    ) {
        self.settings = settings
        self.view = view
        self.notify = notify
    }

    deinit {
        view.show(nil)
        engine?.stop()
    }

    /// - Throws: `.unsupported` naming every part that the kernel lacks, `.permission`, `.newerVersion`; `.refused` when
    ///   another process works with the pin folder.
    package mutating func adoptOrder() throws(DataplaneError) -> AdoptedOrder { try open().order() }

    /// Finds out whether this process could be the dataplane, beside another one that is, and changes nothing.
    ///
    /// - Throws: as `adoptOrder` does, but for the pin folder that another process works with.
    package static func rehearse(_ settings: BPFSettings) throws(DataplaneError) { try BPFEngine.rehearse(settings) }

    private mutating func open() throws(DataplaneError) -> BPFEngine {
        if let engine { return engine }
        let opened = try BPFEngine(settings, notify: notify)
        engine = opened
        view.show(opened)
        return opened
    }

    package mutating func synchronize(
        _ table: ServiceTable, family: IPFamily
    ) throws(DataplaneError) -> SyncReport { try open().synchronize(table, family: family) }

    package mutating func apply(
        _ change: ServiceTableChange, family: IPFamily
    ) throws(DataplaneError) -> SyncReport { try open().apply(change, family: family) }

    /// Ends every connection in the table: a packet of one is then of none.
    package mutating func forgetConnections() throws(DataplaneError) {
        let engine = try open()
        try dataplane("end connections") { try engine.forgetConnections() }
    }

    /// Needs no feature of the kernel that the mode itself needs: where nothing is pinned nothing is asked for.
    ///
    /// - Throws: `.refused` for what another network namespace's daemon left, or while another process works with it.
    package mutating func cleanup() throws(DataplaneError) -> [String] {
        view.show(nil)
        if let engine { engine.stop() }
        engine = nil
        return try dataplane("remove what is pinned at \(settings.pinPath)") { try Removal(settings.pinPath).perform() }
    }
}
