import Glibc
import LinuxSystem
import Netlink
import NetworkNamespaceTesting
import NetworkTypes
import Testing

@Suite struct NetlinkErrorTests {
    static let texts: [(NetlinkError, String)] = [
        (
            NetlinkError(.permission, doing: "commit nftables batch", errno: EPERM),
            "commit nftables batch: Operation not permitted; CAP_NET_ADMIN is needed in this network namespace"
        ),
        (
            NetlinkError(.unsupported, doing: "open netlink socket", errno: EPROTONOSUPPORT),
            "open netlink socket: Protocol not supported; this kernel lacks nf_tables or a part of it that is needed (CONFIG_NF_TABLES)"
        ),
        (
            NetlinkError(
                .exists, doing: "commit nftables batch", errno: EEXIST, kernelText: "the kernel's words",
                object: "add chain ip fairway services"),
            "commit nftables batch: add chain ip fairway services: File exists (the kernel's words)"
        ),
        (
            NetlinkError(.overflow, doing: "commit nftables batch: no answer"),
            "commit nftables batch: no answer; the netlink receive queue overflowed and messages were lost"
        ),
    ]

    @Test("one line says what failed and what to do", arguments: texts)
    func text(error: NetlinkError, expected: String) {
        #expect(error.description == expected)
    }

    @Test("without CAP_NET_ADMIN a commit says what is missing")
    func withoutCapability() async throws {
        let error = try await NetworkNamespace.make().inside {
            // CAP_NET_ADMIN is a thread's: a thread more drops its own and ends with it.
            try DedicatedThread.runBlocking(named: "powerless") { try Self.commitWithoutCapability() }
        }
        #expect(error?.code == .permission)
        #expect(error?.errno == EPERM)
        #expect(error?.description.contains("CAP_NET_ADMIN") == true)
    }

    private static func commitWithoutCapability() throws -> NetlinkError? {
        guard try dropAllCapabilities() else { return nil }
        let socket = try NftablesSocket()
        var batch = NftablesBatch()
        try batch.addTable(NftablesTable(family: .ip, name: "fairway"))
        do throws(NetlinkError) {
            try socket.commit(batch)
            return nil
        } catch {
            return error
        }
    }
}

/// Gives up the calling thread's capabilities; capabilities belong to threads.
private func dropAllCapabilities() throws -> Bool {
    typealias Capset = @convention(c) (UnsafePointer<UInt32>, UnsafePointer<UInt32>) -> Int32
    guard let symbol = unsafe dlsym(nil, "capset") else { return false }
    // SAFETY: glibc's capset(2) has this signature, though no header of its own.
    let capset = unsafe unsafeBitCast(symbol, to: Capset.self)
    // _LINUX_CAPABILITY_VERSION_3 and the calling thread; then two sets of three words, all empty.
    let header: [UInt32] = [0x2008_0522, 0]
    let none = [UInt32](repeating: 0, count: 6)
    // SAFETY: the kernel reads 8 and 24 bytes during the call.
    return unsafe capset(header, none) == 0
}
