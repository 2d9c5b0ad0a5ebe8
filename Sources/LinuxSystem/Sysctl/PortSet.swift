/// A set of ports in the form of net.ipv4.ip_local_reserved_ports: `8080,9148-9160`.
package struct PortSet: Sendable, Hashable {
    /// One bit for each port, the lowest first. A few cache lines, and every operation is a loop over
    /// 1024 words however many ports there are.
    private var words: [UInt64]

    private static let wordCount = 65_536 / 64

    package init() { words = [UInt64](repeating: 0, count: Self.wordCount) }

    package init(_ ports: some Sequence<UInt16>) {
        self.init()
        for port in ports { insert(port) }
    }

    package mutating func insert(_ port: UInt16) { words[Int(port) / 64] |= 1 << UInt64(port % 64) }
    package func contains(_ port: UInt16) -> Bool { words[Int(port) / 64] & (1 << UInt64(port % 64)) != 0 }
    package var isEmpty: Bool { words.allSatisfy { $0 == 0 } }
    package var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    package func union(_ other: PortSet) -> PortSet { combined(other, |) }
    package func subtracting(_ other: PortSet) -> PortSet { combined(other) { $0 & ~$1 } }

    private func combined(_ other: PortSet, _ operation: (UInt64, UInt64) -> UInt64) -> PortSet {
        var result = PortSet()
        for index in words.indices { result.words[index] = operation(words[index], other.words[index]) }
        return result
    }
}

extension PortSet: LosslessStringConvertible {
    /// Reads what the kernel prints and takes: numbers and ranges, by commas, in any order.
    package init?(_ description: String) {
        self.init()
        let text = description.filter { !$0.isWhitespace }
        if text.isEmpty { return }
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = item.split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
            guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], first <= last else {
                return nil
            }
            for port in first...last { insert(port) }
        }
    }

    /// As the kernel prints it: ascending, neighbours as ranges.
    package var description: String {
        var items: [String] = []
        var port = 0
        while port <= 65_535 {
            guard contains(UInt16(port)) else {
                port += 1
                continue
            }
            let first = port
            while port < 65_535, contains(UInt16(port + 1)) { port += 1 }
            items.append(first == port ? "\(first)" : "\(first)-\(port)")
            port += 1
        }
        return items.joined(separator: ",")
    }
}

/// Ports that are reserved beside those an administrator reserved, and which of them are ours.
package struct ReservedPorts: Sendable, Hashable {
    /// What the setting should hold.
    package let all: PortSet
    /// What of it we added: taken out again when it is no longer wanted.
    package let ours: PortSet

    /// - Parameters:
    ///   - current: what the setting holds.
    ///   - added: what of it we added earlier; the rest is the administrator's and stays.
    ///   - wanted: ports to be reserved now. What the administrator has is never ours.
    package init(current: PortSet, added: PortSet, wanted: PortSet) {
        let administrators = current.subtracting(added)
        ours = wanted.subtracting(administrators)
        all = administrators.union(ours)
    }
}
