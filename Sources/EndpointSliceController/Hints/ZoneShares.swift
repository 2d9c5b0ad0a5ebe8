/// How many endpoints each zone is to have, by its share of CPU (KEP-2433). Integers throughout.
struct ZoneShares {
    /// A zone may have less than its share as long as each endpoint's load is at most 6/5 of the
    /// average: the overload threshold of 20 % of Kubernetes.
    private static let overload: (numerator: Int128, denominator: Int128) = (6, 5)

    /// In the order of names.
    let zones: [String]
    /// Endpoints a zone must have and may have at most: with every other at its least.
    let least: [Int]
    let most: [Int]
    private let cpu: [Int128]
    private let totalCPU: Int128
    private let endpoints: Int128

    /// - Parameter milliCPU: above zero for each zone.
    init(milliCPU: [String: Int128], endpoints: Int) throws(HintRefusal) {
        let sorted = milliCPU.sorted { $0.key < $1.key }
        zones = sorted.map(\.key)
        cpu = sorted.map(\.value)
        let total = cpu.reduce(0, +)
        totalCPU = total
        self.endpoints = Int128(endpoints)
        guard endpoints >= sorted.count else {
            throw .fewerEndpointsThanZones(endpoints: endpoints, zones: sorted.count)
        }
        // The share is cpu * endpoints / total; the least is that over 6/5, rounded up.
        least = cpu.map { amount in
            let divisor = total * Self.overload.numerator
            return Int((amount * Int128(endpoints) * Self.overload.denominator + divisor - 1) / divisor)
        }
        let spare = endpoints - least.reduce(0, +)
        guard spare >= 0 else { throw .overload(endpoints: endpoints, zones: sorted.count) }
        most = least.map { $0 + spare }
    }

    /// How many more than its share a zone has with this many, times ``one``; negative: fewer.
    func surplus(_ zone: Int, _ count: Int) -> Int128 { Int128(count) * totalCPU - cpu[zone] * endpoints }

    /// One endpoint in the unit of ``surplus(_:_:)``.
    var one: Int128 { totalCPU }
}
