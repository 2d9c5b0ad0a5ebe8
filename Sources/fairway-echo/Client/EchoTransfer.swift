import LinuxSystem

/// A paced transfer whose every byte is checked when it comes back.
struct EchoTransfer {
    private(set) var sent = 0
    private(set) var verified = 0
    private let bytesPerSecond: Int
    private let total: Int
    private let timeout: Duration

    /// Between two looks at the clock, when the socket would take more than the pace allows.
    private static let tick = Duration.milliseconds(5)
    /// A prime, so that a lost or doubled segment of any usual size shifts the pattern.
    private static let period = 251

    init(bytesPerSecond: Int, seconds: Double, timeout: Duration) {
        self.bytesPerSecond = bytesPerSecond
        self.timeout = timeout
        total = max(1, Int(Double(bytesPerSecond) * seconds))
    }

    mutating func run(_ socket: borrowing Socket) throws(ClientFailure) {
        do throws(Errno) {
            try transfer(socket)
        } catch {
            throw .refusedByKernel(error)
        }
        guard verified == total else { throw .closed }
    }

    private mutating func transfer(_ socket: borrowing Socket) throws(Errno) {
        let epoll = try Epoll()
        try epoll.add(socket.descriptor.rawValue, .readable, token: 0)
        let pattern = (0..<(64 << 10)).map { UInt8($0 % EchoTransfer.period) }
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let start = ContinuousClock.now
        var lastProgress = start
        while verified < total {
            let due = due(at: start.duration(to: .now))
            let isBlocked = try send(socket, pattern, upTo: due)
            let isDone = sent == total
            try epoll.modify(
                socket.descriptor.rawValue, isBlocked ? [.readable, .writable] : .readable, token: 0)
            let wait = isDone || isBlocked ? lastProgress.advanced(by: timeout) - .now : EchoTransfer.tick
            for _ in try epoll.wait(timeout: wait) {
                if let error = try socket.takeError() { throw error }
                guard let count = try socket.receive(into: &buffer) else { continue }
                guard count > 0, verify(buffer, count) else { return }
                lastProgress = .now
            }
            if sent > verified && lastProgress.duration(to: .now) >= timeout { throw .timedOut }
            if sent == verified { lastProgress = .now }
        }
    }

    private func due(at elapsed: Duration) -> Int {
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
        return min(total, Int(Double(bytesPerSecond) * seconds) + 1)
    }

    /// True when the socket takes no more for now.
    private mutating func send(_ socket: borrowing Socket, _ pattern: [UInt8], upTo due: Int) throws(Errno) -> Bool {
        while sent < due {
            let offset = sent % EchoTransfer.period
            let count = min(due - sent, pattern.count - offset)
            guard let taken = try socket.send(pattern.span.extracting(offset..<(offset + count))) else { return true }
            sent += taken
        }
        return false
    }

    /// False at the first byte that is not what was sent.
    private mutating func verify(_ buffer: [UInt8], _ count: Int) -> Bool {
        guard verified + count <= sent else { return false }
        for index in 0..<count where buffer[index] != UInt8((verified + index) % EchoTransfer.period) { return false }
        verified += count
        return true
    }
}
