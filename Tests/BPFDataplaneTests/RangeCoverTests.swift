import CBPFMaps
import NetworkTypes
import Testing

@testable import BPFDataplane

struct RangeCoverTests {
    static let cases: [(ranges: [String], inside: [String], outside: [String])] = [
        (["10.96.0.0/12"], ["10.96.0.0", "10.111.255.255"], ["10.112.0.0", "10.95.255.255", "fd00::1"]),
        (["10.96.0.0/16", "10.98.0.0/16"], ["10.96.0.1", "10.98.255.255"], ["10.100.0.0", "10.95.0.0"]),
        (["fd00:96::/112"], ["fd00:96::1"], ["fd00:96::1:0", "10.96.0.1"]),
        (["0.0.0.0/0"], ["0.0.0.0", "255.255.255.255"], ["::1"]),
        (["0.0.0.0/1", "255.0.0.0/8", "fd00::/8"], ["1.2.3.4", "200.0.0.1", "fd12::1"], ["fc00::1"]),
        ([], [], ["10.96.0.1", "fd00:96::1", "0.0.0.0", "::"]),
    ]

    private func isWithin(_ address: IPAddress, _ cover: RangeCover) -> Bool {
        let (a, m, r) = (fw_address(address).words, cover.mask.words, cover.range.words)
        return (a.0 & m.0, a.1 & m.1, a.2 & m.2, a.3 & m.3) == r
    }

    @Test("Every range is inside, and what is beyond the prefix of all is not", arguments: cases.indices)
    func covers(_ index: Int) {
        let (texts, inside, outside) = Self.cases[index]
        let ranges = texts.compactMap { IPPrefix($0) }
        let covers = [IPFamily.ipv4, .ipv6].map { RangeCover(ranges, $0) }
        for address in inside.compactMap({ IPAddress($0) }) { #expect(covers.contains { isWithin(address, $0) }, "\(address)") }
        for address in outside.compactMap({ IPAddress($0) }) {
            #expect(!covers.contains { isWithin(address, $0) }, "\(address)")
        }
    }

    @Test("While the ranges are not known every address may be inside") func unknown() {
        let cover = RangeCover(nil, .ipv4)
        for address in ["10.0.0.1", "fd00::1"].compactMap({ IPAddress($0) }) { #expect(isWithin(address, cover)) }
    }
}
