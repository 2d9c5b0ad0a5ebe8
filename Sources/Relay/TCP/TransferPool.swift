internal import LinuxSystem

/// The buffers and pipes of one worker: one buffer that everything is received to, and those that wait to be used again.
final class TransferPool {
    /// Of one buffer: few system calls for what is small, and two of them fit the processor's first cache.
    static let bufferByteCount = 32 << 10
    /// Kept for use again; beyond it memory is freed.
    static let spareBufferLimit = 64
    /// Kept for use again while there are connections, 2 descriptors each; beyond it they are closed.
    static let sparePipeLimit = 64

    /// Pipes that are in use or wait to be.
    private(set) var openPipes = 0
    private let pipeLimit: Int
    private(set) var current = TransferBuffer(capacity: bufferByteCount)
    private var buffers: [TransferBuffer] = []
    private var pipes: [SplicePipe] = []

    /// - Parameter pipeLimit: pipes at a time.
    init(pipeLimit: Int = .max) { self.pipeLimit = pipeLimit }

    /// Gives the current buffer away; another takes its place.
    func takeCurrent() -> TransferBuffer {
        let taken = current
        current = buffers.popLast() ?? TransferBuffer(capacity: Self.bufferByteCount)
        return taken
    }

    func giveBack(_ buffer: TransferBuffer) {
        if buffers.count < Self.spareBufferLimit { buffers.append(buffer) }
    }

    /// An empty pipe; nil at the limit, or when there are no descriptors: what is relayed goes through buffers then.
    func takePipe() -> SplicePipe? {
        if let pipe = pipes.popLast() { return pipe }
        guard openPipes < pipeLimit, let pipe = try? SplicePipe() else { return nil }
        openPipes += 1
        return pipe
    }

    /// A pipe that holds something is closed.
    func giveBack(_ pipe: SplicePipe) {
        if pipe.byteCount == 0, pipes.count < Self.sparePipeLimit { pipes.append(pipe) } else { openPipes -= 1 }
    }

    /// Frees everything that nobody uses.
    ///
    /// - Returns: false when there was no pipe to close.
    @discardableResult
    func trim() -> Bool {
        let hadPipes = !pipes.isEmpty
        openPipes -= pipes.count
        pipes = []
        buffers = []
        return hadPipes
    }
}
