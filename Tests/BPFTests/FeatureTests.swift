@testable import BPF
import BPFTesting
import CBPF
import NetworkNamespaceTesting
import Testing

/// What the kernel has, found out by trying.
struct FeatureTests {
    @Test("This kernel has all that the dataplane needs", .enabled(if: Requirement.root, "needs root"))
    func all() throws {
        let missing = try BPFFeature.missing()
        #expect(missing == [])
    }

    @Test("A helper that no kernel has, or not for that type, is missing", .enabled(if: Requirement.root, "needs root"))
    func unknownHelper() throws {
        let packet = ProbeProgram(BPF_PROG_TYPE_SCHED_CLS)
        let future = try packet.knows(bpf_func_id(60_000))
        #expect(!future)
        // For cgroups only.
        let other = try packet.knows(BPF_FUNC_set_retval)
        #expect(!other)
        let unknownType = try ProbeProgram(bpf_prog_type(60_000)).loads()
        #expect(!unknownType)
        let unknownTypesHelper = try ProbeProgram(bpf_prog_type(60_000)).knows(BPF_FUNC_loop)
        #expect(!unknownTypesHelper)
    }

    @Test("What is missing is said in one line, with the Linux it came with", arguments: BPFFeature.allCases)
    func text(_ feature: BPFFeature) {
        let text = feature.textWhenMissing
        #expect(text.hasPrefix("no \(feature.rawValue): needs Linux \(feature.since), "))
        #expect(!text.contains("\n"))
    }

    @Test("The mount of cgroup version 2 is found beside version 1, by the root it shows")
    func mounts() {
        let mounts = """
            24 1 0:22 / /proc rw,relatime shared:5 - proc proc rw
            30 1 0:26 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
            31 1 0:27 /inner /mnt/inner rw,relatime shared:7 master:2 - cgroup2 cgroup2 rw
            32 1 0:27 / /sys/fs/with\\040blank/unified rw,relatime - cgroup2 cgroup2 rw
            short
            """
        #expect(CgroupMount.list(mounts: mounts) == ["/sys/fs/with blank/unified", "/mnt/inner"])
        #expect(CgroupMount.list(mounts: "") == [])
    }
}
