internal import ClusterZone
internal import LinuxSystem
internal import Synchronization

/// One thread with its sockets. Others tell it what to do through a list and a wake-up.
final class UDPWorker: Sendable {
    enum Command: Sendable {
        case add(UDPSocket)
        /// Answer what is queued and let go of these.
        case remove([UDPSocket], Completion)
        case stop(Completion)
    }

    private let commands = Mutex<[Command]>([])
    private let wake: WakeDescriptor
    private let epoll: Epoll

    /// Token of the wake-up; sockets have their descriptors.
    private static let wakeToken = UInt64.max

    init() throws(Errno) {
        wake = try WakeDescriptor()
        epoll = try Epoll()
        try epoll.add(wake.rawValue, .readable, token: Self.wakeToken)
    }

    func perform(_ command: Command) {
        commands.withLock { $0.append(command) }
        wake.signal()
    }

    /// The thread's body: until `stop`.
    func run(_ loop: consuming UDPLoop) {
        while true {
            let events = (try? epoll.wait(limit: 16)) ?? []
            for event in events {
                if event.token == Self.wakeToken {
                    wake.clear()
                    for command in commands.withLock({ commands in
                        let taken = commands
                        commands = []
                        return taken
                    }) {
                        if perform(command, &loop) { return }
                    }
                } else {
                    loop.serve(Int32(truncatingIfNeeded: event.token))
                }
            }
        }
    }

    /// True when that was the end.
    private func perform(_ command: Command, _ loop: inout UDPLoop) -> Bool {
        switch command {
        case .add(let socket):
            loop.sockets[socket.socket.descriptor.rawValue] = socket
            let raw = socket.socket.descriptor.rawValue
            // Refused only for want of memory; then the socket stays silent beside its siblings, as if it were not there.
            do { try epoll.add(raw, .readable, token: UInt64(raw)) } catch { socket.leaveGroup() }
        case .remove(let sockets, let completion):
            for socket in sockets { drain(socket, &loop) }
            completion.finish()
        case .stop(let completion):
            for socket in loop.sockets.values { drain(socket, &loop) }
            completion.finish()
            return true
        }
        return false
    }

    private func drain(_ socket: UDPSocket, _ loop: inout UDPLoop) {
        socket.leaveGroup()
        let raw = socket.socket.descriptor.rawValue
        loop.serve(raw, untilEmpty: true)
        try? epoll.remove(raw)
        loop.sockets[raw] = nil
    }
}

/// Something that is waited for by a thread.
final class Completion: Sendable {
    private let pipe: Pipe

    init() throws(Errno) { pipe = try Pipe() }

    func finish() { try? pipe.write([1]) }

    /// Blocks until `finish`.
    func wait() {
        var byte: [UInt8] = [0]
        _ = try? pipe.reader.read(into: &byte)
    }
}
