import DataplaneTesting
import LinuxSystem
import Netlink
import NetworkTypes

@testable import NftablesDataplane

/// Fairway's table in the kernel, in a network namespace of its own, driven by operations.
struct KernelTableState: ~Copyable {
    let executor: NftablesExecutor
    let socket: NftablesSocket
    private let family: NftablesFamily

    /// In the network namespace of the calling thread.
    init(_ family: NftablesFamily) throws {
        self.family = family
        executor = NftablesExecutor(family: family)
        socket = try NftablesSocket()
    }

    func commit(_ operations: [NftablesOperation]) throws(NetlinkError) {
        try executor.commit(operations, on: socket)
    }

    /// What the kernel holds, as a fake.
    func read() throws -> FakeNftables { FakeNftables(family: family, kernel: try executor.read(from: socket)) }
}

/// Runs `body` in a fresh network namespace without a name, which ends with it.
func inFreshNamespace<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await NetworkNamespace.make().inside(body)
}
