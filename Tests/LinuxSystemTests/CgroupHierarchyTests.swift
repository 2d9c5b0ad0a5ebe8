import LinuxSystem
import Testing

@Suite struct CgroupHierarchyTests {
    @Test(arguments: [
        ("cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n", "/sys/fs/cgroup"),
        ("tmpfs /sys/fs/cgroup tmpfs rw 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n", "/sys/fs/cgroup/unified"),
        ("none /mnt/a\\040b cgroup2 rw 0 0\n", "/mnt/a b"), ("cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n", nil), ("", nil),
    ])
    func `the mount point of cgroup v2 is found`(mounts: String, expected: String?) {
        #expect(CgroupHierarchy.mountPoint(in: mounts) == expected)
    }

    @Test func `a network namespace has a cookie of its own`() async throws {
        let here = try NetworkNamespace.currentCookie()
        let there = try await NetworkNamespace.make().inside { try NetworkNamespace.currentCookie() }
        #expect(here != there)
    }
}
