/// Limits of this module, each with its reason.
package enum BPFLimits {
    /// Bytes of an error's log: the verifier writes megabytes about a long program, and says what is wrong at the end.
    package static let logBytes = 1 << 16
    /// Entries that one system call reads: enough to make its price small, few enough to keep the memory small.
    package static let entriesPerRead = 4096
    /// Entries of one bucket of a hash map that are read at once; a bucket that has more than `entriesPerRead` asks for
    /// a larger buffer, up to this many. More would be a hash function that does not work.
    package static let entriesPerBucket = 1 << 20
    /// Bytes of what a program makes of a test packet: the largest IP packet, its frame, and room to grow.
    package static let testPacketBytes = 1 << 17
    /// Times that a call which a signal or a change interrupted is made again.
    package static let attempts = 16
}
