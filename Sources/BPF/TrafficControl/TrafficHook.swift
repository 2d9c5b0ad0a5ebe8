internal import CBPF

/// Where tc programs of an interface run: on what comes in, or on what goes out.
package struct TrafficHook: Sendable, Hashable, CustomStringConvertible {
    package enum Direction: Sendable, Hashable, CaseIterable {
        case ingress
        case egress
    }

    /// Of the calling thread's network namespace.
    package var interfaceIndex: UInt32
    package var direction: Direction

    package init(interfaceIndex: UInt32, _ direction: Direction) {
        self.interfaceIndex = interfaceIndex
        self.direction = direction
    }

    package var description: String { "\(direction) of interface \(interfaceIndex)" }

    var raw: bpf_tc_hook {
        var hook = bpf_tc_hook()
        hook.sz = optionsSize(upTo: \bpf_tc_hook.parent)
        hook.ifindex = Int32(bitPattern: interfaceIndex)
        hook.attach_point = direction == .ingress ? BPF_TC_INGRESS : BPF_TC_EGRESS
        return hook
    }
}

/// A filter's place at a hook: lower priorities run first.
package struct TrafficFilterPlace: Sendable, Hashable, CustomStringConvertible {
    package var priority: UInt16
    package var handle: UInt32

    /// Neither may be 0, which would let the kernel choose.
    package init(priority: UInt16, handle: UInt32) {
        precondition(priority != 0 && handle != 0, "a place is a priority and a handle")
        self.priority = priority
        self.handle = handle
    }

    package var description: String { "priority \(priority) handle \(handle)" }
}
