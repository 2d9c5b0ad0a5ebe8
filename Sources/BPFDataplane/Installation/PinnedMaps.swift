internal import BPF
internal import CBPFMaps
internal import Dataplane
internal import Glibc

/// The maps that an earlier process left in the pin folder.
struct PinnedMaps: ~Copyable {
    enum Finding: Sendable, Hashable {
        /// None, as far as the settings tell.
        case nothing
        /// Of this version: they are taken over.
        case current
        /// Of another schema, an older one, or of another shape: they are replaced.
        case older(UInt32)
        /// A newer version's.
        case newer(UInt32)
    }

    private let folder: String

    init(folder: String) { self.folder = folder }

    func find() throws(BPFError) -> Finding {
        guard let settings = try settings() else { return .nothing }
        if settings.schema > UInt32(FW_SCHEMA) { return .newer(settings.schema) }
        return settings.schema == UInt32(FW_SCHEMA) ? .current : .older(settings.schema)
    }

    /// What the earlier process wrote of its node; nil when there is none, or it is of another shape.
    func settings() throws(BPFError) -> fw_settings? {
        guard let handle = try open("settings") else { return nil }
        // The schema stands first in every version.
        do throws(BPFError) {
            return try BPFMap<UInt32, fw_settings>(handle).lookup(0)
        } catch {
            guard error.code == .wrongShape else { throw error }
            var settings = fw_settings()
            settings.schema = 0
            return settings
        }
    }

    /// A pinned map; nil when there is none.
    func open(_ name: String) throws(BPFError) -> BPFMapHandle? {
        do throws(BPFError) {
            return try BPFMapHandle(opening: "\(folder)/\(name)")
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    /// Pins the maps under their names, in place of others that had them: each name leads to the old map or the new one.
    func pin(_ maps: SharedMaps) throws(BPFError) {
        for name in maps.names {
            let handle = try maps.handle(name)
            if let old = try open(name), old.shape.id == handle.shape.id { continue }
            let (path, passing) = ("\(folder)/\(name)", "\(folder)/\(name)_new")
            try removePin(passing)
            try handle.pin(at: passing)
            // SAFETY: the C strings live for the call.
            guard unsafe rename(passing, path) == 0 else {
                throw BPFError(.system, doing: "rename pin \(passing)", errno: errno)
            }
        }
    }
}
