import KubernetesTesting
import LinuxSystem
import NetworkNamespaceTesting
import Testing

/// An API server and kubectl in this process's own network, and `fairway controller` beside them.
struct ControllerCluster {
    let server: TestAPIServer
    let kubectl: KubectlCommand
    let folder: ScratchFolder

    static func with(_ body: (ControllerCluster) async throws -> Void) async throws {
        let folder = try ScratchFolder()
        defer { folder.remove() }
        let server = try await TestAPIServer.start(.withoutKubelets)
        let result: Result<Void, any Error>
        do {
            let kubectl = try KubectlCommand(server, folder: "\(folder.path)/api")
            try server.put(ClusterObjects.node, .nodes)
            result = .success(try await body(ControllerCluster(server: server, kubectl: kubectl, folder: folder)))
        } catch { result = .failure(error) }
        await server.stop()
        try result.get()
    }

    /// A replica with a short lease. It is killed when the last reference goes.
    func startReplica() throws -> RunningProcess {
        try RunningProcess(
            ProcessRequest(
                path: productPath("fairway"),
                arguments: [
                    "controller", "--kubeconfig", "\(kubectl.folder)/kubeconfig", "--leader-elect-lease-duration", "3s",
                    "--leader-elect-renew-deadline", "2s", "--leader-elect-retry-period", "1s", "--verbose",
                ]))
    }

    /// One that works.
    func startLeader() async throws -> RunningProcess {
        let replica = try startReplica()
        try await replica.waitForLine(containing: "this replica leads", timeout: .seconds(30))
        return replica
    }

    /// Slices of a Service, by who manages them.
    func slices(of service: String, managedBy manager: String) -> [JSON] {
        server.list(.endpointSlices).filter { slice in
            let labels = slice[["metadata", "labels"]]
            return labels?["kubernetes.io/service-name"]?.string == service
                && labels?["endpointslice.kubernetes.io/managed-by"]?.string == manager
        }
    }

    /// Addresses in a Service's slices of one family, sorted.
    func addresses(of service: String, managedBy manager: String = managed, family: String = "IPv4") -> [String] {
        slices(of: service, managedBy: manager).filter { $0["addressType"]?.string == family }
            .flatMap { $0["endpoints"]?.array ?? [] }
            .flatMap { $0["addresses"]?.array ?? [] }.compactMap(\.string).sorted()
    }

    static let managed = "endpointslice-controller.k8s.io"
    static let mirrored = "endpointslicemirroring-controller.k8s.io"

    func waitUntil(_ service: String, has addresses: [String], managedBy manager: String = managed) async throws {
        try await eventually("\(service) has \(addresses)") { self.addresses(of: service, managedBy: manager) == addresses }
    }

    static func pod(_ name: String, _ address: String, app: String = "web") -> String {
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: \(name), namespace: shop, labels: {app: \(app)}}
        spec:
          nodeName: node-a
          containers: [{name: main, image: main, ports: [{name: http, containerPort: 8080}]}]
        status:
          phase: Running
          podIP: \(address)
          podIPs: [{ip: \(address)}]
          conditions: [{type: Ready, status: "True", lastTransitionTime: "2026-01-02T03:04:05Z"}]
        """
    }

    static let service = """
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop, labels: {team: front}}
        spec:
          selector: {app: web}
          ports: [{name: http, port: 80, targetPort: http}]
        """
}
