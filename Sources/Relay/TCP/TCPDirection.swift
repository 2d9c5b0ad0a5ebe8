internal import LinuxSystem

/// One of the two directions of a connection: moves what its source sent to its sink, as far as the sink takes it.
///
/// While little moves, bytes go through the worker's buffer with one recv and one send. Where a source fills that buffer
/// again and again they go through a pipe instead (splice), without being copied. What a sink did not take is kept, in
/// the buffer or the pipe, and the source is not read again before it is gone: so the kernel's window closes, and a
/// direction holds at most one buffer or one pipe.
struct TCPDirection {
    enum Outcome {
        /// The source has nothing more for now, or the sink takes nothing more: an event will tell.
        case waiting
        /// There is more to do, and others had no turn for long.
        case interrupted
        /// The source has ended, and everything was passed on.
        case ended
        case sourceFailed
        case sinkFailed
    }

    /// Bytes after which others have their turn; one filling of a pipe may go beyond. With 64 streams 256 KiB cost 0.42 s of CPU a gigabyte, twice, 1 MiB
    /// 0.46: a source that is left alone for a while has more at once. One stream does not tell them apart.
    static let turnByteCount = 256 << 10
    /// At most so much goes through a pipe at once.
    static let pipeByteCount = 512 << 10
    /// Full buffers one after the other that make a pipe worth its system calls.
    static let fullReadsForPipe: UInt8 = 2
    /// A pipe that gets less than this has nothing to win over a buffer.
    static let smallPipeByteCount = 16 << 10
    /// Such small fillings one after the other until the buffer is used again.
    static let smallFillsForBuffer: UInt8 = 8

    /// The source had something, or its end, when it was last asked or told.
    var isReadable = false
    /// The source has said that nothing comes after what it has: reading goes on until its end is read.
    var sourceEnds = false
    /// The source has sent urgent data. A receive stops before such a byte, and splice does not pass it: so bytes go
    /// through the buffer from now on, and only an empty source ends the reading.
    var hasUrgentData = false
    /// The sink took all that it was given.
    var isWritable = true
    /// The source's end was read and everything before it passed on.
    private(set) var hasEnded = false
    /// It has its turn in the next round, without an event.
    var isQueued = false
    /// Of payload, taken from the source and not counted yet.
    private var byteCount = 0

    private var endWasRead = false
    private var buffer: TransferBuffer?
    private var held = 0..<0
    private var pipe: SplicePipe?
    /// Of full reads, or with a pipe of small ones.
    private var streak: UInt8 = 0

    /// The sink does not take what is held.
    var isBlocked: Bool { !isWritable && !hasEnded }

    /// Moves what there is.
    mutating func move(
        from source: borrowing Socket, to sink: borrowing Socket, _ pool: TransferPool
    ) -> Outcome {
        guard !hasEnded else { return .waiting }
        let start = byteCount
        do throws(Errno) {
            guard try flush(to: sink, pool) else { return .waiting }
        } catch { return .sinkFailed }
        while isReadable && !endWasRead {
            if byteCount - start >= Self.turnByteCount { return .interrupted }
            let outcome = pipe == nil ? copy(source, sink, pool) : splice(source, sink, pool)
            if let outcome { return outcome }
        }
        guard endWasRead else { return .waiting }
        hasEnded = true
        release(to: pool)
        return .ended
    }

    /// What was taken from the source since it was last asked, in bytes.
    mutating func takeByteCount() -> Int {
        let taken = byteCount
        byteCount = 0
        return taken
    }

    /// Gives back what it has of the pool, and forgets what was not passed on.
    mutating func release(to pool: TransferPool) {
        if let buffer { pool.giveBack(buffer) }
        if let pipe { pool.giveBack(pipe) }
        (buffer, pipe) = (nil, nil)
    }

    /// Passes on what is held; false when the sink does not take all of it.
    private mutating func flush(to sink: borrowing Socket, _ pool: TransferPool) throws(Errno) -> Bool {
        guard isWritable else { return false }
        if let buffer {
            guard let sent = try buffer.send(held, to: sink), sent == held.count else {
                return keepWaiting()
            }
            pool.giveBack(buffer)
            self.buffer = nil
        }
        if let pipe, pipe.byteCount > 0 {
            guard try pipe.drain(to: sink) else { return keepWaiting() }
        }
        return true
    }

    private mutating func keepWaiting() -> Bool {
        isWritable = false
        return false
    }

    /// One receive and one send. nil: go on.
    private mutating func copy(
        _ source: borrowing Socket, _ sink: borrowing Socket, _ pool: TransferPool
    ) -> Outcome? {
        let buffer = pool.current
        let count: Int
        do throws(Errno) {
            guard let received = try buffer.receive(from: source) else {
                isReadable = false
                return nil
            }
            count = received
        } catch { return .sourceFailed }
        if count == 0 {
            endWasRead = true
            return nil
        }
        byteCount += count
        let isFull = count == buffer.capacity
        // A stream socket that gave less than was asked for is empty (epoll(7)), and will report what comes.
        if !isFull && !sourceEnds && !hasUrgentData { isReadable = false }
        streak = isFull ? min(streak + 1, Self.fullReadsForPipe) : 0
        do throws(Errno) {
            let sent = try buffer.send(0..<count, to: sink) ?? 0
            if sent < count {
                self.buffer = pool.takeCurrent()
                held = sent..<count
                isWritable = false
                return .waiting
            }
        } catch { return .sinkFailed }
        if streak == Self.fullReadsForPipe && !hasUrgentData { beginPipe(pool) }
        return nil
    }

    private mutating func beginPipe(_ pool: TransferPool) {
        pipe = pool.takePipe()
        streak = 0
    }

    private mutating func endPipe(_ pool: TransferPool) {
        if let pipe { pool.giveBack(pipe) }
        pipe = nil
        streak = 0
    }

    /// Fills the pipe and drains it. nil: go on.
    private mutating func splice(
        _ source: borrowing Socket, _ sink: borrowing Socket, _ pool: TransferPool
    ) -> Outcome? {
        guard let pipe else { return nil }
        let count: Int
        do throws(Errno) {
            if hasUrgentData {
                endPipe(pool)
                return nil
            }
            guard let received = try pipe.fill(from: source, limit: Self.pipeByteCount) else {
                isReadable = false
                return nil
            }
            count = received
        } catch { return .sourceFailed }
        if count == 0 {
            // The end, or an urgent byte that nobody told of yet: a receive knows.
            endPipe(pool)
            return nil
        }
        byteCount += count
        streak = count < Self.smallPipeByteCount ? streak + 1 : 0
        do throws(Errno) {
            guard try pipe.drain(to: sink) else {
                isWritable = false
                return .waiting
            }
        } catch { return .sinkFailed }
        if streak >= Self.smallFillsForBuffer { endPipe(pool) }
        return nil
    }
}
