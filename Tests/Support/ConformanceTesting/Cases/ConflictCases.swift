internal import KubernetesModel
internal import KubernetesModelTesting
internal import NetworkTypes

/// Several Services that claim one address and port (reference 1.2, last row): the oldest has it, then
/// the first by name; who loses keeps the rest.
enum ConflictCases {
    static var all: [ConformanceCase] {
        IPFamily.allCases.flatMap { family in
            cases(WebService(family, family == .ipv4 ? .tcp : .udp)).map { row in
                var row = row.representative()
                row.name += ", \(family)"
                return row
            }
        }
    }

    private static func cases(_ web: WebService) -> [ConformanceCase] {
        let rival = web.with {
            $0.name = "rival"
            $0.number = 1
        }
        func service(_ plain: WebService, created: Int64?) -> KubernetesObject {
            plain.service {
                $0.metadata.creationTimestamp = created.map { Timestamp(seconds: $0) }
                $0.spec.externalIPs = [web.externalIP]
                $0.status.loadBalancerIngress = [LoadBalancerIngress(ip: web.loadBalancerIP)]
            }
        }
        let slices = [web.slice(ready: ["a1"]), rival.slice(ready: ["b1"])]
        let shared: [Way] = [.externalIP, .loadBalancerIP]
        let own: [Way] = [.clusterIP, .nodePort]
        func winner(_ isRival: Bool) -> [ConformanceFlow] {
            web.works([isRival ? "b1" : "a1"], shared) + web.works(["a1"], own) + rival.works(["b1"], own)
        }
        func wins(_ name: String, rival isRival: Bool, _ webTime: Int64?, _ rivalTime: Int64?) -> ConformanceCase {
            ConformanceCase(
                name, [service(web, created: webTime), service(rival, created: rivalTime)] + slices, flows: winner(isRival))
        }
        return [
            wins("of two Services that claim an address the older has it", rival: false, 1000, 2000),
            wins("of two Services that claim an address the older has it, whatever its name", rival: false, 1000, 1001),
            wins("of two Services as old the first by name has the address", rival: true, 1000, 1000),
            wins("a Service whose age is not known comes after others", rival: false, 1000, nil),
            ConformanceCase(
                "an address goes to the other Service when its holder goes, and back when it is made again as old",
                [service(web, created: 1000), service(rival, created: 2000)] + slices, flows: winner(false)
            ).then(
                "the holder deleted", delete: [web.reference], flows: web.works(["b1"], shared) + rival.works(["b1"], own)
            ).then("made again, younger", set: [service(web, created: 3000)], flows: winner(true))
                .then("made again, older", set: [service(web, created: 500)], flows: winner(false)),
            ConformanceCase(
                "two Services at one address share it by port",
                [
                    service(web, created: 1000),
                    rival.service {
                        $0.metadata.creationTimestamp = Timestamp(seconds: 2000)
                        $0.status.loadBalancerIngress = [LoadBalancerIngress(ip: web.loadBalancerIP)]
                        $0.spec.ports[0].port = 81
                    },
                ] + slices,
                flows: web.works(["a1"], [.loadBalancerIP])
                    + [Sender.pod, .client].map {
                        ConformanceFlow(
                            from: $0, to: web.loadBalancerIP, port: 81, web.transport,
                            .balanced(to: ["b1"], masqueraded: true))
                    }),
        ]
    }
}
