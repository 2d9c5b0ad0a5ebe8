import LinuxSystem
import Testing

@testable import Relay

@Suite struct TransferPoolTests {
    @Test("at the limit there are no more pipes, until one is given back or closed") func limit() throws {
        let pool = TransferPool(pipeLimit: 2)
        let first = try #require(pool.takePipe())
        var second = pool.takePipe()
        #expect(second != nil && pool.takePipe() == nil && pool.openPipes == 2)
        pool.giveBack(first)
        #expect(pool.openPipes == 2)
        let again = pool.takePipe()
        #expect(again === first && pool.takePipe() == nil)
        pool.giveBack(first)
        let hadPipes = pool.trim()
        #expect(hadPipes && pool.openPipes == 1)
        if let pipe = second { pool.giveBack(pipe) }
        second = nil
        pool.trim()
        #expect(pool.openPipes == 0)
    }
}
