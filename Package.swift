// swift-tools-version: 6.2
import PackageDescription

// One loop below gives every target these settings; no target opts out.
let strictSettings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

let collections = Target.Dependency.product(name: "HashTreeCollections", package: "swift-collections")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let nioHTTP2 = Target.Dependency.product(name: "NIOHTTP2", package: "swift-nio-http2")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

// libFuzzer brings the main function, so these link only with -sanitize=fuzzer: make fuzz.
let fuzzTargets: [Target] = [
    .executableTarget(
        name: "dns-wire-fuzzing", dependencies: ["DNSWireTesting"], path: "Tests/Fuzzing/DNSWireFuzzing")
]

let productTargets: [Target] = [
    // Values and models
    .target(name: "NetworkTypes"),
    .target(name: "KubernetesModel", dependencies: ["NetworkTypes"]),
    .target(name: "ObjectStore", dependencies: ["KubernetesModel", "NetworkTypes", collections]),
    .target(name: "ServiceTable", dependencies: ["NetworkTypes", collections]),
    .target(name: "LoadBalancing", dependencies: ["NetworkTypes"]),

    // Sources and control
    .target(
        name: "ManifestSource",
        dependencies: ["ObjectStore", "KubernetesModel", "LinuxSystem", "NetworkTypes", yams]),
    .target(name: "NodeConfiguration", dependencies: ["ManifestSource", "NetworkTypes"]),
    .target(
        name: "KubernetesWire", dependencies: ["KubernetesModel", "NetworkTypes", protobuf],
        exclude: ["Protos", "Generated/protos.cksum"]),
    .target(name: "KubernetesClient", dependencies: ["KubernetesWire", "KubernetesModel", "ObjectStore"]),
    .target(
        name: "KubernetesConnection",
        dependencies: [
            "KubernetesClient", "KubernetesWire", "KubernetesModel", "LinuxSystem", "NetworkTypes", asyncHTTPClient,
            nioCore, nioPosix, nioHTTP1, nioHTTP2, nioSSL, yams, logging,
        ]),
    .target(
        name: "EndpointSliceController",
        dependencies: [
            "KubernetesClient", "KubernetesWire", "KubernetesModel", "ObjectStore", "NetworkTypes", collections, deque,
        ]),
    .target(
        name: "ServicePolicy",
        dependencies: ["ServiceTable", "KubernetesModel", "ObjectStore", "NetworkTypes", collections]),

    // Names
    .target(name: "DNSWire", dependencies: ["NetworkTypes"]),
    .target(
        name: "ClusterZone", dependencies: ["DNSWire", "KubernetesModel", "ObjectStore", "NetworkTypes"]),
    .target(name: "DNSForwarder", dependencies: ["DNSWire", "NetworkTypes", nioCore, nioPosix, nioSSL, logging]),
    .target(
        name: "DNSServer",
        dependencies: [
            "ClusterZone", "DNSWire", "DNSForwarder", "LinuxSystem", "NetworkTypes", nioCore, nioPosix,
        ]),
    .target(name: "LocalAddress", dependencies: ["Netlink", "LinuxSystem", "NetworkTypes"]),

    // The kernel
    .target(name: "CLinux"),
    .target(name: "LinuxSystem", dependencies: ["CLinux", "NetworkTypes"]),
    .systemLibrary(
        name: "CNetfilter", pkgConfig: "libnftnl",
        providers: [.apt(["libnftnl-dev", "libmnl-dev", "pkg-config"])]),
    .target(name: "Netlink", dependencies: ["CNetfilter", "LinuxSystem", "NetworkTypes"]),

    // The ebpf mode's programs: C for the kernel, compiled and embedded by a plugin
    .systemLibrary(name: "CBPF", providers: [.apt(["libbpf-dev", "libelf-dev", "zlib1g-dev"])]),
    .target(name: "CBPFMaps"),
    .target(name: "BPF", dependencies: ["CBPF", "LinuxSystem", "Netlink", "NetworkTypes"]),
    .executableTarget(name: "program-embedder"),
    .plugin(
        name: "EmbedPrograms", capability: .buildTool(), dependencies: ["program-embedder"],
        path: "Sources/EmbedPrograms"),
    .target(name: "BPFPrograms", exclude: ["Kernel"], plugins: ["EmbedPrograms"]),

    // Dataplanes
    .target(name: "Dataplane", dependencies: ["ServiceTable", "LoadBalancing", "NetworkTypes"]),
    .target(
        name: "NftablesDataplane",
        dependencies: ["Dataplane", "ServiceTable", "LoadBalancing", "Netlink", "NetworkTypes"]),
    .target(
        name: "BPFDataplane",
        dependencies: [
            "Dataplane", "ServiceTable", "BPF", "BPFPrograms", "CBPFMaps", "LoadBalancing", "LinuxSystem", "Netlink",
            "NetworkTypes",
        ]),

    .target(name: "Relay", dependencies: ["LoadBalancing", "LinuxSystem", "NetworkTypes"]),
    .target(
        name: "UserspaceDataplane",
        dependencies: [
            "Dataplane", "Relay", "ServiceTable", "LoadBalancing", "Netlink", "LinuxSystem", "NetworkTypes",
        ]),

    .target(
        name: "Conntrack",
        dependencies: ["ServiceTable", "Netlink", "NetworkTypes"]),

    // The daemon
    .target(
        name: "Observability",
        dependencies: [
            "NetworkTypes", hummingbird, hummingbirdCore, httpTypes, nioCore, nioPosix, nioHTTP1, logging, metrics,
            lifecycle,
        ]),
    .executableTarget(
        name: "fairway",
        dependencies: [
            "NetworkTypes", "KubernetesModel", "KubernetesWire", "KubernetesClient", "KubernetesConnection", "ObjectStore",
            "ServiceTable", "ManifestSource", "NodeConfiguration", "EndpointSliceController", "ServicePolicy", "LinuxSystem", "Netlink", "Dataplane",
            "NftablesDataplane", "BPFDataplane", "UserspaceDataplane", "Relay", "Conntrack", "Observability", "DNSWire", "ClusterZone", "DNSServer", "DNSForwarder",
            "LocalAddress", nioCore, nioPosix, argumentParser, logging, metrics, lifecycle, signals, yams,
        ]),
    .executableTarget(
        name: "fairway-echo", dependencies: ["LinuxSystem", "NetworkTypes", argumentParser]),

    // Test support: builders, fakes, the packet tracer, network namespaces
    .target(name: "RandomTesting", path: "Tests/Support/RandomTesting"),
    .target(
        name: "BPFTesting", dependencies: ["BPF", "CBPF", "LinuxSystem", "NetworkNamespaceTesting"],
        path: "Tests/Support/BPFTesting"),
    .target(
        name: "NetworkNamespaceTesting", dependencies: ["LinuxSystem", "NetworkTypes"],
        path: "Tests/Support/NetworkNamespaceTesting"),
    .executableTarget(
        name: "local-address-holder", dependencies: ["LocalAddress", "LinuxSystem", "NetworkTypes"],
        path: "Tests/Support/LocalAddressHolder"),
    .executableTarget(
        name: "relay-process", dependencies: ["Relay", "LinuxSystem", "NetworkTypes"],
        path: "Tests/Support/RelayProcess"),
    .target(name: "LogTesting", dependencies: [logging], path: "Tests/Support/LogTesting"),
    .target(name: "CAllocationCounting", path: "Tests/Support/CAllocationCounting"),
    .target(name: "CThreadCredentials", path: "Tests/Support/CThreadCredentials"),
    .executableTarget(
        name: "answer-allocations",
        dependencies: ["CAllocationCounting", "ClusterZone", "DNSServer", "DNSWire", "NetworkTypes"],
        path: "Tests/Support/AnswerAllocations"),
    .target(
        name: "KubernetesModelTesting", dependencies: ["KubernetesModel", "ObjectStore", "RandomTesting", "NetworkTypes"],
        path: "Tests/Support/KubernetesModelTesting"),
    .target(
        name: "KubernetesTesting",
        dependencies: [
            "KubernetesWire", "KubernetesModel", "LinuxSystem", "NetworkTypes", nioCore, nioPosix, nioHTTP1, nioSSL,
        ],
        path: "Tests/Support/KubernetesTesting"),
    .executableTarget(
        name: "kubernetes-test-server",
        dependencies: ["KubernetesTesting", "NetworkTypes", argumentParser],
        path: "Tests/Support/KubernetesTestServer"),
    .target(
        name: "DataplaneTesting",
        dependencies: ["ServiceTable", "NftablesDataplane", "Netlink", "RandomTesting", "NetworkTypes"],
        path: "Tests/Support/DataplaneTesting"),
    .target(
        name: "ConformanceTesting",
        dependencies: [
            "Dataplane", "DataplaneTesting", "KubernetesModel", "KubernetesModelTesting", "LinuxSystem", "Netlink",
            "NetworkNamespaceTesting", "NetworkTypes", "NftablesDataplane", "ObjectStore", "ServicePolicy",
            "ServiceTable",
        ],
        path: "Tests/Support/ConformanceTesting"),
    .target(
        name: "DNSWireTesting", dependencies: ["DNSWire", "RandomTesting", "NetworkTypes"], path: "Tests/Support/DNSWireTesting"),

    .target(
        name: "DNSTesting",
        dependencies: [
            "DNSWire", "LinuxSystem", "NetworkNamespaceTesting", "NetworkTypes", nioCore, nioPosix, nioSSL,
        ],
        path: "Tests/Support/DNSTesting", exclude: ["Cases/Clusters", "Cases/Rows"]),

    // Benchmarks, and what several of them take
    .target(name: "Measuring", dependencies: ["LinuxSystem"], path: "Benchmarks/Measuring"),
    .executableTarget(
        name: "sync-benchmark",
        dependencies: [
            "NetworkTypes", "KubernetesModel", "ObjectStore", "ServiceTable", "ServicePolicy", "Dataplane",
            "NftablesDataplane", "BPFDataplane", "BPFTesting", "Netlink", "LinuxSystem", "ManifestSource", "RandomTesting", "Measuring", argumentParser, yams,
        ],
        path: "Benchmarks/SyncBenchmark"),
    .executableTarget(
        name: "controller-benchmark",
        dependencies: [
            "NetworkTypes", "KubernetesModel", "ObjectStore", "EndpointSliceController", "LinuxSystem", "Measuring", argumentParser,
        ],
        path: "Benchmarks/ControllerBenchmark"),

    .executableTarget(
        name: "dns-benchmark",
        dependencies: ["DNSWire", "KubernetesModel", "LinuxSystem", "NetworkTypes", "Measuring", argumentParser],
        path: "Benchmarks/DNSBenchmark"),
    .executableTarget(
        name: "datapath-benchmark",
        dependencies: ["KubernetesModel", "LinuxSystem", "NetworkTypes", "NetworkNamespaceTesting", "Measuring", argumentParser],
        path: "Benchmarks/DatapathBenchmark"),
    .executableTarget(
        name: "api-benchmark",
        dependencies: [
            "KubernetesModel", "LinuxSystem", "Netlink", "NetworkNamespaceTesting", "NetworkTypes", "Measuring", argumentParser,
        ],
        path: "Benchmarks/APIBenchmark"),
    .executableTarget(
        name: "conntrack-benchmark",
        dependencies: ["Conntrack", "ServiceTable", "Netlink", "LinuxSystem", "NetworkTypes", "Measuring", argumentParser],
        path: "Benchmarks/ConntrackBenchmark"),

    // Tests
    .testTarget(name: "NetworkTypesTests", dependencies: ["NetworkTypes"]),
    .testTarget(
        name: "KubernetesModelTests", dependencies: ["KubernetesModel", "KubernetesModelTesting", "NetworkTypes"]),
    .testTarget(name: "ObjectStoreTests", dependencies: ["ObjectStore", "KubernetesModel", "KubernetesModelTesting", "RandomTesting", "NetworkTypes"]),
    .testTarget(
        name: "ManifestSourceTests",
        dependencies: ["ManifestSource", "ObjectStore", "KubernetesModel", "LinuxSystem", "RandomTesting", "NetworkTypes", "KubernetesModelTesting"]),
    .testTarget(name: "NodeConfigurationTests", dependencies: ["NodeConfiguration", "ManifestSource", "NetworkTypes"]),
    .testTarget(
        name: "EndpointSliceControllerTests",
        dependencies: [
            "EndpointSliceController", "KubernetesClient", "KubernetesWire", "ObjectStore", "KubernetesModel", "NetworkTypes",
            "RandomTesting", yams,
        ],
        exclude: ["Golden"]),
    .testTarget(
        name: "ServicePolicyTests",
        dependencies: ["ServicePolicy", "ServiceTable", "ObjectStore", "KubernetesModel", "KubernetesModelTesting", "RandomTesting", "NetworkTypes"]),
    .testTarget(
        name: "ServiceTableTests", dependencies: ["ServiceTable", "KubernetesModelTesting", "RandomTesting", "NetworkTypes"]),
    .testTarget(name: "LinuxSystemTests", dependencies: ["LinuxSystem", "NetworkTypes", "NetworkNamespaceTesting"]),
    .testTarget(
        name: "NetlinkTests", dependencies: ["Netlink", "LinuxSystem", "NetworkTypes", "NetworkNamespaceTesting"]),
    .testTarget(name: "DataplaneTests", dependencies: ["Dataplane", "LoadBalancing", "ServiceTable", "NetworkTypes"]),
    .testTarget(
        name: "ConntrackTests",
        dependencies: [
            "Conntrack", "ServiceTable", "Netlink", "NftablesDataplane", "Dataplane", "DataplaneTesting", "LinuxSystem",
            "RandomTesting", "NetworkTypes", "NetworkNamespaceTesting", "fairway-echo",
        ]),
    .testTarget(
        name: "NftablesDataplaneTests",
        dependencies: [
            "NftablesDataplane", "Dataplane", "DataplaneTesting", "ServiceTable", "ServicePolicy", "Netlink",
            "ManifestSource", "EndpointSliceController", "ObjectStore", "KubernetesModel", "KubernetesModelTesting",
            "RandomTesting", "NetworkTypes", "NetworkNamespaceTesting", "LinuxSystem",
        ],
        exclude: ["Golden"]),
    .testTarget(
        name: "ConformanceTests",
        dependencies: [
            "ConformanceTesting", "BPF", "BPFDataplane", "BPFTesting", "CThreadCredentials", "Dataplane", "DataplaneTesting",
            "LinuxSystem", "Netlink", "NetworkNamespaceTesting", "RandomTesting", "NetworkTypes", "NftablesDataplane", "Relay", "ServiceTable",
            "UserspaceDataplane",
        ]),
    .testTarget(
        name: "ObservabilityTests",
        dependencies: ["Observability", "NetworkTypes", metrics, logging, lifecycle, nioCore, nioPosix, nioHTTP1]),
    .testTarget(
        name: "FairwayTests",
        dependencies: [
            "BPFTesting", "NetworkNamespaceTesting", "RandomTesting", "LinuxSystem", "NetworkTypes", "Netlink", "NodeConfiguration", "fairway", "fairway-echo", "ClusterZone",
            "DNSForwarder", "DNSServer", "DNSTesting", "DNSWire", "KubernetesClient", "KubernetesModel", "KubernetesModelTesting", "KubernetesTesting",
            "LogTesting", "ObjectStore", "Observability", "Relay", "ServicePolicy", "ServiceTable", logging,
        ],
        exclude: ["OlderKernel"]),
    .testTarget(name: "DNSWireTests", dependencies: ["DNSWire", "DNSWireTesting", "NetworkTypes"]),
    .testTarget(
        name: "ClusterZoneTests",
        dependencies: [
            "ClusterZone", "DNSWire", "ObjectStore", "KubernetesModel", "KubernetesModelTesting", "RandomTesting", "NetworkTypes",
        ]),
    .testTarget(
        name: "DNSServerTests",
        dependencies: [
            "DNSServer", "DNSForwarder", "ClusterZone", "DNSWire", "ObjectStore", "KubernetesModel",
            "KubernetesModelTesting", "LinuxSystem", "NetworkTypes", "NetworkNamespaceTesting", "RandomTesting", nioCore, nioPosix,
        ]),
    .testTarget(
        name: "DNSForwarderTests",
        dependencies: ["DNSForwarder", "DNSTesting", "DNSWire", "NetworkTypes", "RandomTesting", nioCore, nioPosix]),
    .testTarget(
        name: "LocalAddressTests",
        dependencies: [
            "LocalAddress", "Netlink", "LinuxSystem", "NetworkTypes", "NetworkNamespaceTesting", "NftablesDataplane",
            "Dataplane", "DataplaneTesting", "ServiceTable", "fairway-echo", "local-address-holder",
        ]),
    .testTarget(
        name: "DNSCasesTests",
        dependencies: [
            "ClusterZone", "DNSServer", "DNSTesting", "DNSWire", "EndpointSliceController", "KubernetesModel", "LinuxSystem",
            "ManifestSource", "NetworkNamespaceTesting", "NetworkTypes", "ObjectStore", "fairway",
        ]),
    .testTarget(name: "LoadBalancingTests", dependencies: ["LoadBalancing", "DataplaneTesting", "RandomTesting", "NetworkTypes"]),
    .testTarget(
        name: "BPFTests", dependencies: ["BPF", "BPFTesting", "LinuxSystem", "NetworkTypes", "NetworkNamespaceTesting"],
        exclude: ["Kernel"], plugins: ["EmbedPrograms"]),
    .testTarget(
        name: "BPFProgramsTests",
        dependencies: [
            "BPFPrograms", "BPF", "BPFTesting", "CBPFMaps", "LoadBalancing", "LinuxSystem", "RandomTesting", "NetworkTypes",
            "NetworkNamespaceTesting",
        ],
        exclude: ["Kernel"]),
    .testTarget(
        name: "BPFDataplaneTests",
        dependencies: [
            "BPFDataplane", "BPFPrograms", "BPF", "BPFTesting", "CBPFMaps", "Dataplane", "fairway-echo", "LoadBalancing", "ServiceTable", "Netlink",
            "LinuxSystem", "RandomTesting", "NetworkTypes", "NetworkNamespaceTesting", "KubernetesModelTesting", "DataplaneTesting",
        ]),
    .testTarget(
        name: "RelayTests",
        dependencies: [
            "Relay", "DataplaneTesting", "LoadBalancing", "LinuxSystem", "RandomTesting", "NetworkTypes", "NetworkNamespaceTesting",
            "relay-process",
        ]),
    .testTarget(
        name: "UserspaceDataplaneTests",
        dependencies: [
            "UserspaceDataplane", "Relay", "Dataplane", "DataplaneTesting", "LoadBalancing", "ServiceTable", "Netlink",
            "LinuxSystem", "RandomTesting", "NetworkTypes", "NetworkNamespaceTesting",
        ]),
    .testTarget(
        name: "KubernetesWireTests",
        dependencies: ["KubernetesWire", "KubernetesModel", "KubernetesModelTesting", "RandomTesting", "NetworkTypes"],
        exclude: ["Samples"]),
    .testTarget(
        name: "KubernetesClientTests",
        dependencies: [
            "KubernetesClient", "KubernetesWire", "KubernetesModel", "KubernetesModelTesting", "RandomTesting", "ObjectStore",
        ]),
    .testTarget(
        name: "KubernetesConnectionTests",
        dependencies: [
            "KubernetesConnection", "KubernetesClient", "KubernetesWire", "KubernetesModel", "LinuxSystem", "NetworkTypes",
            "LogTesting", "RandomTesting", nioCore, nioPosix, nioHTTP1, nioHTTP2, nioSSL, logging,
        ]),
    .testTarget(
        name: "KubernetesTestingTests",
        dependencies: [
            "KubernetesTesting", "KubernetesWire", "KubernetesModel", "KubernetesModelTesting", "LinuxSystem",
            "NetworkNamespaceTesting", "NetworkTypes", "kubernetes-test-server", nioCore, nioPosix, nioHTTP1, nioSSL,
        ]),
    .testTarget(name: "LayeringTests"),
]

let targets = productTargets + (Context.environment["FAIRWAY_FUZZING"] == "1" ? fuzzTargets : [])

/// FAIRWAY_TARGETS=A,B builds these and what they stand on.
@MainActor func closure(of names: [String]) -> Set<String> {
    var found: Set<String> = []
    var waiting = names
    while let name = waiting.popLast() {
        guard found.insert(name).inserted, let target = targets.first(where: { $0.name == name }) else { continue }
        for dependency in target.dependencies {
            if case .byNameItem(let name, _) = dependency { waiting.append(name) }
        }
        for case .plugin(let name, _) in target.plugins ?? [] { waiting.append(name) }
    }
    return found
}
let wanted = Context.environment["FAIRWAY_TARGETS"].map { closure(of: $0.split(separator: ",").map(String.init)) }

for target in targets where target.type != .system && target.type != .plugin {
    target.swiftSettings = strictSettings
}

let package = Package(
    name: "fairway",
    products: [
        .executable(name: "fairway", targets: ["fairway"]),
        .executable(name: "fairway-echo", targets: ["fairway-echo"]),
    ].filter { wanted?.contains($0.name) ?? true },
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: targets.filter { wanted?.contains($0.name) ?? true },
    swiftLanguageModes: [.v6]
)
