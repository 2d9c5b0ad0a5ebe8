import Glibc
package import LinuxSystem

/// One network namespace of a `TestNetwork`.
package final class TestNamespace: Sendable {
    /// As `ip netns` knows it.
    package let name: String
    private let namespace: NetworkNamespace
    private weak let network: TestNetwork?

    init(name: String, network: TestNetwork) throws {
        self.name = name
        self.network = network
        namespace = try attempting("open namespace \(name)") { () throws(Errno) in
            try NetworkNamespace(opening: "/run/netns/\(name)")
        }
    }

    /// The file that stands for it, as `nsenter --net=` takes it.
    package var path: String { "/run/netns/\(name)" }

    /// Runs `body` inside the namespace on a fresh thread: sockets it makes belong to the namespace
    /// for good, but code after an `await` or on another thread does not.
    package func inside<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await namespace.inside(body)
    }

    /// As `inside`, and blocks the calling thread meanwhile.
    package func insideBlocking<T: Sendable>(_ body: @escaping @Sendable () throws -> T) throws -> T {
        try namespace.insideBlocking(body)
    }

    /// Runs `ip` commands (without the word `ip`), stopping at the first that fails.
    package func configure(_ commands: [String]) throws {
        let batch = commands.map { $0 + "\n" }.joined()
        try runIP(["-n", name, "-batch", "-"], input: batch)
    }

    /// Writes a setting below /proc/sys that belongs to network namespaces, such as `net/ipv4/ip_forward`.
    package func setSysctl(_ setting: String, _ value: String) throws {
        precondition(setting.hasPrefix("net/"), "only net/ belongs to a namespace")
        try insideBlocking {
            try attempting("write \(value) to \(setting)") { () throws(Errno) in
                try FileDescriptor(opening: "/proc/sys/\(setting)", flags: O_WRONLY).writeAll(Array(value.utf8))
            }
        }
    }

    /// Runs a program in the namespace to its end. Its name is looked up as `toolPath` does.
    package func run(
        _ command: [String], input: String = "", timeout: Duration = .seconds(10)
    ) async throws -> ProcessOutput {
        let request = try TestNamespace.request(command)
        return try await namespace.inside {
            try request.collectOutput(input: Array(input.utf8), timeout: timeout)
        }
    }

    /// Starts a program in the namespace; it is killed when the network goes away, at the latest.
    package func start(_ command: [String]) throws -> RunningProcess {
        let request = try TestNamespace.request(command)
        let process = try RunningProcess(request, namespace: namespace.descriptor.rawValue)
        network?.own(process)
        return process
    }

    private static func request(_ command: [String]) throws -> ProcessRequest {
        guard let name = command.first else { throw TestSupportError("no command to run") }
        guard let path = name.contains("/") ? name : toolPath(name) else {
            throw TestSupportError("no program \(name)")
        }
        return ProcessRequest(path: path, arguments: Array(command.dropFirst()))
    }
}
