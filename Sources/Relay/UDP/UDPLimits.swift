/// Limits of one worker's UDP that nobody needs to set.
enum UDPLimits {
    /// Slots of 64 KiB for datagrams, received and sent with one system call: 2 MiB a worker, once it has a listener.
    static let batch = 32
    /// Batches taken from one socket before others have their turn.
    static let batchesPerEvent = 4
    /// Backends that are tried for the same datagrams; beyond it they are lost.
    static let attempts = 8
    /// Bytes that wait at a listener, as far as the kernel allows: bursts of some thousand small datagrams. What comes on
    /// top the kernel drops.
    static let listenerBuffer = 4 << 20
    /// The same for answers at a session's socket: 400 of 1200 bytes, as the kernel counts them. It takes memory while they
    /// wait only.
    static let backendBuffer = 512 << 10
    /// Frontends whose reply socket stays open while they have sessions; replies from others open one for each batch.
    static let replySockets = 1024
    /// ICMP errors a second, as the kernel's own limit (net.ipv4.icmp_msgs_per_sec); the rest is not told.
    static let errorsPerSecond = 1000
    /// Errors taken from a socket's queue at one event; the rest comes with the next.
    static let errorsPerEvent = 16
    /// Sessions ended at one moment for being idle; the rest goes on with the next round of events.
    static let endsPerRound = 256
    /// Answers may still leave through a listener that was removed for so long.
    static let removedListener: Duration = .seconds(5)
    /// A backend that says nothing, and refuses nothing for so long, has taken a session.
    static let silence: Duration = .seconds(1)
}
