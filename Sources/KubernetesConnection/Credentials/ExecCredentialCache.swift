internal import LinuxSystem
internal import Synchronization

/// Holds what a plugin gave until it expires or is refused, and runs the plugin once for all who wait.
final class ExecCredentialCache: Sendable {
    private struct State {
        var held: ExecCredential?
        /// Runs that ended, well or not.
        var runs = 0
        var lastFailure: ConnectionError?
    }

    private let plugin: ExecPlugin
    private let now: @Sendable () -> Int64
    private let state = Mutex(State())
    /// Held while the plugin runs, by threads of its own only.
    private let running = Mutex(())

    init(_ plugin: ExecPlugin, now: @escaping @Sendable () -> Int64) {
        self.plugin = plugin
        self.now = now
    }

    func current() async throws -> RequestCredentials {
        let (held, runs) = state.withLock { (fresh($0.held), $0.runs) }
        if let held { return held }
        // A program that runs blocks its thread: not one of the pool.
        return try await DedicatedThread.run(named: "exec-plugin") { try self.run(after: runs) }
    }

    /// These were refused: the next request has the plugin run. Others that came meanwhile stay.
    func forget(_ credentials: RequestCredentials) {
        state.withLock { if $0.held?.credentials == credentials { $0.held = nil } }
    }

    private func fresh(_ held: ExecCredential?) -> RequestCredentials? {
        guard let held else { return nil }
        if let expiry = held.expiry, expiry <= now() { return nil }
        return held.credentials
    }

    /// - Parameter runs: how many had ended when the caller found nothing: one that ended since answers it too.
    private func run(after runs: Int) throws -> RequestCredentials {
        try running.withLock { _ in
            let (held, failure, count) = state.withLock { (fresh($0.held), $0.lastFailure, $0.runs) }
            if let held { return held }
            if let failure, count != runs { throw failure }
            do throws(ConnectionError) {
                let credential = try plugin.run()
                state.withLock {
                    $0.held = credential
                    $0.runs += 1
                    $0.lastFailure = nil
                }
                return credential.credentials
            } catch {
                state.withLock {
                    $0.runs += 1
                    $0.lastFailure = error
                }
                throw error
            }
        }
    }
}
