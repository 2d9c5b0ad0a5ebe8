internal import CBPF

/// What a packet program sees beside the packet: the fields of struct __sk_buff (linux/bpf.h) that a test run can set or
/// read back.
package struct BPFTestContext: Sendable, Hashable {
    /// Of the thread's network namespace; 0: its loopback, without a route looked up on it.
    package var interfaceIndex: UInt32 = 0
    /// 0: the packet was made on this machine.
    package var ingressInterfaceIndex: UInt32 = 0
    package var mark: UInt32 = 0
    package var priority: UInt32 = 0
    /// Bytes of a segment of a packet that is many.
    package var segmentSize: UInt32 = 0
    package var segmentCount: UInt32 = 0
    /// The program's own words.
    package var control: [UInt32] = [0, 0, 0, 0, 0]

    package init(interfaceIndex: UInt32 = 0, ingressInterfaceIndex: UInt32 = 0, mark: UInt32 = 0) {
        self.interfaceIndex = interfaceIndex
        self.ingressInterfaceIndex = ingressInterfaceIndex
        self.mark = mark
    }

    @unsafe init(_ raw: __sk_buff) {
        // SAFETY: only numbers are read, no pointer of the struct.
        (interfaceIndex, ingressInterfaceIndex) = unsafe (raw.ifindex, raw.ingress_ifindex)
        (mark, priority) = unsafe (raw.mark, raw.priority)
        (segmentSize, segmentCount) = unsafe (raw.gso_size, raw.gso_segs)
        control = unsafe [raw.cb.0, raw.cb.1, raw.cb.2, raw.cb.3, raw.cb.4]
    }

    @unsafe var raw: __sk_buff {
        precondition(control.count == 5, "cb of struct __sk_buff has five words")
        // SAFETY: its pointers stay NULL, which is what a test run wants.
        var raw = unsafe __sk_buff()
        unsafe raw.ifindex = interfaceIndex
        unsafe raw.ingress_ifindex = ingressInterfaceIndex
        unsafe raw.mark = mark
        unsafe raw.priority = priority
        unsafe raw.gso_size = segmentSize
        unsafe raw.gso_segs = segmentCount
        unsafe raw.cb = (control[0], control[1], control[2], control[3], control[4])
        return unsafe raw
    }
}

/// What came of a test run of a packet program.
package struct BPFTestResult: Sendable, Hashable {
    /// Such as TC_ACT_OK (0), TC_ACT_SHOT (2), TC_ACT_REDIRECT (7) of linux/pkt_cls.h.
    package let returnValue: UInt32
    package let packet: [UInt8]
    package let context: BPFTestContext
    /// Mean over the repetitions.
    package let duration: Duration
}
