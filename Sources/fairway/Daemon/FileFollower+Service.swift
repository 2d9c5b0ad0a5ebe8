internal import LinuxSystem
internal import ManifestSource
internal import ServiceLifecycle

extension FileFollower {
    static func make(_ path: String) throws(CommandFailure) -> FileFollower {
        do throws(SystemError) {
            return try FileFollower(path)
        } catch {
            throw .failed("\(error)")
        }
    }

    /// Does a service's `work`, which is to `run` this, on a thread of its own until the service is to end.
    ///
    /// - Parameter failed: is told why the file is followed no longer.
    func serve(
        named thread: String, _ work: @escaping @Sendable () throws -> Void, failed: (any Error) -> Void
    ) async {
        await withTaskCancellationOrGracefulShutdownHandler {
            do {
                try await DedicatedThread.run(named: thread, work)
            } catch {
                failed(error)
                // A service that returns ends the others.
                try? await gracefulShutdown()
            }
        } onCancelOrGracefulShutdown: {
            self.end()
        }
    }
}
