import FoundationEssentials
import Glibc
import KubernetesModel
import LinuxSystem
import Measuring
import NetworkTypes

/// A server under load, on core 0.
protocol NameServer {
    var name: String { get }
    var port: UInt16 { get }
    var process: ChildProcess { get }
}

extension NameServer {
    /// Of the process and its children (NSD serves from a child).
    var residentMegabytes: Double {
        pids.reduce(0) { $0 + Double((try? ResidentMemory(ofProcess: $1).currentBytes) ?? 0) } / 1e6
    }

    /// User and system time of the same processes so far.
    var processorSeconds: Double { pids.reduce(0) { $0 + ((try? ProcessorTime.seconds(ofProcess: $1)) ?? 0) } }

    private var pids: [Int32] { [process.pid] + children(of: process.pid) }

    private func children(of pid: Int32) -> [Int32] {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8) else { return [] }
        let direct = text.split(separator: " ").compactMap { Int32($0) }
        return direct + direct.flatMap(children)
    }

    /// Until it answers for the last Service with an address.
    func waitUntilReady(_ cluster: Cluster) throws {
        let client = try QueryClient(port: port)
        let last = (0..<cluster.services).last { !cluster.isHeadless($0) } ?? 0
        let deadline = ContinuousClock.now + .seconds(300)
        while ContinuousClock.now < deadline {
            if process.statusIfEnded() != nil { throw MeasurementError(description: "\(name) ended at its start") }
            if try client.addresses(of: cluster.name(last), timeout: .milliseconds(200)) == [cluster.address(last)] { return }
        }
        throw MeasurementError(description: "\(name) does not answer for \(cluster.name(last))")
    }
}

/// Pins a program to a core, with its output in a file of the folder.
func start(_ arguments: [String], core: Int, folder: WorkFolder, log: String) throws -> ChildProcess {
    let input = try FileDescriptor(opening: "/dev/null")
    // SAFETY: the path is a string of ours, read during the call.
    let descriptor = unsafe open(folder.path + "/" + log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw MeasurementError(description: "cannot write \(log)") }
    let output = FileDescriptor(owning: descriptor)
    return try ChildProcess(
        ProcessRequest(path: "/usr/bin/taskset", arguments: ["-c", "\(core)"] + arguments), input: input.rawValue,
        output: output.rawValue, error: output.rawValue)
}

/// A port nobody has at this moment.
func freePort() throws -> UInt16 {
    let socket = try Socket(.datagram, .ipv4)
    try socket.bind(to: SocketAddress(IPAddress(v4: 0x7F00_0001), port: 0))
    return try socket.localAddress().port
}

/// `fairway dns` with one worker, from a folder of JSON manifests.
struct FairwayServer: NameServer {
    let name = "fairway"
    let port: UInt16
    let process: ChildProcess
    let manifests: String

    init(program: String, cluster: Cluster, folder: WorkFolder) throws {
        let encoder = JSONEncoder()
        let services = (0..<cluster.services).map { KubernetesObject.service(cluster.service($0)) }
        let slices = (0..<cluster.services).map { KubernetesObject.endpointSlice(cluster.slice($0)) }
        try folder.write("manifests/services.json", try encoder.encode(ManifestList(items: services)))
        try folder.write("manifests/slices.json", try encoder.encode(ManifestList(items: slices)))
        manifests = folder.path + "/manifests"
        port = try freePort()
        process = try start(
            [
                program, "dns", "--manifests", manifests, "--state-dir", "", "--dns-bind-address", "127.0.0.1:\(port)",
                "--cluster-cidr", "11.0.0.0/8", "--dns-upstream", "none", "--dns-workers", "1",
                "--admin-socket", folder.path + "/dns.sock",
            ], core: 0, folder: folder, log: "fairway.log")
    }
}

/// NSD with one server process, without rate limiting.
struct NSDServer: NameServer {
    let name = "nsd"
    let port: UInt16
    let process: ChildProcess

    init(cluster: Cluster, folder: WorkFolder) throws {
        let port = try freePort()
        self.port = port
        let zones = try ZoneFiles(cluster: cluster, folder: folder)
        let configuration = try folder.write(
            "nsd.conf",
            """
            server:
              ip-address: 127.0.0.1@\(port)
              server-count: 1
              username: ""
              zonesdir: "\(folder.path)"
              zonelistfile: "\(folder.path)/zone.list"
              xfrdfile: ""
              pidfile: ""
              database: ""
              tcp-count: 1000
              rrl-ratelimit: 0
              rrl-whitelist-ratelimit: 0
            remote-control:
              control-enable: no

            """ + zones.all.map { "zone:\n  name: \($0.name)\n  zonefile: \($0.path)\n" }.joined())
        process = try start(["/usr/sbin/nsd", "-d", "-c", configuration], core: 0, folder: folder, log: "nsd.log")
    }
}

/// Knot DNS with one UDP and one TCP worker.
struct KnotServer: NameServer {
    let name = "knot"
    let port: UInt16
    let process: ChildProcess

    init(cluster: Cluster, folder: WorkFolder) throws {
        let port = try freePort()
        self.port = port
        let zones = try ZoneFiles(cluster: cluster, folder: folder)
        let configuration = try folder.write(
            "knot.conf",
            """
            server:
                listen: 127.0.0.1@\(port)
                rundir: \(folder.path)
                udp-workers: 1
                tcp-workers: 1
                background-workers: 1
                tcp-max-clients: 1000
            database:
                storage: \(folder.path)/knot
            log:
              - target: stderr
                any: warning
            template:
              - id: default
                journal-content: none
                zonefile-sync: -1
            zone:

            """ + zones.all.map { "  - domain: \($0.name)\n    file: \($0.path)\n" }.joined())
        process = try start(["/usr/sbin/knotd", "-c", configuration], core: 0, folder: folder, log: "knot.log")
    }
}

/// CoreDNS on zone files (its kubernetes plugin wants an API server).
struct CoreDNSServer: NameServer {
    let name = "coredns (file)"
    let port: UInt16
    let process: ChildProcess

    init(program: String, cluster: Cluster, folder: WorkFolder) throws {
        let port = try freePort()
        self.port = port
        let zones = try ZoneFiles(cluster: cluster, folder: folder)
        let corefile = try folder.write(
            "Corefile", zones.all.map { "\($0.name):\(port) {\n  bind 127.0.0.1\n  file \($0.path)\n}\n" }.joined())
        process = try start([program, "-conf", corefile], core: 0, folder: folder, log: "coredns.log")
    }
}

/// The cluster as zone files.
struct ZoneFiles {
    let all: [(name: String, path: String)]

    init(cluster: Cluster, folder: WorkFolder) throws {
        func head(_ zone: String) -> String {
            "\(zone). 30 IN SOA ns.dns.\(zone). hostmaster.\(zone). 1 7200 1800 86400 5\n\(zone). 30 IN NS ns.dns.\(Cluster.domain).\n"
        }
        var forward = head(Cluster.domain) + "ns.dns.\(Cluster.domain). 30 IN A 127.0.0.1\n"
        cluster.zoneLines { forward += $0 }
        var reverse = ["10.in-addr.arpa": head("10.in-addr.arpa"), "11.in-addr.arpa": head("11.in-addr.arpa")]
        cluster.reverseLines { line in
            let zone = line.prefix { $0 != " " }.hasSuffix(".10.in-addr.arpa.") ? "10.in-addr.arpa" : "11.in-addr.arpa"
            reverse[zone, default: ""] += line
        }
        all = try [(Cluster.domain, try folder.write("forward.zone", forward))]
            + reverse.sorted { $0.key < $1.key }.map { ($0.key, try folder.write("\($0.key).zone", $0.value)) }
    }
}
