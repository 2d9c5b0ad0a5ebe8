internal import LinuxSystem

/// What the carriers of one worker share; for the worker's thread alone.
final class RelayWorkerContext {
    /// A carrier's events are told apart by the first byte of the token, the rest is the carrier's own.
    enum Part: UInt64, CaseIterable {
        case worker = 0
        case tcp = 1
        case udp = 2
    }

    static let tokenMask: UInt64 = (1 << 56) - 1

    let configuration: RelayConfiguration
    let directory: any RelayDirectory
    let statistics: RelayStatistics
    /// Of the workers, counted from 0.
    let index: Int
    /// Shared with the other workers.
    let capacity: RelayCapacity
    /// Makes the worker call `TCPCarrier.resume`; for any thread.
    let requestResume: @Sendable () -> Void
    /// When this round of events began.
    var now = ContinuousClock.now
    let epoll: Epoll

    init(
        _ configuration: RelayConfiguration, _ directory: any RelayDirectory, _ statistics: RelayStatistics, index: Int,
        capacity: RelayCapacity? = nil, requestResume: @escaping @Sendable () -> Void = {}
    ) throws(Errno) {
        self.configuration = configuration
        self.directory = directory
        self.statistics = statistics
        self.index = index
        self.capacity = capacity ?? RelayCapacity(limit: configuration.connectionLimit)
        self.requestResume = requestResume
        epoll = try Epoll()
    }

    /// - Parameter token: at most 56 bits.
    func watch(_ descriptor: Int32, _ interest: Epoll.Interest, _ part: Part, token: UInt64) throws(Errno) {
        precondition(token <= Self.tokenMask)
        try epoll.add(descriptor, interest, token: part.rawValue << 56 | token)
    }

    /// Replaces the interest of a descriptor that is watched; what is ready is reported anew.
    func rewatch(_ descriptor: Int32, _ interest: Epoll.Interest, _ part: Part, token: UInt64) throws(Errno) {
        precondition(token <= Self.tokenMask)
        try epoll.modify(descriptor, interest, token: part.rawValue << 56 | token)
    }
}
