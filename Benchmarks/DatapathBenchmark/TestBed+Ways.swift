import FoundationEssentials
import LinuxSystem
import Measuring
import NetworkNamespaceTesting
import NetworkTypes

extension TestBed {
    /// Runs `body` with the node ready for one way, and leaves nothing of it, also when it throws.
    func with<T>(_ way: Way, _ body: (RunningWay) async throws -> T) async throws -> T {
        var running = RunningWay()
        do {
            try start(way, &running)
            try await waitUntilServed(way, running)
            let result = try await body(running)
            try await running.stop()
            return result
        } catch {
            try? await running.stop()
            throw error
        }
    }

    private func start(_ way: Way, _ running: inout RunningWay) throws {
        if let mode = way.proxyMode { return try startFairway(way, mode, &running) }
        if way == .haproxy { running.processes = [try onNode(["/usr/sbin/haproxy", "-db", "-f", try haproxyFile()])] }
        if way == .nginx { try startNginxRelay(&running) }
    }

    private func startFairway(_ way: Way, _ mode: String, _ running: inout RunningWay) throws {
        let state = ["--state-dir", "\(folder)/state"]
        let pins = ["--ebpf-pin-path", "\(folder)/bpf/fairway"]
        var options = state + ["--admin-socket", "\(folder)/admin.sock"]
        if mode == "ebpf" { options += ["--ebpf-cgroup", cgroup] + pins }
        if way == .userspaceBound { options += ["--userspace-bind", "loopback"] }
        if let scheduler = programs.scheduler { options += ["--scheduler", scheduler] }
        let (node, command) = (topology.node, [programs.fairway, "cleanup"] + state + pins)
        running.cleanup = {
            let output = try await node.run(command, timeout: .seconds(60))
            guard output.status.isSuccess else { throw MeasurementError(description: "fairway cleanup: \(output)") }
        }
        running.processes = [
            try onNode(
                [programs.fairway, "run", "--manifests", "\(folder)/manifests", "--proxy-mode", mode,
                    "--cluster-cidr", "10.244.0.0/16", "--hostname-override", "node",
                    "--healthz-bind-address", "127.0.0.1:0", "--metrics-bind-address", Self.fairwayMetrics] + options)
        ]
    }

    /// On as many processors as threads are asked for, from which Fairway takes their number.
    private func onNode(_ command: [String]) throws -> RunningProcess {
        let isLimited = programs.threads < ProcessorCount.available
        return try topology.node.start((isLimited ? ["taskset", "-c", "0-\(programs.threads - 1)"] : []) + command)
    }

    /// The first frontend answers the client; the others are there with it.
    private func waitUntilServed(_ way: Way, _ running: RunningWay) async throws {
        let deadline = ContinuousClock.now + .seconds(120)
        while try await !answers(place(0, way)) {
            let ended = running.processes.contains { !FileManager.default.fileExists(atPath: "/proc/\($0.pid)/exe") }
            guard !ended, ContinuousClock.now < deadline else {
                try? await running.stop()
                let lines = running.processes.flatMap { $0.lines.suffix(5) }.joined(separator: "\n")
                throw MeasurementError(description: "\(way.rawValue): \(place(0, way)) is not served:\n\(lines)")
            }
        }
    }

    /// One HTTP request of the client's is answered.
    private func answers(_ place: SocketAddress) async throws -> Bool {
        let answer = try await client.namespace.run(
            inCgroup(["curl", "-s", "-o", "/dev/null", "-m", "1", "http://\(place)/"]))
        return answer.status.isSuccess
    }

    /// Ports of the node's own namespace, so that nobody else can have them.
    static let fairwayMetrics = "127.0.0.1:10249"
    static let haproxyStatistics = "127.0.0.1:8404"

    /// splice-auto takes splice(2) up only where reads fill HAProxy's buffers to its liking, and a stream may go by
    /// without it; so it is told where streams are.
    private func haproxyFile() throws -> String {
        var configuration = """
            global
              maxconn 4000
              nbthread \(programs.threads)
              \(programs.haproxyGlobal)
            defaults
              mode tcp
              balance roundrobin
              retries 3
              option redispatch 1
              timeout connect \(programs.connectMilliseconds)ms
              timeout client 60s
              timeout server 60s
            listen statistics
              mode http
              bind \(Self.haproxyStatistics)
              stats enable
              stats uri /

            """
        for frontend in frontends {
            configuration += """
                listen \(frontend.name)
                  \(frontend.carriesStreams ? "option splice-request\n  option splice-response" : "option splice-auto")
                  bind \(Self.proxyAddress):\(frontend.port) \(programs.haproxyBind)

                """
            for (index, backend) in frontend.backends.enumerated() {
                configuration += "  server s\(index) \(backend):\(frontend.target)\n"
            }
        }
        return try write(configuration, to: "haproxy.conf")
    }

    /// As many processes as threads are asked for, which share the ports. (Without a master: killed is then gone.)
    private func startNginxRelay(_ running: inout RunningWay) throws {
        for number in 0..<programs.threads {
            let file = try write(nginxConfiguration(number), to: "relay\(number).conf")
            running.processes.append(try onNode(["/usr/sbin/nginx", "-c", file]))
        }
    }

    private func nginxConfiguration(_ number: Int) -> String {
        let servers = frontends.map { frontend in
            let backends = frontend.backends.map { "server \($0):\(frontend.target) max_fails=0;" }.joined(separator: " ")
            let listeners = (frontend.carriesStreams ? ["", " udp"] : [""]).map { kind in
                """
                server { listen \(Self.proxyAddress):\(frontend.port)\(kind) reuseport\(kind.isEmpty ? " backlog=4096" : "");
                  proxy_pass \(frontend.name); }
                """
            }
            return "upstream \(frontend.name) { \(backends) }\n" + listeners.joined(separator: "\n")
        }
        return """
            load_module /usr/lib/nginx/modules/ngx_stream_module.so;
            daemon off; master_process off; pid \(folder)/relay\(number).pid; error_log stderr crit;
            events { worker_connections 16384; }
            stream { proxy_connect_timeout \(programs.connectMilliseconds)ms;
            \(servers.joined(separator: "\n")) }
            """
    }
}
