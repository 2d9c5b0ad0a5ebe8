private import CLinux

/// A pipe that bytes go through from one socket to another without being copied (splice(2)). It holds 16 parts of a
/// socket's queue, each at most 32 KiB.
@safe package final class SplicePipe {
    private let pipe: Pipe
    /// Bytes in it.
    package private(set) var byteCount = 0

    package init() throws(Errno) { pipe = try Pipe() }

    /// Takes what a socket has received, at most `limit` bytes; 0 is the peer's end, nil "not now". Both are also said
    /// where the next byte is urgent: `TransferBuffer.receive` tells.
    ///
    /// - Precondition: the pipe is empty, for a full one would look like a socket without anything.
    package func fill(from socket: borrowing Socket, limit: Int) throws(Errno) -> Int? {
        precondition(byteCount == 0)
        let count = try syscallUnlessBlocking("splice") {
            clinux_splice(socket.descriptor.rawValue, pipe.writer, limit)
        }
        byteCount = count ?? 0
        return count
    }

    /// Sends what it holds, as much as the socket takes; false when that was not all.
    package func drain(to socket: borrowing Socket) throws(Errno) -> Bool {
        while byteCount > 0 {
            let count = try syscallUnlessBlocking("splice") {
                clinux_splice(pipe.reader.rawValue, socket.descriptor.rawValue, byteCount)
            }
            guard let count, count > 0 else { return false }
            byteCount -= count
        }
        return true
    }
}
