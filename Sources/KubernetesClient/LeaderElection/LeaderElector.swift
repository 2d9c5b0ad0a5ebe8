package import KubernetesModel
package import KubernetesWire

/// Decides for one candidate what to do with the lease. No I/O; times are given.
///
/// Clocks of different machines are never compared: a lease is over when this candidate has not seen it change for as
/// long as it lasts. The lease's own times are for people.
package struct LeaderElector: Sendable {
    /// What to do next in an attempt.
    package enum Action: Sendable, Hashable {
        case get
        case create(Lease)
        case update(Lease)
        /// The attempt is over: this candidate holds the lease, or not.
        case settled(holds: Bool)
    }

    package let identity: String
    private let key: ObjectKey
    private let settings: LeaderElectionSettings
    /// The lease as it was seen last.
    private var observed: Lease?
    /// When it was first seen so.
    private var observedAt: Duration = .zero
    /// When the last write that was accepted was sent: from then on this candidate holds the lease.
    private var heldFrom: Duration?
    /// When the write under way was sent.
    private var sentAt: Duration?
    /// The write under way assumes that the lease is as it was seen last.
    private var isOptimistic = false

    package init(lease key: ObjectKey, identity: String, settings: LeaderElectionSettings) {
        precondition(!identity.isEmpty, "an empty identity holds nothing")
        self.key = key
        self.identity = identity
        self.settings = settings
    }

    /// Who holds the lease as far as is known; empty: nobody.
    package var holder: String { observed?.holderIdentity ?? "" }
    package var isHolder: Bool { holder == identity }

    /// Until when this candidate may lead without renewing; nil: it may not.
    ///
    /// Counted from when the renewal was sent, not from when its answer came: others count from when it was stored.
    package var leadsUntil: Duration? { heldFrom.map { $0 + settings.renewDeadline } }

    // MARK: An attempt to take or renew the lease

    /// - Parameters:
    ///   - now: of a monotonic clock, as all here.
    ///   - time: of the wall clock, for the lease.
    package mutating func begin(now: Duration, time: Timestamp) -> Action {
        guard let observed, isHolder, isValid(observed, now) else {
            isOptimistic = false
            return .get
        }
        isOptimistic = true
        return write(renewed(observed, time), now)
    }

    /// The server has the lease.
    package mutating func found(_ lease: Lease, now: Duration, time: Timestamp) -> Action {
        isOptimistic = false
        observe(lease, now)
        if !lease.holderIdentity.isEmpty, !isHolder, isValid(lease, now) { return .settled(holds: false) }
        return write(isHolder ? renewed(lease, time) : taken(lease, time), now)
    }

    /// The server has no such lease.
    package mutating func missing(now: Duration, time: Timestamp) -> Action {
        isOptimistic = false
        let lease = Lease(
            metadata: ObjectMeta(name: key.name, namespace: key.namespace), holderIdentity: identity,
            leaseDurationSeconds: seconds, acquireTime: time.wholeMicroseconds, renewTime: time.wholeMicroseconds)
        sentAt = now
        return .create(lease)
    }

    /// The write was accepted; the lease as it is stored.
    package mutating func written(_ lease: Lease, now: Duration) -> Action {
        observed = lease
        observedAt = sentAt ?? now
        heldFrom = sentAt
        return .settled(holds: (leadsUntil ?? .zero) > now)
    }

    /// The request failed, be it that somebody else's write came before.
    package mutating func failed() -> Action {
        if isOptimistic {
            isOptimistic = false
            return .get
        }
        return .settled(holds: false)
    }

    // MARK: Letting go

    /// This candidate leads no longer: it takes or renews before it does again.
    package mutating func stop() { heldFrom = nil }

    /// The lease without a holder, nil where this candidate does not hold it. Its second is client-go's: the API asks for
    /// one at least.
    package func released(time: Timestamp) -> Lease? {
        guard var lease = observed, isHolder else { return nil }
        lease.holderIdentity = ""
        lease.leaseDurationSeconds = 1
        lease.acquireTime = time.wholeMicroseconds
        lease.renewTime = time.wholeMicroseconds
        return lease
    }

    // MARK: The lease

    private var seconds: Int32 { Int32(clamping: settings.leaseDuration.components.seconds) }

    private func isValid(_ lease: Lease, _ now: Duration) -> Bool {
        observedAt + .seconds(Int64(lease.leaseDurationSeconds)) > now
    }

    /// Any change counts, be it of a label: who waits too long harms nobody.
    private mutating func observe(_ lease: Lease, _ now: Duration) {
        if observed != lease { observedAt = now }
        observed = lease
    }

    private mutating func write(_ lease: Lease, _ now: Duration) -> Action {
        sentAt = now
        return .update(lease)
    }

    private func renewed(_ lease: Lease, _ time: Timestamp) -> Lease {
        var lease = lease
        lease.holderIdentity = identity
        lease.leaseDurationSeconds = seconds
        lease.renewTime = time.wholeMicroseconds
        return lease
    }

    private func taken(_ lease: Lease, _ time: Timestamp) -> Lease {
        var lease = renewed(lease, time)
        lease.acquireTime = time.wholeMicroseconds
        lease.leaseTransitions = lease.leaseTransitions == .max ? 0 : lease.leaseTransitions + 1
        return lease
    }
}

extension Timestamp {
    /// What a MicroTime holds of it, so that what is written is equal to what is read back.
    fileprivate var wholeMicroseconds: Timestamp {
        Timestamp(seconds: seconds, nanoseconds: nanoseconds / 1000 * 1000)
    }
}
