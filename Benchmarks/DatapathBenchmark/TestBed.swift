import FoundationEssentials
import Glibc
import KubernetesModel
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes

/// What went wrong in a measurement.
struct MeasurementError: Error, CustomStringConvertible {
    let description: String
}

/// Namespaces with servers in them, manifests, a cgroup for clients and one for the programs of the ebpf mode.
///
///     pod0, the client  ----  node  ----  pod1: nginx at 8080, iperf3 at 5201
final class TestBed: Sendable {
    let topology: ServiceTopology
    private let fairway: String
    let folder: String
    /// Socket programs act on the processes in it.
    let cgroup: String

    private struct List: Encodable {
        let apiVersion = "v1"
        let kind = "List"
        let items: [KubernetesObject]
    }

    static func make(services: Int, fairway: String) async throws -> TestBed {
        let topology = try await ServiceTopology.make(pods: 2, clientRoutesServices: false)
        let bed = try TestBed(topology: topology, fairway: fairway)
        try bed.prepare(services: services)
        return bed
    }

    private init(topology: ServiceTopology, fairway: String) throws {
        self.topology = topology
        self.fairway = fairway
        folder = FileManager.default.temporaryDirectory.appending(path: "fairway-datapath-\(getpid())").path()
        guard let mount = Self.cgroupMount() else { throw MeasurementError(description: "no cgroup v2 in /proc/mounts") }
        cgroup = "\(mount)/fairway-datapath-\(getpid())"
    }

    var client: ServiceTopology.Pod { topology.pods[0] }
    private var servers: ArraySlice<ServiceTopology.Pod> { topology.pods.dropFirst() }

    private func prepare(services: Int) throws {
        for name in ["manifests", "bpf", "state"] {
            try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        try FileManager.default.createDirectory(atPath: cgroup, withIntermediateDirectories: false)
        _ = try ProcessRequest(path: "/bin/mount", arguments: ["-t", "bpf", "bpf", "\(folder)/bpf"]).collectOutput()
        let list = List(items: Manifests.objects(services: services, pods: Array(servers)))
        try JSONEncoder().encode(list).write(to: URL(filePath: "\(folder)/manifests/services.json"))
        try Data("ok\n".utf8).write(to: URL(filePath: "\(folder)/index.html"))
        for pod in servers {
            try startNginx(pod)
            _ = try pod.namespace.start(["iperf3", "-s", "-p", "5201"])
        }
    }

    private func startNginx(_ pod: ServiceTopology.Pod) throws {
        let configuration = """
            daemon off; master_process off; pid \(folder)/\(pod.name).pid; error_log stderr crit;
            events { worker_connections 4096; }
            http { access_log off; keepalive_requests 100000000; client_body_temp_path \(folder);
              proxy_temp_path \(folder); fastcgi_temp_path \(folder); uwsgi_temp_path \(folder); scgi_temp_path \(folder);
              server { listen 8080 backlog=4096 reuseport; location / { return 200 "ok\\n"; } } }
            """
        let file = "\(folder)/\(pod.name).conf"
        try Data(configuration.utf8).write(to: URL(filePath: file))
        _ = try pod.namespace.start(["/usr/sbin/nginx", "-c", file])
    }

    /// Has the node ready for one way.
    func start(_ way: Way) async throws -> RunningWay {
        if let mode = way.proxyMode { return try await startFairway(mode) }
        return way == .haproxy ? try await startHAProxy() : RunningWay(process: nil, cleanup: nil)
    }

    private func startFairway(_ mode: String) async throws -> RunningWay {
        var options = ["--admin-socket", "\(folder)/admin.sock"]
        if mode == "ebpf" { options += ["--ebpf-cgroup", cgroup, "--ebpf-pin-path", "\(folder)/bpf/fairway"] }
        let process = try topology.node.start(
            [fairway, "run", "--manifests", "\(folder)/manifests", "--proxy-mode", mode,
                "--cluster-cidr", "10.244.0.0/16", "--hostname-override", "node", "--state-dir", "\(folder)/state",
                "--healthz-bind-address", "127.0.0.1:0", "--metrics-bind-address", "127.0.0.1:0"] + options)
        try await waitUntilServed(Manifests.address(0), by: process)
        let cleanup = [fairway, "cleanup"] + (mode == "ebpf" ? options.suffix(4) : [])
        let node = topology.node
        return RunningWay(process: process) { _ = try await node.run(cleanup) }
    }

    private func waitUntilServed(_ address: IPAddress, by process: RunningProcess) async throws {
        let deadline = ContinuousClock.now + .seconds(120)
        while try await !reaches(address) {
            if ContinuousClock.now > deadline {
                throw MeasurementError(description: "\(address) is not served:\n\(process.lines.suffix(5).joined(separator: "\n"))")
            }
        }
    }

    /// One HTTP request of the client's is answered.
    private func reaches(_ address: IPAddress) async throws -> Bool {
        let answer = try await client.namespace.run(
            inCgroup(["curl", "-s", "-o", "/dev/null", "-m", "1", "http://\(address):\(Manifests.httpPort)/"]))
        return answer.status.isSuccess
    }

    private func startHAProxy() async throws -> RunningWay {
        let (address, pods) = (Self.proxyAddress, servers.map(\.ipv4))
        let configuration = """
            global
              maxconn 4000
              nbthread 1
            defaults
              mode tcp
              timeout connect 5s
              timeout client 60s
              timeout server 60s
              option splice-auto
            listen http
              bind \(address):\(Manifests.httpPort)
              balance roundrobin
              server s0 \(pods[0]):8080
            listen stream
              bind \(address):\(Manifests.streamPort)
              server s0 \(pods[0]):5201

            """
        let file = "\(folder)/haproxy.conf"
        try Data(configuration.utf8).write(to: URL(filePath: file))
        let process = try topology.node.start(["/usr/sbin/haproxy", "-db", "-f", file])
        try await waitUntilServed(address, by: process)
        return RunningWay(process: process, cleanup: nil)
    }

    private static let proxyAddress = ServiceTopology.podGateway(.ipv4)

    /// Where the client connects for HTTP.
    func http(_ way: Way) -> (address: IPAddress, port: PortNumber) {
        switch way {
        case .direct: (topology.pods[1].ipv4, 8080)
        case .haproxy: (Self.proxyAddress, Manifests.httpPort)
        default: (Manifests.address(0), Manifests.httpPort)
        }
    }

    /// Where its streams go.
    func stream(_ way: Way) -> (address: IPAddress, port: PortNumber) {
        switch way {
        case .direct: (topology.pods[1].ipv4, 5201)
        case .haproxy: (Self.proxyAddress, Manifests.streamPort)
        default: (Manifests.address(1), Manifests.streamPort)
        }
    }

    /// The command, in the cgroup of the socket programs.
    func inCgroup(_ command: [String]) -> [String] {
        ["/bin/sh", "-c", "echo $$ > \(cgroup)/cgroup.procs && exec \"$@\"", "sh"] + command
    }

    func close() {
        topology.close()
        _ = try? ProcessRequest(path: "/bin/umount", arguments: ["\(folder)/bpf"]).collectOutput()
        // A cgroup goes once its last process is gone, which the kernel may finish later.
        let deadline = ContinuousClock.now + .seconds(5)
        // SAFETY: the path is a string of ours, read during the call.
        while unsafe rmdir(cgroup) != 0, errno == EBUSY, ContinuousClock.now < deadline { sched_yield() }
        try? FileManager.default.removeItem(atPath: folder)
    }

    private static func cgroupMount() -> String? {
        guard let mounts = try? String(contentsOfFile: "/proc/mounts", encoding: .utf8) else { return nil }
        for line in mounts.split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.count > 2, fields[2] == "cgroup2" { return String(fields[1]) }
        }
        return nil
    }
}

/// A way that is ready; `stop` leaves nothing of it.
struct RunningWay {
    let process: RunningProcess?
    let cleanup: (@Sendable () async throws -> Void)?

    func stop() async throws {
        if let process {
            process.terminate()
            _ = try await process.waitForExit()
        }
        try await cleanup?()
    }

    /// Kernel memory of the eBPF maps that the process holds; nil when it holds none.
    func mapBytes() -> Int? {
        guard let pid = process?.pid, let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fdinfo")
        else { return nil }
        var bytes: [Int: Int] = [:]
        for name in names {
            guard let text = try? String(contentsOfFile: "/proc/\(pid)/fdinfo/\(name)", encoding: .utf8) else { continue }
            let fields = Self.numbers(text)
            if fields["map_type"] != nil, let id = fields["map_id"] { bytes[id] = fields["memlock"] ?? 0 }
        }
        return bytes.isEmpty ? nil : bytes.values.reduce(0, +)
    }

    /// Lines of `name:\tnumber`.
    private static func numbers(_ text: String) -> [String: Int] {
        var numbers: [String: Int] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":")
            guard parts.count == 2, let value = Int(parts[1].drop { $0 == "\t" || $0 == " " }) else { continue }
            numbers[String(parts[0])] = value
        }
        return numbers
    }
}
