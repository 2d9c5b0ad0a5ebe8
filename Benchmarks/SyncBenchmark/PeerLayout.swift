import LinuxSystem
import Measuring
import Netlink
import NetworkTypes

/// kube-proxy's layout, loaded through the same netlink code: a chain, a rule and a map for each
/// Service, and one verdict map from addresses to chains. Times only; no packet is sent through it.
struct PeerLayout {
    let services: Int
    let meanEndpoints: Int
    let samples: Int
    let seed: UInt64

    private let table = NftablesTable(family: .ip, name: "peer-layout")
    private let serviceMap = NftablesSet(
        "service-ips", key: [.destinationAddress(.ip), .transportProtocol, .destinationPort], data: .verdict)

    init(services: Int, meanEndpoints: Int, samples: Int, seed: UInt64) {
        self.services = services
        self.meanEndpoints = meanEndpoints
        self.samples = samples
        self.seed = seed
    }

    private func endpoints(_ index: Int) -> NftablesSet {
        NftablesSet(
            "endpoints-\(index)", key: [.index], data: .fields([.destinationAddress(.ip), .destinationPort]))
    }

    private func bytes(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    private func endpoint(_ index: Int, _ pod: Int) -> NftablesElement {
        NftablesElement(
            key: bytes(UInt32(index).byteSwapped),
            data: .value(bytes(0x0B00_0000 + UInt32(pod)) + [0x1F, 0x90, 0, 0]))
    }

    private func frontend(_ index: Int) -> NftablesElement {
        NftablesElement(
            key: bytes(0x0A60_0000 + 16 + UInt32(index)) + [6, 0, 0, 0, 0, 80, 0, 0],
            data: .verdict(.goto("service-\(index)")))
    }

    private func addService(_ index: Int, _ batch: inout NftablesBatch) throws {
        let map = endpoints(index)
        let chain = "service-\(index)"
        try batch.addSet(map, to: table)
        try batch.addElements(
            (0..<meanEndpoints).map { endpoint($0, index * meanEndpoints + $0) }, to: map, in: table)
        try batch.addChain(NftablesChain(chain), to: table)
        try batch.addRule(
            NftablesRule(
                chain: chain,
                [
                    .numgen(.random, modulus: UInt32(meanEndpoints), to: .r1),
                    .mapLookup(map: map.name, key: .r1, to: .r1),
                    .nat(.destination, address: .r1, port: .word(1)),
                ]), to: table)
        try batch.addElements([frontend(index)], to: serviceMap, in: table)
    }

    func measure() throws -> Row {
        let socket = try NftablesSocket()
        func timed(_ build: (inout NftablesBatch) throws -> Void) throws -> Double {
            let started = ContinuousClock.now
            var batch = NftablesBatch()
            try build(&batch)
            try socket.commit(batch)
            return (ContinuousClock.now - started).inSeconds
        }
        let first = try timed { batch in
            try batch.addTable(table)
            try batch.addSet(serviceMap, to: table)
            try batch.addChain(
                NftablesChain("nat-prerouting", attachment: .init(type: .nat, hook: .prerouting, priority: -100)),
                to: table)
            for index in 0..<services { try addService(index, &batch) }
        }
        var replaced: [Double] = []
        var added: [Double] = []
        for sample in 0..<samples {
            let index = sample * 7919 % services
            replaced.append(
                try timed { batch in
                    let map = endpoints(index)
                    try batch.deleteElements(
                        [NftablesElement(key: endpoint(0, 0).key)], from: map, in: table)
                    try batch.addElements([endpoint(0, 2_000_000 + sample)], to: map, in: table)
                })
            added.append(try timed { try addService(services + sample, &$0) })
        }
        let memory = try ResidentMemory()
        let none = Row.Percentiles(seconds: [])
        return Row(
            services: services, endpoints: meanEndpoints, mode: "kube-proxy-layout", firstSyncSeconds: first,
            changeMilliseconds: .init(seconds: replaced), shrinkMilliseconds: none, growMilliseconds: none,
            addMilliseconds: .init(seconds: added), removeMilliseconds: none, restartSeconds: 0,
            residentMegabytes: Double(memory.currentBytes) / 1e6, peakMegabytes: Double(memory.peakBytes) / 1e6,
            chains: try socket.chains(of: table).count, rules: try socket.rules(of: table).count, transactions: 1)
    }
}
