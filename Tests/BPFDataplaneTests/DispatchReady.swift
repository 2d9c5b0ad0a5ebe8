import Dispatch

/// Lets an asynchronous test and a blocking thread wait for each other.
final class DispatchReady: Sendable {
    private let stream = AsyncStream<Void>.makeStream()
    private let going = DispatchSemaphore(value: 0)

    /// From the thread.
    func signal() { stream.continuation.yield() }
    func waitForGo() { going.wait() }

    /// From the test.
    func wait() async {
        var iterator = stream.stream.makeAsyncIterator()
        _ = await iterator.next()
    }
    func go() { going.signal() }
}
