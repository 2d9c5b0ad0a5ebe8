import FoundationEssentials
import Glibc
import KubernetesModel
import LinuxSystem
import Measuring
import NetworkNamespaceTesting
import NetworkTypes

/// What is run, and how.
struct Programs: Sendable {
    var fairway: String
    /// Of every relay: Fairway's, HAProxy's, nginx's.
    var threads: Int
    /// `--scheduler` of Fairway; nil: its default.
    var scheduler: String?
    /// Added to HAProxy's bind lines.
    var haproxyBind = ""
    /// Added to its global section, a line.
    var haproxyGlobal = ""
    /// How long a relay other than Fairway waits for a backend, in milliseconds.
    var connectMilliseconds = 5000
}

/// Namespaces with servers in them, manifests, a cgroup for clients and one for the programs of the ebpf mode.
///
///     pod0, the client  ----  node  ----  pod1, pod2...: nginx, and iperf3 at 5201
final class TestBed: Sendable {
    let topology: ServiceTopology
    let programs: Programs
    let frontends: [Frontend]
    let folder: String
    /// Socket programs act on the processes in it.
    let cgroup: String

    /// - Parameters:
    ///   - services: as many Services as there are, with those of the frontends.
    ///   - servers: for each pod that serves, the ports of its nginx.
    ///   - frontends: made of the addresses of these pods.
    static func make(
        services: Int, programs: Programs, servers: [[PortNumber]], frontends: ([IPAddress]) -> [Frontend]
    ) async throws -> TestBed {
        let topology = try await ServiceTopology.make(pods: 1 + servers.count, clientRoutesServices: false)
        let bed = try TestBed(
            topology: topology, programs: programs, frontends: frontends(topology.pods.dropFirst().map(\.ipv4)))
        do {
            try bed.prepare(services: services, servers: servers)
        } catch {
            bed.close()
            throw error
        }
        return bed
    }

    private init(topology: ServiceTopology, programs: Programs, frontends: [Frontend]) throws {
        self.topology = topology
        self.programs = programs
        self.frontends = frontends
        folder = FileManager.default.temporaryDirectory.appending(path: "fairway-datapath-\(getpid())").path()
        guard let mount = Self.cgroupMount() else { throw MeasurementError(description: "no cgroup v2 in /proc/mounts") }
        cgroup = "\(mount)/fairway-datapath-\(getpid())"
    }

    var client: ServiceTopology.Pod { topology.pods[0] }
    private var servers: ArraySlice<ServiceTopology.Pod> { topology.pods.dropFirst() }

    private func prepare(services: Int, servers ports: [[PortNumber]]) throws {
        for name in ["manifests", "bpf", "state"] {
            try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        try FileManager.default.createDirectory(atPath: cgroup, withIntermediateDirectories: false)
        _ = try ProcessRequest(path: "/bin/mount", arguments: ["-t", "bpf", "bpf", "\(folder)/bpf"]).collectOutput()
        let list = ManifestList(items: Manifests.objects(services: services, frontends: frontends))
        try JSONEncoder().encode(list).write(to: URL(filePath: "\(folder)/manifests/services.json"))
        // A relay has 28 000 ports towards a backend, and connections that it closed hold theirs for a minute: after three ways
        // of 10 000 new connections a second there are none. As relays are run, and their clients beside them: a second later
        // a port is taken again.
        for namespace in [topology.node, client.namespace] { try namespace.setSysctl("net/ipv4/tcp_tw_reuse", "1") }
        for (pod, ports) in zip(servers, ports) {
            try startNginx(pod, ports)
            _ = try pod.namespace.start(["iperf3", "-s", "-p", "5201"])
        }
    }

    private func startNginx(_ pod: ServiceTopology.Pod, _ ports: [PortNumber]) throws {
        let configuration = """
            daemon off; master_process off; pid \(folder)/\(pod.name).pid; error_log stderr crit;
            events { worker_connections 4096; }
            http { access_log off; keepalive_requests 100000000; client_body_temp_path \(folder);
              proxy_temp_path \(folder); fastcgi_temp_path \(folder); uwsgi_temp_path \(folder); scgi_temp_path \(folder);
              server {
                \(ports.map { "listen \($0) backlog=4096 reuseport;" }.joined(separator: " "))
                location / { return 200 "ok\\n"; } } }
            """
        let file = try write(configuration, to: "\(pod.name).conf")
        _ = try pod.namespace.start(["/usr/sbin/nginx", "-c", file])
    }

    /// A file of the bed's folder.
    func write(_ text: String, to name: String) throws -> String {
        let file = "\(folder)/\(name)"
        try Data(text.utf8).write(to: URL(filePath: file))
        return file
    }

    /// Where the client connects to.
    func place(_ frontend: Int, _ way: Way) -> SocketAddress {
        let served = frontends[frontend]
        return switch way {
        case .direct: SocketAddress(served.backends[0], port: served.target.rawValue)
        case .haproxy, .nginx: SocketAddress(Self.proxyAddress, port: served.port.rawValue)
        case .ebpf, .ebpfPackets, .nftables, .userspace:
            SocketAddress(Manifests.address(frontend), port: served.port.rawValue)
        case .userspaceBound: SocketAddress(Self.proxyAddress, port: Manifests.nodePort(frontend).rawValue)
        }
    }

    static let proxyAddress = ServiceTopology.podGateway(.ipv4)

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
