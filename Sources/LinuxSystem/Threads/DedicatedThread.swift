private import CLinux
import Glibc
import Synchronization

/// A thread of its own for work that blocks, or that changes what belongs to a thread (its network
/// namespace): neither may happen on the cooperative pool, whose threads are shared.
@safe package struct DedicatedThread: ~Copyable, Sendable {
    private let thread: pthread_t

    /// Starts a thread that runs `body` and ends. It shows up as `name` (15 bytes) in ps and top.
    package init(named name: String, _ body: @escaping @Sendable () -> Void) throws(Errno) {
        let start = ThreadStart(name: name, body: body)
        // SAFETY: the new thread takes the retained reference over exactly once; when no thread was
        // made, it is taken back below.
        let argument = unsafe Unmanaged.passRetained(start)
        var thread = pthread_t()
        let error = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                // SAFETY: this is the pointer of passRetained above, taken over once.
                let start = unsafe Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
                // SAFETY: the C string lives for the call. A thread without its name still works.
                _ = unsafe clinux_set_thread_name(start.name)
                start.body()
                return nil
            }, unsafe argument.toOpaque())
        guard error == 0 else {
            unsafe argument.release()
            throw Errno(rawValue: error)
        }
        self.thread = thread
    }

    deinit {
        pthread_detach(thread)
    }

    /// Waits until `body` has returned. Not for the cooperative pool.
    package consuming func join() {
        let thread = self.thread
        discard self
        // The thread was neither joined nor detached: this is the only owner.
        let error = pthread_join(thread, nil)
        precondition(error == 0, "pthread_join: \(Errno(rawValue: error))")
    }
}

extension DedicatedThread {
    /// Runs `body` on a new thread and waits for its result without holding a thread of the pool.
    package static func run<T: Sendable>(
        named name: String, _ body: @escaping @Sendable () throws -> T
    ) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            do {
                _ = try attempting("start thread \(name)") { () throws(Errno) in
                    try DedicatedThread(named: name) { continuation.resume(with: Result(catching: body)) }
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    /// As `run`, and blocks the calling thread meanwhile. Not for the cooperative pool.
    package static func runBlocking<T: Sendable>(
        named name: String, _ body: @escaping @Sendable () throws -> T
    ) throws -> T {
        let outcome = Outcome<T>()
        let thread = try attempting("start thread \(name)") { () throws(Errno) in
            try DedicatedThread(named: name) { outcome.store(Result(catching: body)) }
        }
        thread.join()
        return try outcome.take()
    }
}

private final class ThreadStart: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

private final class Outcome<T: Sendable>: Sendable {
    private let result = Mutex<Result<T, any Error>?>(nil)

    func store(_ value: Result<T, any Error>) { result.withLock { $0 = value } }

    func take() throws -> T {
        guard let value = result.withLock({ $0 }) else {
            preconditionFailure("joined a thread that did not finish its work")
        }
        return try value.get()
    }
}
