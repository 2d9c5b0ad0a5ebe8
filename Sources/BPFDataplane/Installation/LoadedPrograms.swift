internal import BPF
internal import BPFPrograms
internal import CBPFMaps

/// A program that several hold.
final class SharedProgram: Sendable {
    let program: BPFProgram

    init(_ program: consuming BPFProgram) { self.program = program }
}

/// The programs of one load, over the same maps. Attached to nothing yet.
struct LoadedPrograms: Sendable {
    /// By the names of their C functions, which are those of their pins too.
    let socket: [(name: String, program: SharedProgram)]
    let ingress: SharedProgram
    let egress: SharedProgram
    let maintenance: SharedProgram

    static let socketPrograms = [
        "connect4", "connect6", "sendmsg4", "sendmsg6", "recvmsg4", "recvmsg6", "getpeername4", "getpeername6",
        "sock_release",
    ]
    static let packetPrograms: [String] = ["fairway_ingress", "fairway_egress"]

    /// Loads the three objects, which share every map.
    ///
    /// - Parameters:
    ///   - limits: of maps that are made now; others are as the C has them.
    ///   - old: gives a map that is there already; nil: it is made.
    /// - Returns: the programs, and each map by its name.
    static func load(
        limits: [String: Int], old: (String) throws(BPFError) -> BPFMapHandle?
    ) throws(BPFError) -> (programs: LoadedPrograms, maps: SharedMaps) {
        var socket = try open("socket")
        for name in socket.mapNames {
            if let handle = try old(name) {
                try socket.reuse(handle, as: name)
            } else if let limit = limits[name] {
                try socket.setMaxEntries(limit, of: name)
            }
        }
        try socket.load()
        var packet = try open("packet")
        try packet.reuseMaps(of: socket)
        try packet.load()
        var maintenance = try open("maintenance")
        try maintenance.reuseMaps(of: socket)
        try maintenance.load()
        var maps = SharedMaps()
        for name in socket.mapNames { maps.add(try socket.map(name), as: name) }
        return (
            LoadedPrograms(
                socket: try socketPrograms.map { name throws(BPFError) in
                    (name, SharedProgram(try socket.program(name)))
                },
                ingress: SharedProgram(try packet.program(packetPrograms[0])),
                egress: SharedProgram(try packet.program(packetPrograms[1])),
                maintenance: SharedProgram(try maintenance.program("fairway_maintenance"))), maps
        )
    }

    private static func open(_ name: String) throws(BPFError) -> BPFObject {
        guard let bytes = BPFPrograms.object(name) else {
            throw BPFError(.invalidObject, doing: "open object \(name)", cause: "it is not embedded in this program")
        }
        return try BPFObject(bytes, name: name)
    }
}

/// Open maps by name.
struct SharedMaps: Sendable {
    private final class Box: Sendable {
        let handle: BPFMapHandle
        init(_ handle: consuming BPFMapHandle) { self.handle = handle }
    }

    private var boxes: [String: Box] = [:]

    var names: [String] { boxes.keys.sorted() }

    mutating func add(_ handle: consuming BPFMapHandle, as name: String) { boxes[name] = Box(handle) }

    /// A second owner of the map.
    func handle(_ name: String) throws(BPFError) -> BPFMapHandle {
        guard let box = boxes[name] else {
            throw BPFError(.invalidObject, doing: "take map \(name)", cause: "no object has it")
        }
        return try box.handle.duplicate()
    }
}
