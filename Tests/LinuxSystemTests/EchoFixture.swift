import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes

/// An echo server in pod 0 of a topology of its own, and its client wherever a test wants it.
struct EchoFixture {
    let topology: ServiceTopology
    let server: RunningProcess
    let program: String

    /// Starts `fairway-echo --name echo-0 FLAGS` and waits until it is ready.
    static func start(pods: Int = 2, _ flags: [String]) async throws -> EchoFixture {
        let program = try productPath("fairway-echo")
        let topology = try await ServiceTopology.make(pods: pods)
        let server = try topology.pods[0].namespace.start([program, "--name", "echo-0"] + flags)
        try await server.waitForLine(containing: "ready")
        return EchoFixture(topology: topology, server: server, program: program)
    }

    func close() { topology.close() }

    /// The server's address and a port, as the client takes it.
    func target(_ family: IPFamily, _ port: UInt16) -> String {
        SocketAddress(topology.pods[0].address(family), port: port).description
    }

    /// Runs the client in pod 1.
    func client(_ arguments: [String]) async throws -> ProcessOutput {
        try await topology.pods[1].namespace.run([program] + arguments)
    }

    /// Runs curl in pod 1.
    func curl(_ arguments: [String]) async throws -> ProcessOutput {
        try await topology.pods[1].namespace.run(["curl", "-sS", "--max-time", "8"] + arguments)
    }
}
