internal import BPF
internal import Dispatch
internal import LinuxSystem
internal import Netlink
internal import Synchronization

/// The thread that puts the packet programs on interfaces as they come, and again where somebody removed them.
final class InterfaceFollower: Sendable {
    private let interfaces: NodeInterfaces
    private let stopping: NetlinkStop
    private let notify: @Sendable (BPFNotice) -> Void
    private let ended = DispatchSemaphore(value: 0)

    /// Lists interfaces once, then starts the thread, both in the network namespace of the calling one. Nothing that
    /// happens between is missed.
    init(_ interfaces: NodeInterfaces, notify: @escaping @Sendable (BPFNotice) -> Void) throws {
        self.interfaces = interfaces
        self.notify = notify
        stopping = try NetlinkStop()
        let monitor = try LinkMonitor(stop: stopping)
        try interfaces.update(try NodeNetwork(listedBy: NodeAddresses()), removed: [])
        let box = MonitorBox(monitor)
        _ = try attempting("start the interfaces' thread") { () throws(Errno) in
            try DedicatedThread(named: "interfaces") { [self] in
                defer { ended.signal() }
                run(box)
            }
        }
    }

    /// Ends the thread, and returns once it has.
    func stop() {
        stopping.signal()
        ended.wait()
        ended.signal()
    }

    private func run(_ box: MonitorBox) {
        do {
            let lister = try NodeAddresses()
            var repairs = RepairSchedule()
            while let change = try box.next(within: repairs.wait(from: .now)) {
                var removed = change.removed
                // Of what was lost nothing is known: every interface is looked at anew.
                if change.isIncomplete { removed.formUnion(try lister.links().map(\.index)) }
                if change.isListOutdated || change.isIncomplete { try follow(lister, removed) }
                repairs.forget(removed)
                repairs.ask(change.unhooked.subtracting(removed))
                let due = repairs.takeDue(at: .now)
                repairs.looked(at: due, repaired: interfaces.repair(due), at: .now)
            }
        } catch {
            notify(.warning("\(error); interfaces that come from now on carry no Services until a restart"))
        }
    }

    private func follow(_ lister: borrowing NodeAddresses, _ removed: Set<UInt32>) throws(NetlinkError) {
        let network = try NodeNetwork(listedBy: lister)
        do throws(BPFError) {
            try interfaces.update(network, removed: removed)
        } catch {
            notify(.warning("\(error); tried again with the next change of an interface"))
        }
    }
}

/// Takes the monitor to its thread, which alone uses it.
private final class MonitorBox: Sendable {
    private let monitor: Mutex<LinkMonitor>

    init(_ monitor: consuming LinkMonitor) { self.monitor = Mutex(monitor) }

    func next(within timeout: Duration?) throws(NetlinkError) -> LinkMonitor.Change? {
        try monitor.withLock { monitor in
            Result { () throws(NetlinkError) in try monitor.next(within: timeout) }
        }.get()
    }
}
