import Glibc
import LinuxSystem
import Synchronization

/// Network namespaces of one test, removed with everything that runs in them when it ends.
///
/// Names are `fwt-PID-NUMBER-LABEL`; namespaces that a killed test run left behind are removed by the
/// next one. Nothing outside its own namespaces is touched.
package final class TestNetwork: Sendable {
    private struct State {
        var namespaces: [TestNamespace] = []
        var processes: [RunningProcess] = []
    }

    private let state = Mutex(State())
    private let number: Int

    private static let counter = Atomic<Int>(0)
    /// Runs once in a process, before its first network.
    private static let swept: Void = sweepStaleNamespaces()

    package init() {
        _ = TestNetwork.swept
        number = TestNetwork.counter.add(1, ordering: .relaxed).newValue
    }

    deinit { close() }

    /// Makes an empty namespace with its loopback up and duplicate address detection off (an address
    /// is usable at once).
    package func addNamespace(_ label: String) throws -> TestNamespace {
        let name = "fwt-\(getpid())-\(number)-\(label)"
        try runIP(["netns", "add", name])
        let namespace: TestNamespace
        do {
            namespace = try TestNamespace(name: name, network: self)
        } catch {
            _ = try? runIP(["netns", "del", name])
            throw error
        }
        state.withLock { $0.namespaces.append(namespace) }
        for scope in ["all", "default"] {
            try namespace.setSysctl("net/ipv6/conf/\(scope)/accept_dad", "0")
            try namespace.setSysctl("net/ipv4/conf/\(scope)/rp_filter", "0")
        }
        try namespace.configure(["link set lo up"])
        return namespace
    }

    /// Joins two namespaces with a veth pair, both ends up.
    package func connect(
        _ a: TestNamespace, _ aDevice: String, _ b: TestNamespace, _ bDevice: String
    ) throws {
        try a.configure([
            "link add name \(aDevice) type veth peer name \(bDevice) netns \(b.name)",
            "link set \(aDevice) up",
        ])
        try b.configure(["link set \(bDevice) up"])
    }

    /// Kills what was started and removes the namespaces. Called by deinit too; twice does no harm.
    package func close() {
        let (namespaces, processes) = state.withLock { state in
            let taken = (state.namespaces, state.processes)
            state = State()
            return taken
        }
        for process in processes { process.close() }
        guard !namespaces.isEmpty else { return }
        let batch = namespaces.map { "netns del \($0.name)\n" }.joined()
        _ = try? runIP(["-force", "-batch", "-"], input: batch)
    }

    func own(_ process: RunningProcess) {
        state.withLock { $0.processes.append(process) }
    }
}

/// Runs `ip` to its end; its error text comes back as the error.
@discardableResult
func runIP(_ arguments: [String], input: String = "") throws -> String {
    guard let path = toolPath("ip") else { throw TestSupportError("no `ip`: install iproute2") }
    let request = ProcessRequest(path: path, arguments: arguments)
    let output = try request.collectOutput(input: Array(input.utf8), timeout: .seconds(20))
    guard output.status.isSuccess else {
        throw TestSupportError("ip \(arguments.joined(separator: " ")): \(output)\n\(input)")
    }
    return output.standardOutput
}

/// Removes the namespaces of dead test runs, and kills what still runs in them.
private func sweepStaleNamespaces() {
    guard let list = try? runIP(["netns", "list"]) else { return }
    for line in list.split(separator: "\n") {
        guard let name = line.split(separator: " ").first, name.hasPrefix("fwt-"),
            let owner = Int32(name.split(separator: "-")[1]), kill(owner, 0) == -1, errno == ESRCH
        else { continue }
        for pid in (try? runIP(["netns", "pids", String(name)]))?.split(separator: "\n") ?? [] {
            if let pid = Int32(pid) { kill(pid, SIGKILL) }
        }
        _ = try? runIP(["netns", "del", String(name)])
    }
}
