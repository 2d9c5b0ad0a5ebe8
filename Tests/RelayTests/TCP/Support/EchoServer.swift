import LinuxSystem
import Synchronization

/// Sends back what each connection has sent once that is over, one after the other.
final class EchoServer: Sendable {
    private let backend: TestBackend
    private let isStopped = Atomic<Bool>(false)
    private let ended = Latch(count: 1)

    init(_ backend: TestBackend) throws {
        self.backend = backend
        _ = try DedicatedThread(named: "echo") { self.serve() }
    }

    func stop() {
        isStopped.store(true, ordering: .releasing)
        // Wakes it.
        let caller = try? TestStream(to: backend.address)
        ended.wait()
        caller?.close()
    }

    private func serve() {
        while !isStopped.load(ordering: .acquiring), let stream = try? backend.accept().stream {
            if isStopped.load(ordering: .acquiring) { break }
            if let bytes = try? stream.readToEnd() { try? stream.write(bytes) }
            stream.close()
        }
        ended.countDown()
    }
}
