import CNetfilter
import Glibc

/// A classifier of an interface's clsact qdisc (tc(8)).
package struct InterfaceFilter: Sendable, Hashable {
    package enum Direction: Sendable, Hashable, CaseIterable {
        case ingress
        case egress

        /// linux/pkt_sched.h TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_...).
        fileprivate var parent: UInt32 { self == .ingress ? 0xFFFF_FFF2 : 0xFFFF_FFF3 }
    }

    package let direction: Direction
    package let priority: UInt16
    package let handle: UInt32
    /// Such as `bpf`, `flower`.
    package let kind: String
    /// Of a filter of kind `bpf`: the id of its program.
    package let programID: UInt32?
}

extension NodeAddresses {
    /// Every filter at an interface's clsact qdisc, whoever put it there; empty without one. O(filters).
    package func filters(ofInterface index: UInt32) throws(NetlinkError) -> [InterfaceFilter] {
        var filters: [InterfaceFilter] = []
        for direction in InterfaceFilter.Direction.allCases {
            var found: [InterfaceFilter] = []
            // struct tcmsg: family and padding, the interface, handle, parent, info.
            let head = [UInt32(0), index, 0, direction.parent, 0].flatMap { NodeAddresses.hostBytes($0) }
            do throws(NetlinkError) {
                try dump(Int32(RTM_GETTFILTER), head: head, doing: "list filters", restart: { found = [] }) {
                    header, payload in
                    guard Int32(header.type) == Int32(RTM_NEWTFILTER) else { return }
                    if let filter = InterfaceFilter(payload, direction) { found.append(filter) }
                }
            } catch {
                // The interface, or its qdisc, is gone.
                guard error.code == .notFound || error.errno == ENODEV || error.errno == EINVAL else { throw error }
            }
            filters += found
        }
        return filters
    }
}

extension InterfaceFilter {
    /// Reads a struct tcmsg: handle at byte 8, priority in the upper half of the info at 16, attributes from 20 on.
    /// Nil for the head of a priority, which stands before its filters.
    init?(_ payload: RawSpan, _ direction: Direction) {
        guard let handle = payload.integer(at: 8, as: UInt32.self), let info = payload.integer(at: 16, as: UInt32.self),
            handle != 0
        else { return nil }
        var kind = ""
        var programID: UInt32?
        payload.forEachAttribute(from: 20) { type, value in
            switch type {
            case TCA_KIND: kind = value.text
            case TCA_OPTIONS:
                value.forEachAttribute { type, value in
                    if type == TCA_BPF_ID { programID = value.integer(at: 0, as: UInt32.self) }
                }
            default: break
            }
        }
        self.init(
            direction: direction, priority: UInt16(info >> 16), handle: handle, kind: kind,
            programID: kind == "bpf" ? programID : nil)
    }
}
