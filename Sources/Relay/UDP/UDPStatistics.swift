internal import Synchronization

/// What became of datagrams that are in no backend's counts, of all workers; each count only grows.
package final class UDPStatistics: Sendable {
    package enum Count: String, Sendable, Hashable, CaseIterable {
        /// Datagrams that went nowhere: no backend for them, or the kernel did not take them.
        case lost
        /// ICMP errors that clients were sent.
        case errorTold = "error_told"
        /// Errors that clients were not told: no right to send ICMP, or too many of them.
        case errorNotTold = "error_not_told"
    }

    private let lost = Atomic<UInt64>(0)
    private let told = Atomic<UInt64>(0)
    private let notTold = Atomic<UInt64>(0)

    init() {}

    func count(_ count: Count, _ number: Int = 1) {
        guard number > 0 else { return }
        switch count {
        case .lost: lost.wrappingAdd(UInt64(number), ordering: .relaxed)
        case .errorTold: told.wrappingAdd(UInt64(number), ordering: .relaxed)
        case .errorNotTold: notTold.wrappingAdd(UInt64(number), ordering: .relaxed)
        }
    }

    package subscript(_ count: Count) -> UInt64 {
        switch count {
        case .lost: lost.load(ordering: .relaxed)
        case .errorTold: told.load(ordering: .relaxed)
        case .errorNotTold: notTold.load(ordering: .relaxed)
        }
    }
}
