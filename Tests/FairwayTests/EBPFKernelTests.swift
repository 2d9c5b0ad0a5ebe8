import BPFTesting
import FoundationEssentials
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

extension FairwayTests {
    /// `--proxy-mode ebpf` on a kernel that lacks something. What it lacks is taken away from the daemon alone, and it is
    /// the real kernel that says so.
    @Suite(
        .enabled(if: Requirement.root, "needs root: makes namespaces"),
        .enabled(if: Requirement.tool("clang"), "needs clang"))
    struct EBPFKernelTests {
        struct Case: Sendable, CustomTestStringConvertible {
            /// As linux/bpf.h numbers it.
            let lack: String
            let features: [String]
            var testDescription: String { "\(lack): no \(features.joined(separator: ", "))" }
        }

        static let cases = [
            Case(
                lack: "type:3",
                features: [
                    "tc programs", "bpf_for_each_map_elem", "bpf_loop", "bpf_redirect_neigh", "bpf_fib_lookup",
                    "atomic operations that fetch",
                ]),
            Case(lack: "qdisc:0", features: ["clsact qdisc"]),
            Case(lack: "type:18", features: ["cgroup sock_addr programs", "bpf_set_retval", "bpf_get_netns_cookie"]),
            Case(lack: "attach:29", features: ["cgroup sock_addr programs"]),
            Case(lack: "attach:34", features: ["cgroup sock_release programs"]),
            Case(lack: "helper:187", features: ["bpf_set_retval"]),
            Case(lack: "helper:122", features: ["bpf_get_netns_cookie"]),
            Case(lack: "helper:164", features: ["bpf_for_each_map_elem"]),
            Case(lack: "helper:181", features: ["bpf_loop"]),
            Case(lack: "helper:152", features: ["bpf_redirect_neigh"]),
            Case(lack: "helper:69", features: ["bpf_fib_lookup"]),
            Case(lack: "atomic:1", features: ["atomic operations that fetch"]),
            Case(lack: "command:26", features: ["batch operations on maps"]),
        ]

        @Test(arguments: cases)
        func `a missing feature ends the daemon with its name and the mode to use instead`(_ row: Case) async throws {
            let output = try await run(through: try OlderKernel.lacking(row.lack))
            try expectRefusal(output, row.features)
        }

        @Test(arguments: [
            ("umount -a -t cgroup2", "cgroup version 2"),
            ("mount --bind /dev/null /proc/filesystems", "bpf file system"),
        ])
        func `so does a missing file system`(change: String, feature: String) async throws {
            let output = try await run(through: ["unshare", "--mount", "sh", "-c", "\(change) && exec \"$@\"", "sh"])
            try expectRefusal(output, [feature])
        }

        @Test func `a right that is missing is named`() async throws {
            for rights in ["-all", "-bpf,-sys_admin", "-sys_admin"] {
                let output = try await run(through: ["setpriv", "--bounding-set", rights, "--inh-caps", rights])
                #expect(output.status == .exited(1), "\(output)")
                #expect(output.standardError.contains("CAP_SYS_ADMIN"), "\(output)")
            }
        }

        @Test func `the mode that is named works on such a kernel`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let wrapper = try OlderKernel.lacking("helper:187")
            let daemon = try cluster.node.start(wrapper + cluster.runCommand(["--proxy-mode", "nftables"]))
            for line in ["IPv4 compared", "IPv6 compared"] { try await daemon.waitForLine(containing: line) }
            try await cluster.waitUntilServed(by: ["pod0", "pod1", "pod2"])
        }

        /// The daemon, in a network namespace with nothing in it.
        private func run(through wrapper: [String]) async throws -> ProcessOutput {
            let network = TestNetwork()
            defer { network.close() }
            let folder = try ScratchFolder()
            defer { folder.remove() }
            // No file system of pins: a daemon that got so far would say so.
            let options = ["--manifests", folder.path, "--state-dir", "", "--admin-socket", ""]
            let command = [try productPath("fairway"), "run", "--proxy-mode", "ebpf", "--ebpf-pin-path", "\(folder.path)/pins"]
            let output = try await network.addNamespace("older").run(wrapper + command + options, timeout: .seconds(30))
            #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/pins"))
            return output
        }

        private func expectRefusal(_ output: ProcessOutput, _ features: [String]) throws {
            #expect(output.status == .exited(1), "\(output)")
            let line = try #require(output.standardError.split(separator: "\n").last)
            #expect(line.hasPrefix("fairway: start the ebpf mode: no "), "\(output)")
            #expect(line.hasSuffix("; run with --proxy-mode nftables instead"), "\(output)")
            let named = line.matches(of: #/no ([^:;]+): needs Linux \d+\.\d+, /#).map { String($0.1) }
            #expect(named == features, "\(output)")
        }
    }
}

/// The library that takes things away, compiled once in a run of the tests.
enum OlderKernel {
    private static let library = Result { try compile() }

    /// A command that runs a program on such a kernel.
    static func lacking(_ lack: String) throws -> [String] {
        ["env", "OLDER_KERNEL_LACKS=\(lack)", "LD_PRELOAD=\(try library.get().path)/older_kernel.so"]
    }

    private static func compile() throws -> ScratchFolder {
        guard let clang = toolPath("clang") else { throw TestSupportError("no clang: it comes with the toolchain") }
        let folder = try ScratchFolder()
        let source = packageRoot() + "/Tests/FairwayTests/OlderKernel/older_kernel.c"
        let output = try ProcessRequest(
            path: clang,
            arguments: ["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o", "\(folder.path)/older_kernel.so", source]
        ).collectOutput(timeout: .seconds(60))
        guard output.status.isSuccess else { throw TestSupportError("clang \(source): \(output)") }
        return folder
    }
}
