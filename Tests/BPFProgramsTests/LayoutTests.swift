import BPFPrograms
import BPFTesting
import CBPFMaps
import LinuxSystem
import NetworkNamespaceTesting
import Testing

/// fairway_maps.h as Swift imports it, against what the compiler for the kernel made of it.
struct LayoutTests {
    @Test("A struct has the same size and the same offsets on both sides, and no padding", arguments: swiftLayouts)
    func isSame(_ swift: SwiftLayout) throws {
        guard let kernel = try Self.kernelLayouts().first(where: { $0[swift.name] != nil })?[swift.name] else {
            // In the BTF is what maps and functions are made of.
            #expect(swift.name == "fw_sweep")
            return
        }
        #expect(kernel.size == swift.size)
        #expect(kernel.members.map(\.name) == swift.offsets.map(\.name))
        #expect(kernel.members.map(\.offset) == swift.offsets.map(\.offset))
        var end = 0
        for member in kernel.members {
            #expect(member.offset == end, "padding before \(member.name)")
            end = member.offset + member.size
        }
        #expect(end == kernel.size)
    }

    @Test("No struct of the header is left out here")
    func isComplete() throws {
        let header = try String(
            decoding: FileDescriptor(opening: "\(packageRoot())/Sources/CBPFMaps/include/fairway_maps.h").readAll(),
            as: UTF8.self)
        let names = header.split(separator: "\n").filter { $0.hasPrefix("struct fw_") && $0.hasSuffix(" {") }
            .map { $0.dropFirst(7).dropLast(2) }
        #expect(Set(names) == Set(swiftLayouts.map { Substring($0.name) }))
    }

    @Test("All objects were compiled from the same header")
    func isOneHeader() throws {
        let layouts = try Self.kernelLayouts()
        for (name, layout) in layouts[0] where name.hasPrefix("fw_") {
            for other in layouts.dropFirst() where other[name] != nil { #expect(other[name] == layout, "\(name)") }
        }
    }

    private static func kernelLayouts() throws -> [[String: StructureLayout]] {
        try ["socket", "packet", "maintenance"].map {
            try StructureLayout.all(in: try #require(BPFPrograms.object($0)))
        }
    }
}
