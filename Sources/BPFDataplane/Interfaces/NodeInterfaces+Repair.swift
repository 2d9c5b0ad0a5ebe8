internal import BPF
internal import CBPFMaps
internal import Synchronization

extension NodeInterfaces {
    /// Looks whether interfaces still carry the programs, and attaches them again where somebody removed them. O(interfaces).
    ///
    /// - Parameter indexes: those to look at; nil: all.
    /// - Returns: those that had lost programs and have them again.
    @discardableResult
    func repair(_ indexes: Set<UInt32>? = nil) -> Set<UInt32> {
        state.withLock { state in
            guard let hooks = state.hooks else { return [] }
            var repaired: Set<UInt32> = []
            for index in indexes ?? Set(state.attached.keys) {
                guard let attached = state.attached[index] else { continue }
                do throws(BPFError) {
                    guard try restore(hooks, index, attached, &state) else { continue }
                    repaired.insert(index)
                    notify(.warning("interface \(attached.entry.name) lost its packet programs; they are attached again"))
                } catch {
                    // Gone, which the next listing says; or somebody else's filter is in the place.
                    if error.code != .notFound, state.unrepaired.insert(index).inserted {
                        notify(.warning("interface \(attached.entry.name) lost its packet programs: \(error)"))
                    }
                }
            }
            return repaired
        }
    }

    /// False when nothing is missing.
    private func restore(
        _ hooks: PacketHooks, _ index: UInt32, _ attached: Attached, _ state: inout State
    ) throws(BPFError) -> Bool {
        if try hooks.areAttached(to: index) {
            state.unrepaired.remove(index)
            return false
        }
        if try hooks.attach(to: index), !attached.ownsQdisc {
            try maps.maps.interfaces.update(index, fw_interface(attached.entry, ownsQdisc: true))
            state.attached[index]?.ownsQdisc = true
        }
        state.unrepaired.remove(index)
        return true
    }
}
