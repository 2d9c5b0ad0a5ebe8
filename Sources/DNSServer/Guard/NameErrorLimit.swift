/// How many NXDOMAIN answers one client gets over UDP before most of them are withheld.
///
/// Each thread counts by itself, and the kernel gives one client's flow always to the same thread: a client that asks from
/// many ports gets the rate once for each thread.
package struct NameErrorLimit: Sendable, Hashable {
    /// Answers a second, in the long run.
    package var rate: Int
    /// Answers that a client which has been quiet gets at once. A search through five domains for A and AAAA is ten
    /// names.
    package var burst: Int
    /// Of the answers beyond the limit, the first and then every n-th is sent empty and truncated, so that a real client
    /// whose address somebody forges comes by TCP; 0: none.
    package var truncationInterval: Int
    /// Clients that a thread remembers: 24 bytes each. At the limit, the one with the most answers left is forgotten: it
    /// loses least.
    package var clientLimit: Int

    package static let defaultBurst = 20
    package static let defaultTruncationInterval = 4
    /// 96 KiB a thread.
    package static let defaultClientLimit = 4096

    /// - Precondition: `rate` and `burst` are above 0.
    package init(
        rate: Int, burst: Int? = nil, truncationInterval: Int = defaultTruncationInterval,
        clientLimit: Int = defaultClientLimit
    ) {
        precondition(rate > 0 && burst.map { $0 > 0 } ?? true && truncationInterval >= 0 && clientLimit > 0)
        self.rate = rate
        self.burst = burst ?? max(rate, Self.defaultBurst)
        self.truncationInterval = truncationInterval
        self.clientLimit = clientLimit
    }
}
