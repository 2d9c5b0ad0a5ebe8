import CThreadCredentials
import Dataplane
import Dispatch
import Glibc
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Relay
import ServiceTable
import Synchronization
import UserspaceDataplane

/// A `UserspaceDataplane` that binds frontends, made and called on a thread that is a plain user's; the relay's threads are
/// started by that one, and are the same user's.
struct NobodysDataplane: Dataplane, ~Copyable {
    static let modeName = UserspaceDataplane.modeName

    private typealias Call = @Sendable (inout UserspaceDataplane) -> Void

    private final class Calls: Sendable {
        let waiting = Mutex<(calls: [Call], hasEnded: Bool)>(([], false))
        let wake = DispatchSemaphore(value: 0)

        func add(_ call: @escaping Call) {
            waiting.withLock { $0.calls.append(call) }
            wake.signal()
        }

        func end() {
            waiting.withLock { $0.hasEnded = true }
            wake.signal()
        }

        func serve(_ dataplane: consuming UserspaceDataplane) {
            var dataplane = dataplane
            while true {
                wake.wait()
                let (calls, hasEnded) = waiting.withLock { waiting in
                    defer { waiting.calls = [] }
                    return (waiting.calls, waiting.hasEnded)
                }
                for call in calls { call(&dataplane) }
                if hasEnded { return }
            }
        }
    }

    /// What a thread says once.
    private final class Answer<Value: Sendable>: Sendable {
        private let value = Mutex<Value?>(nil)
        private let isThere = Latch(count: 1)

        func give(_ value: Value) {
            self.value.withLock { $0 = value }
            isThere.countDown()
        }

        func wait() -> Value? {
            isThere.wait()
            return value.withLock { $0 }
        }
    }

    private let calls = Calls()

    /// In the network namespace of the calling thread.
    ///
    /// - Parameter whenMade: is given the relay.
    init(_ configuration: RelayConfiguration, whenMade: @escaping @Sendable (UserspaceRelay) -> Void) throws {
        let calls = calls
        let isMade = Answer<Result<Void, any Error>>()
        _ = try DedicatedThread(named: "nobody") {
            do {
                try Self.becomeNobody()
                var settings = UserspaceSettings()
                settings.binding = .loopback
                let relay = try UserspaceRelay(settings, configuration)
                let dataplane = try UserspaceDataplane(settings, relay: relay)
                whenMade(relay)
                isMade.give(.success(()))
                calls.serve(dataplane)
            } catch {
                isMade.give(.failure(error))
            }
        }
        try isMade.wait()?.get()
    }

    deinit { calls.end() }

    private static func becomeNobody() throws {
        try attempting("become nobody") { () throws(Errno) in _ = try syscall("setresuid") { thread_become_nobody() } }
        // What the redirection needs.
        do throws(Errno) { try Socket(.stream, .ipv4).setMark(1) } catch {
            if error.rawValue == EPERM { return }
        }
        throw TestSupportError("nobody may still administer the network")
    }

    private func call<Value: Sendable>(
        _ body: @escaping @Sendable (inout UserspaceDataplane) throws(DataplaneError) -> Value
    ) throws(DataplaneError) -> Value {
        let answer = Answer<Result<Value, DataplaneError>>()
        calls.add { dataplane in
            do throws(DataplaneError) { answer.give(.success(try body(&dataplane))) } catch { answer.give(.failure(error)) }
        }
        guard let result = answer.wait() else { preconditionFailure("an answer without a value") }
        return try result.get()
    }

    mutating func adoptOrder() throws(DataplaneError) -> AdoptedOrder { AdoptedOrder() }

    mutating func synchronize(_ table: ServiceTable, family: IPFamily) throws(DataplaneError) -> SyncReport {
        try call { (dataplane) throws(DataplaneError) in try dataplane.synchronize(table, family: family) }
    }

    mutating func apply(_ change: ServiceTableChange, family: IPFamily) throws(DataplaneError) -> SyncReport {
        try call { (dataplane) throws(DataplaneError) in try dataplane.apply(change, family: family) }
    }

    mutating func cleanup() throws(DataplaneError) -> [String] {
        try call { (dataplane) throws(DataplaneError) in try dataplane.cleanup() }
    }
}
