import FoundationEssentials
import KubernetesModel
import LinuxSystem
import Measuring
import NetworkTypes

/// How soon an endpoint that changed is in the answers, while dnsperf asks at a fixed rate.
struct ChangeProbe {
    let server: FairwayServer
    let cluster: Cluster
    let folder: WorkFolder

    private static let rate = 100_000

    func measure(_ count: Int) throws -> Report.Change {
        let service = Service(
            metadata: ObjectMeta(name: "probe", namespace: "namespace-0"),
            spec: ServiceSpec(clusterIPs: [.none], ipFamilies: [.ipv4], ports: [ServicePortSpec(name: "http", port: 80)]))
        let encoder = JSONEncoder()
        try folder.write("manifests/probe.json", try encoder.encode(KubernetesObject.service(service)))
        let client = try QueryClient(port: server.port)
        _ = try visible(client, 0, encoder)
        let load = try start(
            [
                "dnsperf", "-s", "127.0.0.1", "-p", "\(server.port)", "-d", folder.path + "/queries-a", "-l", "600", "-c", "20",
                "-T", "1", "-q", "200", "-Q", "\(Self.rate)",
            ], core: 1, folder: folder, log: "load.log")
        var samples: [Double] = []
        for number in 1...count { samples.append(try visible(client, number, encoder)) }
        load.signal(2)
        _ = load.wait()
        let text = String(decoding: try Data(contentsOf: URL(filePath: folder.path + "/load.log")), as: UTF8.self)
        return Report.Change(
            services: cluster.services, queriesPerSecond: try Dnsperf.rate(in: text), samples: count,
            p50Milliseconds: samples.percentile(0.5), p99Milliseconds: samples.percentile(0.99))
    }

    /// Milliseconds from the rename of the slice's file to the first answer with its address.
    private func visible(_ client: borrowing QueryClient, _ number: Int, _ encoder: JSONEncoder) throws -> Double {
        let address = IPAddress(v4: 0x0BF0_0000 + UInt32(number))
        let slice = EndpointSlice(
            metadata: ObjectMeta(
                name: "probe-v4", namespace: "namespace-0",
                labels: [LabelKey.serviceName: "probe", LabelKey.managedBy: "benchmark"]),
            addressType: .ipv4, ports: [EndpointPort(name: "http", port: 80)],
            endpoints: [Endpoint(addresses: [address], ready: true)])
        let data = try encoder.encode(KubernetesObject.endpointSlice(slice))
        let started = ContinuousClock.now
        try folder.write("manifests/probe-slice.json", data)
        while try client.addresses(of: Cluster.probeName, timeout: .seconds(2)) != [address] {
            guard ContinuousClock.now - started < .seconds(30) else {
                throw MeasurementError(description: "change \(number) did not become visible")
            }
        }
        let taken = ContinuousClock.now - started
        return Double(taken.components.seconds) * 1000 + Double(taken.components.attoseconds) * 1e-15
    }
}
