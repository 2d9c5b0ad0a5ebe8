import BPF
import BPFPrograms
import BPFTesting
import CBPFMaps
import LinuxSystem
import NetworkNamespaceTesting
import Testing

/// A network namespace and a cgroup whose sockets the socket programs see. Backends are servers on its loopback; clients
/// are Python, so that real system calls of another implementation are what is tested.
final class SocketNode {
    let maps: ProgramMaps
    private let network = TestNetwork()
    private let namespace: TestNamespace
    private let cgroup: TestCgroup
    /// The programs stay attached for as long as it lives.
    private let attachments: [Attachment]

    private final class Attachment {
        let link: BPFLink
        init(_ link: consuming BPFLink) { self.link = link }
    }

    static var isPossible: Bool { Requirement.root && Requirement.tool("python3") }

    static let programs = [
        "connect4", "connect6", "sendmsg4", "sendmsg6", "recvmsg4", "recvmsg6", "getpeername4", "getpeername6",
        "sock_release",
    ]

    /// - Parameters:
    ///   - addresses: of the loopback, besides 127.0.0.0/8 and ::1.
    ///   - limits: entries of maps, where a test wants less.
    init(addresses: [String] = [], limits: [String: Int] = [:]) throws {
        namespace = try network.addNamespace("sock")
        try namespace.configure(addresses.map { "addr add \($0) dev lo" })
        cgroup = try TestCgroup()
        let bytes = try #require(BPFPrograms.object("socket"))
        var object = try BPFObject(bytes, name: "socket")
        for (map, limit) in limits { try object.setMaxEntries(limit, of: map) }
        try object.load()
        maps = try ProgramMaps(of: object)
        var attachments: [Attachment] = []
        for name in Self.programs {
            attachments.append(Attachment(try BPFLink(attaching: try object.program(name), toCgroup: cgroup.path)))
        }
        self.attachments = attachments
        try maps.settings.update(0, fw_settings())
    }

    /// The lines that a client's script prints.
    func run(_ script: String) async throws -> [String] {
        let output = try await namespace.run(command(script), timeout: .seconds(300))
        guard output.status.isSuccess else { throw TestSupportError("the client failed: \(output)") }
        return output.standardOutput.split(separator: "\n").map { String($0) }
    }

    /// A client that runs beside the test, to its end at the latest.
    func start(_ script: String) throws -> RunningProcess { try namespace.start(command(script)) }

    private func command(_ script: String) -> [String] {
        cgroup.enclosing(["python3", "-c", SocketNode.prelude + script])
    }

    /// What the scripts are written with.
    private static let prelude = """
        import array, errno, os, signal, socket, sys
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])

        def family(host): return socket.AF_INET6 if ':' in host else socket.AF_INET
        def tcp(host='127.0.0.1'): return socket.socket(family(host), socket.SOCK_STREAM)
        def udp(host='127.0.0.1'): return socket.socket(family(host), socket.SOCK_DGRAM)
        def listen(host, port):
            server = tcp(host)
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind((host, port))
            server.listen(4096)
            return server
        def bound(host, port):
            server = udp(host)
            server.bind((host, port))
            server.settimeout(10)
            return server
        def connected(make, host, port):
            client = make(host)
            client.settimeout(10)
            client.connect((host, port))
            return client
        def end(address): return '%s %d' % (address[0], address[1])
        def attempt(body):
            try:
                body()
                return 'done'
            except OSError as error:
                return errno.errorcode.get(error.errno, str(error))
        def say(*words): print(*words, flush=True)
        def pause(word):
            say(word)
            signal.sigwait([signal.SIGUSR1])


        """
}

extension RunningProcess {
    /// Lets a script go on from its `pause`.
    func resume() { signal(10) }
}
