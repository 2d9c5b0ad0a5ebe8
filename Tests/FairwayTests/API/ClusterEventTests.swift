import FoundationEssentials
import KubernetesTesting
import LinuxSystem
import NetworkNamespaceTesting
import Testing

extension FairwayTests {
    /// What a daemon holds does not grow with what it hears. FAIRWAY_SOAK_EVENTS is how many events; `make soak-api` has a
    /// million.
    @Suite(.enabled(if: Requirement.root, "needs root")) struct ClusterEventTests {
        private static let count =
            ProcessInfo.processInfo.environment["FAIRWAY_SOAK_EVENTS"].flatMap { Int($0) } ?? 20_000
        /// Told before the daemon is waited for: less than the server's history, so that nothing is listed again.
        private static let burst = 500
        private static let services = 50
        /// Bytes by which the daemon may be larger than after the first quarter.
        private static let drift = 8 << 20

        @Test func `memory is flat through many events`() async throws {
            try await ClusterNode.with { cluster in
                for place in 0..<Self.services {
                    try cluster.server.put(
                        ClusterObjects.service(Self.name(place), 100 + place, nodePort: Int64(31_000 + place)), .services)
                    try cluster.server.put(Self.slice(place, place), .endpointSlices)
                }
                let daemon = try await cluster.startDaemon()
                let before = try await Self.eventCount(cluster)
                var resident: [Int] = []
                var told = Self.services
                while told < Self.services + Self.count {
                    for _ in 0..<Self.burst {
                        try Self.change(told, cluster.server)
                        told += 1
                    }
                    let wanted = before + told - Self.services
                    try await eventually("\(wanted) events", within: .seconds(60)) {
                        try await Self.eventCount(cluster) >= wanted
                    }
                    resident.append(try ResidentMemory(ofProcess: daemon.pid).currentBytes)
                }
                let quarters = (1...4).map { resident[resident.count * $0 / 4 - 1] }
                print("\(told - Self.services) events: \(quarters.map { $0 >> 10 }) KiB after each quarter")
                #expect((quarters.max() ?? 0) - quarters[0] <= Self.drift, "\(quarters) bytes after each quarter")
                let lists = try await cluster.base.metrics()["fairway_api_lists_total{kind=\"EndpointSlice\"}"]
                #expect(lists <= 1, "the events were heard of in \(lists) lists")
            }
        }

        /// The next event. Mostly another endpoint with a pod's name that was never there before, as pods come and go; now
        /// and then the slice goes, and comes back, or its Service has another label.
        private static func change(_ number: Int, _ server: TestAPIServer) throws {
            let (place, round) = (number % services, number / services)
            switch round % 20 {
            case 10:
                try server.change(.services, "shop", name(place), ["metadata": ["labels": ["round": .string("\(round)")]]])
            case 18: try server.delete(.endpointSlices, "shop", "\(name(place))-1")
            default: try server.put(slice(place, number), .endpointSlices)
            }
        }

        private static func name(_ place: Int) -> String { "service-\(place)" }

        private static func slice(_ place: Int, _ number: Int) -> JSON {
            let pod = JSON.string("pod-\(number)")
            return [
                "metadata": [
                    "name": .string("\(name(place))-1"), "namespace": "shop",
                    "labels": ["kubernetes.io/service-name": .string(name(place))],
                ],
                "addressType": "IPv4", "ports": [["name": "http", "protocol": "TCP", "port": 8080]],
                "endpoints": [
                    [
                        "addresses": [.string("10.200.\(number / 250 % 250).\(number % 250 + 1)")], "conditions": ["ready": true],
                        "targetRef": ["kind": "Pod", "namespace": "shop", "name": pod, "uid": pod],
                    ]
                ],
            ]
        }

        private static func eventCount(_ cluster: ClusterNode) async throws -> Int {
            Int(try await cluster.base.metrics().sum("fairway_api_events_total"))
        }
    }
}
