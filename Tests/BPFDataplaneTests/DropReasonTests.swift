import CBPFMaps
import FoundationEssentials
import NetworkNamespaceTesting
import Testing

@testable import BPFDataplane

/// Reasons of drops have the names that the kernel's programs count them under.
struct DropReasonTests {
    @Test func `every reason of the C has its name, in its place`() throws {
        let header = try String(
            contentsOfFile: packageRoot() + "/Sources/CBPFMaps/include/fairway_maps.h", encoding: .utf8)
        let inC = header.matches(of: /\n\tFW_DROP_([A-Z_]+) = (\d+),/).map { ($0.1.lowercased(), Int($0.2)) }
        let names = BPFView.dropReasons.enumerated().map { ($0.element, $0.offset) } + [("reasons", BPFView.dropReasons.count)]
        #expect(inC.map { "\($0.0) \($0.1 ?? -1)" } == names.map { "\($0.0) \($0.1)" })
        #expect(BPFView.dropReasons.count == Int(FW_DROP_REASONS.rawValue))
    }
}
