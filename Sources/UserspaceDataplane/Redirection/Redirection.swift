internal import Dataplane
internal import Netlink
internal import NetworkTypes
internal import ServiceTable

/// Brings packets for frontends to the relay's listeners: routing and the table of each family. For one thread, in the
/// network namespace that it was made in.
struct Redirection: ~Copyable {
    private let settings: UserspaceSettings
    private let socket: NftablesSocket
    private let routes: PolicyRoutes
    private let commits: RedirectionCommits?
    private var planners: [IPFamily: RedirectionPlanner] = [:]

    /// - Throws: `.permission` without CAP_NET_ADMIN, `.unsupported` when the kernel has no nf_tables.
    init(_ settings: UserspaceSettings, commits: RedirectionCommits? = nil) throws(DataplaneError) {
        self.settings = settings
        self.commits = commits
        do throws(NetlinkError) {
            let socket = try NftablesSocket()
            _ = try socket.generation()
            routes = try PolicyRoutes()
            self.socket = socket
        } catch {
            throw DataplaneError(error, doing: "open the kernel's nf_tables")
        }
    }

    private var divert: DivertRoutes { DivertRoutes(settings: settings.routes, mark: settings.marks.divert) }

    /// Compares everything with the kernel and changes what differs.
    mutating func synchronize(
        _ table: ServiceTable, family: IPFamily, ports: RedirectionPorts
    ) throws(DataplaneError) -> SyncReport {
        let layout = RedirectionLayout(family: NftablesFamily(family), marks: settings.marks, ports: ports)
        planners[family] = nil
        do throws(NetlinkError) {
            _ = try divert.establish(family, routes)
            let executor = RedirectionExecutor(layout: layout)
            var planner = RedirectionPlanner(layout)
            let plan = planner.plan(table, from: try executor.read(socket))
            try commit(plan, executor)
            planners[family] = planner
            return plan.report
        } catch {
            throw DataplaneError(error, doing: "synchronise \(Self.name(layout.family))")
        }
    }

    /// One step from the table last synchronised; nil when none was, or the last step failed.
    mutating func apply(_ change: ServiceTableChange, family: IPFamily) throws(DataplaneError) -> SyncReport? {
        // Until the commit stands nothing is known: a failure leaves no planner behind.
        guard var planner = planners.removeValue(forKey: family) else { return nil }
        do throws(NetlinkError) {
            let plan = planner.plan(change)
            try commit(plan, RedirectionExecutor(layout: planner.layout))
            planners[family] = planner
            return plan.report
        } catch {
            throw DataplaneError(error, doing: "change \(Self.name(planner.layout.family))")
        }
    }

    /// One transaction, whoever watches told of it before and after.
    private func commit(_ plan: RedirectionPlan, _ executor: RedirectionExecutor) throws(NetlinkError) {
        guard let commits, !plan.isEmpty else { return try executor.commit(plan, socket) }
        commits.begins(try socket.generation())
        do throws(NetlinkError) { try executor.commit(plan, socket) } catch {
            commits.ended(nil)
            throw error
        }
        commits.ended(try? socket.generation())
    }

    /// Of the socket that commits go over.
    var portID: UInt32 { socket.portID }

    /// - Returns: what was removed, one line each.
    mutating func remove() throws(DataplaneError) -> [String] {
        planners = [:]
        var removed: [String] = []
        for family in NftablesFamily.allCases {
            do throws(NetlinkError) {
                if try RedirectionExecutor.remove(family, socket) { removed.append(Self.name(family)) }
                removed += try divert.remove(family.ipFamily, routes)
            } catch {
                throw DataplaneError(error, doing: "remove \(Self.name(family))")
            }
        }
        return removed
    }

    /// Takes every frontend out, so that only connections that a relay has come to it.
    ///
    /// - Returns: false when there was no table.
    func retire() throws(DataplaneError) -> Bool {
        var isThere = false
        for family in NftablesFamily.allCases {
            do throws(NetlinkError) {
                if try RedirectionExecutor.retire(family, socket) { isThere = true }
            } catch {
                throw DataplaneError(error, doing: "take the frontends out of \(Self.name(family))")
            }
        }
        return isThere
    }

    /// Has the kernel look at the whole table without frontends, and throw it away.
    func rehearse() throws(DataplaneError) {
        var ports = RedirectionPorts()
        for place in RedirectionListeners.places { ports[place] = 1 }
        // A kernel without IPv6 does without its table.
        let layout = RedirectionLayout(family: NftablesFamily(.ipv4), marks: settings.marks, ports: ports)
        do throws(NetlinkError) {
            try RedirectionExecutor(layout: layout).rehearse(layout.rules(.none), socket)
        } catch {
            throw DataplaneError(error, doing: "try \(Self.name(layout.family))")
        }
    }

    private static func name(_ family: NftablesFamily) -> String { "table \(family.text) \(RedirectionLayout.tableName)" }
}

extension DataplaneError {
    init(_ error: NetlinkError, doing: String) {
        let code: Code =
            switch error.code {
            case .permission: .permission
            case .unsupported: .unsupported
            default: .refused
            }
        self.init(code, doing: doing, cause: error.description)
    }
}
