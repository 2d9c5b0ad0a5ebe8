internal import NetworkTypes

/// Which ClusterIPs and NodePorts are whose.
struct ServiceAllocator: Sendable {
    private let ranges: [IPPrefix]
    private let nodePorts: ClosedRange<Int>
    private var addresses: [IPAddress: String] = [:]
    private var ports: [Int: String] = [:]
    /// By owner: what is given back when its Service goes.
    private var held: [String: (addresses: Set<IPAddress>, ports: Set<Int>)] = [:]
    /// Where the search for a free address goes on.
    private var offsets: [IPFamily: UInt128] = [:]
    private var nextPort: Int
    /// The first addresses are for Services that name theirs: the API server's own, and cluster DNS.
    private static let reserved: UInt128 = 10

    init(ranges: [IPPrefix], nodePorts: ClosedRange<Int>) {
        self.ranges = ranges
        self.nodePorts = nodePorts
        nextPort = nodePorts.lowerBound
    }

    mutating func release(owner: String) {
        guard let gone = held.removeValue(forKey: owner) else { return }
        for address in gone.addresses { addresses[address] = nil }
        for port in gone.ports { ports[port] = nil }
    }

    /// Gives a Service what it lacks and takes what it names.
    ///
    /// - Parameter before: its state until now; what that has and the new one leaves out is carried over.
    /// - Throws: ``APIFailure`` 422 where an address or a port is somebody else's, or ClusterIPs would change.
    mutating func allocate(_ tree: inout JSON, before: JSON?, owner: String) throws {
        let name = tree[["metadata", "name"]]?.string ?? ""
        var faults: [FieldFault] = []
        let former = held[owner]
        release(owner: owner)
        var taken: (addresses: Set<IPAddress>, ports: Set<Int>) = ([], [])
        allocateAddresses(&tree, before?["spec"], owner, &taken.addresses, &faults)
        allocatePorts(&tree, before?["spec"], owner, &taken.ports, &faults)
        guard faults.isEmpty else {
            if let former { hold(former, owner) }
            throw APIFailure.invalid(.services, name, faults)
        }
        hold(taken, owner)
    }

    private mutating func hold(_ taken: (addresses: Set<IPAddress>, ports: Set<Int>), _ owner: String) {
        for address in taken.addresses { addresses[address] = owner }
        for port in taken.ports { ports[port] = owner }
        held[owner] = taken
    }

    private func range(_ family: IPFamily) -> IPPrefix? { ranges.first { $0.family == family } }

    // MARK: ClusterIPs

    private mutating func allocateAddresses(
        _ tree: inout JSON, _ before: JSON?, _ owner: String, _ taken: inout Set<IPAddress>, _ faults: inout [FieldFault]
    ) {
        if tree[["spec", "type"]]?.string == "ExternalName" {
            for key in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] { tree[["spec", key]] = nil }
            return
        }
        var given = Self.clusterIPs(tree["spec"])
        let former = before?["type"]?.string == "ExternalName" ? [] : Self.clusterIPs(before)
        if given.isEmpty {
            given = former
        } else if let old = former.first, old != given[0] {
            let shown = given.map { "\"\($0)\"" }.joined(separator: ",")
            faults.append(FieldFault("spec.clusterIPs[0]", "Invalid value: [\(shown)]: may not change once set"))
            return
        }
        if tree[["spec", "ipFamilyPolicy"]] == nil { tree[["spec", "ipFamilyPolicy"]] = before?["ipFamilyPolicy"] }
        if tree[["spec", "ipFamilies"]] == nil { tree[["spec", "ipFamilies"]] = before?["ipFamilies"] }
        let families = families(tree["spec"] ?? .null, given: given)
        if given.first != "None" {
            for family in families.dropFirst(given.count) { given += free(family, taken).map { ["\($0)"] } ?? [] }
            given = Array(given.prefix(families.count))
            for (index, text) in given.enumerated() { claim(text, index, owner, &taken, &faults) }
        }
        tree[["spec", "clusterIP"]] = .string(given.first ?? "")
        tree[["spec", "clusterIPs"]] = .array(given.map { .string($0) })
        tree[["spec", "ipFamilies"]] = .array(families.map { .string($0.description) })
        if tree[["spec", "ipFamilyPolicy"]] == nil {
            tree[["spec", "ipFamilyPolicy"]] = families.count == 2 ? "RequireDualStack" : "SingleStack"
        }
    }

    private static func clusterIPs(_ spec: JSON?) -> [String] {
        let list = (spec?["clusterIPs"]?.array ?? []).compactMap(\.string)
        if let first = spec?["clusterIP"]?.string, !first.isEmpty { return list.first == first ? list : [first] }
        return list
    }

    private func families(_ spec: JSON, given: [String]) -> [IPFamily] {
        let named = (spec["ipFamilies"]?.array ?? []).compactMap { name in
            IPFamily.allCases.first { $0.description == name.string }
        }
        let ofAddresses = given.compactMap { IPAddress($0)?.family }
        var families = named.isEmpty ? ofAddresses : named
        if families.isEmpty { families = [ranges.first?.family ?? .ipv4] }
        let isFree = given.first == "None" && (spec["selector"]?.object?.isEmpty ?? true)
        let policy = spec["ipFamilyPolicy"]?.string ?? (isFree && named.isEmpty ? "RequireDualStack" : "SingleStack")
        if policy == "SingleStack" { return Array(families.prefix(max(1, min(named.count, 1)))) }
        for range in ranges where families.count < 2 && !families.contains(range.family) { families.append(range.family) }
        return families
    }

    private mutating func free(_ family: IPFamily, _ taken: Set<IPAddress>) -> IPAddress? {
        guard let range = range(family) else { return nil }
        let size = range.lastAddress.bits - range.address.bits
        guard size > 1 else { return nil }
        for _ in 0...addresses.count {
            let offset = (offsets[family] ?? Self.reserved) % (size - 1) + 1
            offsets[family] = offset
            let address = IPAddress(bits: range.address.bits + offset, family: family)
            if addresses[address] == nil, !taken.contains(address) { return address }
        }
        return nil
    }

    private func claim(
        _ text: String, _ index: Int, _ owner: String, _ taken: inout Set<IPAddress>, _ faults: inout [FieldFault]
    ) {
        // What is no address is the validation's to say.
        guard let address = IPAddress(text) else { return }
        let shown = "Invalid value: [\"\(text)\"]"
        if let range = range(address.family), !range.contains(address) {
            faults.append(
                FieldFault(
                    "spec.clusterIPs", "\(shown): failed to allocate IP \(text): the provided IP (\(text)) is not in the valid range. The range of valid IPs is \(range)"))
        } else if addresses[address] != nil {
            faults.append(
                FieldFault("spec.clusterIPs", "\(shown): failed to allocate IP \(text): provided IP is already allocated"))
        } else {
            taken.insert(address)
        }
    }

    // MARK: NodePorts

    private mutating func allocatePorts(
        _ tree: inout JSON, _ before: JSON?, _ owner: String, _ taken: inout Set<Int>, _ faults: inout [FieldFault]
    ) {
        let type = tree[["spec", "type"]]?.string ?? ""
        let hasPorts =
            type == "NodePort"
            || type == "LoadBalancer" && tree[["spec", "allocateLoadBalancerNodePorts"]]?.bool ?? true
        let former = before?["ports"]?.array ?? []
        var specs = tree[["spec", "ports"]]?.array ?? []
        for index in specs.indices {
            let old = former.first { $0["port"] == specs[index]["port"] && $0["protocol"] == specs[index]["protocol"] }
            if let port = specs[index]["nodePort"]?.integer, port > 0 {
                if !hasPorts, type == "ClusterIP", old?["nodePort"] == specs[index]["nodePort"] {
                    specs[index]["nodePort"] = nil
                } else {
                    claim(Int(port), "spec.ports[\(index)].nodePort", &taken, &faults)
                }
            } else if hasPorts {
                let port = old?["nodePort"]?.integer.map { Int($0) } ?? freePort(taken)
                specs[index]["nodePort"] = port.map { .integer(Int64($0)) }
                if let port { taken.insert(port) }
            }
        }
        if !specs.isEmpty { tree[["spec", "ports"]] = .array(specs) }
        let needsCheck = type == "LoadBalancer" && tree[["spec", "externalTrafficPolicy"]]?.string == "Local"
        if needsCheck {
            let given = (tree[["spec", "healthCheckNodePort"]]?.integer ?? before?["healthCheckNodePort"]?.integer).map { Int($0) }
            if let given, given > 0 {
                claim(given, "spec.healthCheckNodePort", &taken, &faults)
                tree[["spec", "healthCheckNodePort"]] = .integer(Int64(given))
            } else if let port = freePort(taken) {
                taken.insert(port)
                tree[["spec", "healthCheckNodePort"]] = .integer(Int64(port))
            }
        } else {
            tree[["spec", "healthCheckNodePort"]] = nil
        }
    }

    private func claim(_ port: Int, _ field: String, _ taken: inout Set<Int>, _ faults: inout [FieldFault]) {
        if !nodePorts.contains(port) {
            faults.append(
                FieldFault(field, "Invalid value: \(port): provided port is not in the valid range. The range of valid ports is \(nodePorts.lowerBound)-\(nodePorts.upperBound)"))
        } else if ports[port] != nil {
            faults.append(FieldFault(field, "Invalid value: \(port): provided port is already allocated"))
        } else {
            // One number serves TCP and UDP of one Service.
            taken.insert(port)
        }
    }

    private mutating func freePort(_ taken: Set<Int>) -> Int? {
        for _ in nodePorts {
            let port = nextPort
            nextPort = nextPort == nodePorts.upperBound ? nodePorts.lowerBound : nextPort + 1
            if ports[port] == nil, !taken.contains(port) { return port }
        }
        return nil
    }
}
