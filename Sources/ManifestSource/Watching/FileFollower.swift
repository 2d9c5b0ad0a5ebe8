package import LinuxSystem

/// Follows one file until it is told to end: for readers that have something to do when the file is another than it was.
package final class FileFollower: Sendable {
    package let path: String
    private let stop: WakeDescriptor

    /// Watches nothing yet.
    ///
    /// - Throws: when the process can open no more descriptors.
    package init(_ path: String) throws(SystemError) {
        self.path = path
        stop = try attempting("make an eventfd") { () throws(Errno) in try WakeDescriptor() }
    }

    /// Calls `read` when the watch is in place, for the file may have changed since it was read, and then whenever it changed,
    /// came or went (``FileWatch``); changes that come together are one. Blocks until `end`.
    ///
    /// - Parameter warn: is called with what keeps changes from being seen, one line each, each told once.
    /// - Throws: ``SystemError`` when inotify is not to be had, and `Errno` when the kernel refuses to wait or to tell.
    package func run(warn: (String) -> Void, read: () -> Void) throws {
        var watch = try FileWatch(path)
        let epoll = try Epoll()
        try epoll.add(stop.rawValue, .readable, token: Token.stop)
        try epoll.add(watch.descriptor, .readable, token: Token.watch)
        var isDue = true
        while true {
            for warning in watch.takeWarnings() { warn(warning) }
            if isDue { read() }
            let events = try epoll.wait()
            if events.contains(where: { $0.token == Token.stop }) { return }
            isDue = try watch.poll()
        }
    }

    private enum Token {
        static let stop: UInt64 = 0
        static let watch: UInt64 = 1
    }

    /// Ends `run`, also one that begins after this.
    package func end() { stop.signal() }
}
