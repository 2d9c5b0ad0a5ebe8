import FoundationEssentials
import Testing

@testable import fairway

@Suite struct RunningKubeProxyTests {
    /// A folder like /proc: processes by id, with name and network namespace.
    private func find(_ processes: [(id: Int, name: String, namespace: String)]) throws -> Int32? {
        let folder = try ScratchFolder()
        func add(_ process: String, _ name: String, _ namespace: String) throws {
            try folder.write("\(process)/comm", "\(name)\n")
            let link = try folder.file("\(process)/ns/net")
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "net:[\(namespace)]")
        }
        try add("self", "fairway", "1")
        for process in processes { try add("\(process.id)", process.name, process.namespace) }
        return RunningKubeProxy.find(processes: folder.path)
    }

    @Test func `a kube-proxy of the same network namespace is found`() throws {
        #expect(try find([(7, "kube-proxy", "1"), (8, "other", "1")]) == 7)
        #expect(try find([(7, "kube-proxy", "2"), (8, "kube-proxy-x", "1")]) == nil)
        #expect(try find([(9, "kube-proxy", "2"), (12, "kube-proxy", "1")]) == 12)
    }

    @Test func `the names of kube-proxy's chains are its own, and not the kubelet's`() {
        for name in ["KUBE-SERVICES", "KUBE-SVC-AAAA", "KUBE-SVL-AAAA", "KUBE-EXT-AAAA", "KUBE-FW-AAAA", "KUBE-PROXY-CANARY", "KUBE-NODE-PORT"] {
            #expect(KubeProxyNames.isChain(name), "\(name)")
        }
        for name in ["KUBE-KUBELET-CANARY", "KUBE-FIREWALL", "KUBE-MARK-DROP", "KUBE-ROUTER-INPUT", "INPUT", "DOCKER", "KUBE-SVC"] {
            #expect(!KubeProxyNames.isChain(name), "\(name)")
        }
    }
}
