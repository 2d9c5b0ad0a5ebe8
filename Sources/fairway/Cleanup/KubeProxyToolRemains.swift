internal import FoundationEssentials
internal import NetworkTypes

/// What kube-proxy leaves in the kernel that only programs of the system reach: chains in tables of the old iptables, sets,
/// virtual servers of IPVS. Where such a program is missing and there may be something for it, that is said.
struct KubeProxyToolRemains {
    /// What came of it.
    struct Report: Hashable {
        var removed: [String] = []
        /// What was not looked at, and why.
        var notes: [String] = []
        var failures: [String] = []
    }

    let tools: SystemTools
    /// The folder that stands for /proc.
    var processes = "/proc"
    /// The folder that stands for /sys/module.
    var modules = "/sys/module"

    /// How long others may hold the lock of the old iptables.
    private static let lockSeconds = 30

    private static let tables = ["raw", "mangle", "nat", "filter"]

    /// Chains in tables of the old iptables. A table that is not there is not made.
    func removeChains(_ report: inout Report) {
        for (tool, family) in [("iptables", "ip"), ("ip6tables", "ip6")] {
            let present = lines("net/\(family)_tables_names").map { String($0) }
            let tables = Self.tables.filter(present.contains)
            guard !tables.isEmpty else { continue }
            guard let prefix = legacyPrefix(tool) else {
                report.notes.append(
                    "\(tool)-legacy-save is not installed: chains of kube-proxy in \(tool)-legacy's tables (\(tables.joined(separator: ", "))), if there are any, stay")
                continue
            }
            for table in tables {
                do {
                    let saved = try tools.run("\(prefix)-save", ["-t", table], "")
                    let legacy = LegacyTable(name: table, saved: saved)
                    for step in legacy.steps { _ = try tools.run("\(prefix)-restore", ["--noflush", "--wait=\(Self.lockSeconds)"], step) }
                    guard !legacy.chains.isEmpty else { continue }
                    report.removed.append("\(legacy.chains.count) chains of the \(tool)-legacy table \(table) (kube-proxy's)")
                } catch { report.failures.append("\(error)") }
            }
        }
    }

    /// The begin of the names of the old iptables' programs: distributions that have no other call them `iptables-save`.
    private func legacyPrefix(_ tool: String) -> String? {
        if tools.has("\(tool)-legacy-save") && tools.has("\(tool)-legacy-restore") { return "\(tool)-legacy" }
        guard tools.has("\(tool)-save"), tools.has("\(tool)-restore"),
            let version = try? tools.run("\(tool)-save", ["--version"], ""), !version.contains("nf_tables")
        else { return nil }
        return tool
    }

    /// Virtual servers, then the sets, which no rule may name any more. Sets stay while servers do that may be kube-proxy's.
    ///
    /// - Parameters:
    ///   - own: addresses that kube-proxy's interface had.
    ///   - host: addresses of the node.
    ///   - isExpected: kube-proxy left something else here.
    /// - Returns: no virtual server of kube-proxy's is left.
    func removeServersAndSets(
        own: Set<IPAddress>, host: Set<IPAddress>, isExpected: Bool, _ report: inout Report
    ) -> Bool {
        let serverCount = lines("net/ip_vs").count { line in
            ["TCP ", "UDP ", "SCTP "].contains { line.hasPrefix($0) }
        }
        var sets = KubeProxySets()
        if FileManager.default.fileExists(atPath: "\(modules)/ip_set") {
            if tools.has("ipset") {
                do { sets = KubeProxySets(saved: try tools.run("ipset", ["save"], "")) } catch { report.failures.append("\(error)") }
            } else if isExpected || serverCount > 0 {
                report.notes.append("ipset is not installed: sets of kube-proxy's mode ipvs, if there are any, stay, and so do virtual servers of its NodePorts")
            }
        }
        guard serverCount == 0 || removeServers(serverCount, own: own, host: host, sets, &report) else { return false }
        remove(sets, &report)
        return true
    }

    private func removeServers(
        _ count: Int, own: Set<IPAddress>, host: Set<IPAddress>, _ sets: KubeProxySets, _ report: inout Report
    ) -> Bool {
        guard tools.has("ipvsadm") else {
            report.notes.append("ipvsadm is not installed: \(count) virtual servers of IPVS stay, kube-proxy's among them, if there are any")
            return false
        }
        do {
            let saved = try tools.run("ipvsadm", ["--save", "--numeric"], "")
            let servers = KubeProxyVirtualServers(saved: saved, own: own, host: host, sets: sets)
            for portion in SystemTools.portions(servers.deletions) {
                _ = try tools.run("ipvsadm", ["--restore"], portion.joined(separator: "\n") + "\n")
            }
            if !servers.deletions.isEmpty {
                report.removed.append("\(servers.deletions.count) virtual servers of IPVS (kube-proxy's)")
            }
            return true
        } catch {
            report.failures.append("\(error)")
            return false
        }
    }

    private func remove(_ sets: KubeProxySets, _ report: inout Report) {
        var count = 0
        for name in sets.names {
            do {
                _ = try tools.run("ipset", ["destroy", name], "")
                count += 1
            } catch { report.failures.append("\(error)") }
        }
        if count > 0 { report.removed.append("\(count) sets of ipset (kube-proxy's)") }
    }

    /// Of a file below /proc; none where it is not there.
    private func lines(_ name: String) -> [Substring] {
        guard let text = try? String(contentsOfFile: "\(processes)/\(name)", encoding: .utf8) else { return [] }
        return text.split(separator: "\n")
    }
}
