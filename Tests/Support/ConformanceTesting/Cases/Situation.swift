internal import KubernetesModel
internal import KubernetesModelTesting
internal import NetworkTypes

/// Endpoints of a Service in some state, and which of them the contract uses (reference 1.3).
package struct Situation: Sendable, CustomStringConvertible {
    package let name: String
    let endpoints: @Sendable (IPFamily) -> [Endpoint]
    /// Used by those who may use the whole cluster.
    package let cluster: Set<String>
    /// Used by those who may use this node only.
    package let local: Set<String>
    /// The Node object, where it is another than usual.
    var node: Node?
    package var description: String { name }

    init(
        _ name: String, cluster: Set<String>, local: Set<String>, node: Node? = nil,
        _ endpoints: @escaping @Sendable (IPFamily) -> [Endpoint]
    ) {
        self.name = name
        self.endpoints = endpoints
        self.cluster = cluster
        self.local = local
        self.node = node
    }

    /// No endpoint can take a connection, wherever it runs.
    package var isEmpty: Bool { cluster.isEmpty }
}

extension Situation {
    static let both = Situation("endpoints on both nodes", cluster: ["a1", "b1", "b2"], local: ["a1"]) { family in
        ["a1", "b1", "b2"].map { World.endpoint($0, family) }
    }
    static let remoteOnly = Situation("endpoints on the other node only", cluster: ["b1", "b2"], local: []) { family in
        ["b1", "b2"].map { World.endpoint($0, family) }
    }
    static let none = Situation("no endpoints", cluster: [], local: []) { _ in [] }

    /// Conditions: ready, serving, terminating.
    static let byCondition: [Situation] = [
        both, remoteOnly, none,
        Situation("endpoints on this node only", cluster: ["a1", "a2"], local: ["a1", "a2"]) { family in
            ["a1", "a2"].map { World.endpoint($0, family) }
        },
        Situation("the only local endpoint terminates, a remote one is ready", cluster: ["b1"], local: ["a1"]) {
            [draining("a1", $0), World.endpoint("b1", $0)]
        },
        Situation("a terminating local endpoint beside a ready one", cluster: ["a2", "b1"], local: ["a2"]) {
            [draining("a1", $0), World.endpoint("a2", $0), World.endpoint("b1", $0)]
        },
        Situation("a terminating remote endpoint beside a ready local one", cluster: ["a1"], local: ["a1"]) {
            [World.endpoint("a1", $0), draining("b1", $0)]
        },
        Situation("every endpoint terminates and serves", cluster: ["a1", "b1"], local: ["a1"]) {
            [draining("a1", $0), draining("b1", $0)]
        },
        Situation("only terminating remote endpoints", cluster: ["b1", "b2"], local: []) {
            [draining("b1", $0), draining("b2", $0)]
        },
        Situation("only terminating endpoints, of which one serves", cluster: ["b1"], local: []) {
            [World.endpoint("a1", $0, ready: false, serving: false, terminating: true), draining("b1", $0)]
        },
        Situation("endpoints that terminate and do not serve", cluster: [], local: []) { family in
            ["a1", "b1"].map { World.endpoint($0, family, ready: false, serving: false, terminating: true) }
        },
        Situation("endpoints that are not ready", cluster: [], local: []) { family in
            ["a1", "b1"].map { World.endpoint($0, family, ready: false) }
        },
        Situation("conditions that nobody set", cluster: ["a1", "b1"], local: ["a1"]) { family in
            ["a1", "b1"].map { World.endpoint($0, family, ready: nil, serving: nil, terminating: nil) }
        },
    ]

    /// Topology hints (only ready endpoints' hints count, Local policies know none).
    static let byTopology: [Situation] = [
        Situation("zone hints keep traffic in the zone", cluster: ["b1"], local: ["a1"]) {
            [hinted("a1", $0, zones: [World.otherZone]), hinted("b1", $0, zones: [World.zone])]
        },
        Situation("one of several zone hints is enough", cluster: ["a1", "b1"], local: ["a1"]) {
            [
                hinted("a1", $0, zones: [World.zone]), hinted("b1", $0, zones: [World.otherZone, World.zone]),
                hinted("b2", $0, zones: [World.otherZone]),
            ]
        },
        Situation("a ready endpoint without zone hint switches zones off", cluster: ["a1", "b1", "b2"], local: ["a1"]) {
            [
                hinted("a1", $0, zones: [World.otherZone]), hinted("b1", $0, zones: [World.zone]),
                World.endpoint("b2", $0),
            ]
        },
        Situation("zone hints that name no endpoint for the zone count for nothing", cluster: ["a1", "b1"], local: ["a1"]) {
            [hinted("a1", $0, zones: [World.otherZone]), hinted("b1", $0, zones: [World.otherZone])]
        },
        Situation("an endpoint that is not ready switches no zones off", cluster: ["b1"], local: ["a1"]) {
            [
                hinted("a1", $0, zones: [World.otherZone]), hinted("b1", $0, zones: [World.zone]),
                World.endpoint("b2", $0, ready: false),
            ]
        },
        Situation("node hints keep traffic on the node", cluster: ["a2"], local: ["a1", "a2"]) {
            [
                hinted("a1", $0, nodes: [World.otherNode]), hinted("a2", $0, nodes: [World.node]),
                hinted("b1", $0, nodes: [World.otherNode]),
            ]
        },
        Situation("node hints beat zone hints", cluster: ["b1"], local: ["a1"]) {
            [
                hinted("a1", $0, zones: [World.zone], nodes: [World.otherNode]),
                hinted("b1", $0, zones: [World.otherZone], nodes: [World.node]),
            ]
        },
        Situation("node hints that name nobody leave zone hints in force", cluster: ["a1"], local: ["a1"]) {
            [
                hinted("a1", $0, zones: [World.zone], nodes: ["node-c"]),
                hinted("b1", $0, zones: [World.otherZone], nodes: ["node-c"]),
            ]
        },
        Situation("terminating endpoints are used without topology", cluster: ["a1", "b1"], local: ["a1"]) {
            [
                World.endpoint("a1", $0, ready: false, serving: true, terminating: true, hintZones: [World.zone]),
                World.endpoint("b1", $0, ready: false, serving: true, terminating: true, hintZones: [World.otherZone]),
            ]
        },
        Situation(
            "a node without zone ignores zone hints", cluster: ["a1", "b1"], local: ["a1"],
            node: {
                var node = World.nodeObject
                node.metadata.labels[LabelKey.zone] = nil
                return node
            }()
        ) {
            [hinted("a1", $0, zones: [World.otherZone]), hinted("b1", $0, zones: [World.zone])]
        },
    ]

    private static func draining(_ name: String, _ family: IPFamily) -> Endpoint {
        World.endpoint(name, family, ready: false, serving: true, terminating: true)
    }

    private static func hinted(
        _ name: String, _ family: IPFamily, zones: [String] = [], nodes: [String] = []
    ) -> Endpoint {
        World.endpoint(name, family, hintZones: zones, hintNodes: nodes)
    }
}
