/// Named limits of the netlink sockets, in bytes unless the name says otherwise.
package enum NetlinkLimits {
    /// One receive: above the 32 KiB that the kernel fills at most in a dump (`netlink_dump`).
    static let receiveBytes = 64 * 1024
    /// Receive queue of a socket that commits: room for an error of every operation of a batch.
    package static let acknowledgementQueueBytes = 8 << 20
    /// Send buffer to begin with; raised to a batch's size when one is larger.
    static let sendBytes = 1 << 20
    /// Times a dump is begun again when the ruleset changed while it was read (NLM_F_DUMP_INTR).
    /// A dump of chains or rules takes some 50 us: many are needed against a busy stranger, and cost little.
    static let dumpAttempts = 100
    /// Receive queue of a monitor. Beyond it the kernel drops notifications and says so (ENOBUFS).
    package static let monitorQueueBytes = 4 << 20
}
