import Glibc
import Netlink

/// Sees endpoints arrive in the kernel's tables: nf_tables tells each element and rule of a commit after the commit is in
/// force, and the endpoint's address is in it.
///
/// The server gives the endpoint of change N an address that nothing else has: see ``number(_:)``.
final class CommitWatch: Sendable {
    /// As many changes as there are addresses.
    static let limit = 50 * 250 * 250

    private let socket: NetlinkSocket
    private let stop: NetlinkStop
    private static let doing = "watch nftables"

    /// In the namespace of the calling thread.
    init() throws {
        stop = try NetlinkStop()
        let socket = try NetlinkSocket(.netfilter, receiveQueueBytes: 32 << 20)
        // NFNLGRP_NFTABLES of linux/netfilter/nfnetlink.h.
        try socket.join(group: 7)
        self.socket = socket
    }

    /// Ends `run`.
    func end() { stop.signal() }

    /// Reads until all of these changes have arrived and nothing comes any more, or `end`. Blocks.
    ///
    /// - Returns: for each change the wall-clock time at which its address was told last.
    /// - Throws: when the kernel had to drop notifications.
    func run(changes: Range<Int>) throws -> [Int: Double] {
        var seen: [Int: Double] = [:]
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let isComplete = seen.count == changes.count
            let patience: Duration? = isComplete ? .milliseconds(500) : nil
            guard try socket.waitReadable(or: stop, within: patience, doing: Self.doing) else { return seen }
            guard let count = try socket.receive(into: &buffer, wait: false, doing: Self.doing) else {
                if isComplete { return seen }
                continue
            }
            let now = wallClock()
            Self.forEachAddress(in: buffer[..<count]) { change in
                if changes.contains(change) { seen[change] = now }
            }
        }
    }

    /// Attributes of netlink are aligned to four bytes, and so are addresses in them.
    private static func forEachAddress(in bytes: ArraySlice<UInt8>, _ body: (Int) -> Void) {
        var position = 0
        while position + 16 <= bytes.count {
            let length = Int(word(bytes, position).byteSwapped)
            guard length >= 16, position + length <= bytes.count else { return }
            if isAddition(UInt16(bytes[position + 5]) << 8 | UInt16(bytes[position + 4])) {
                for place in stride(from: position + 20, to: position + length - 3, by: 4) {
                    if let change = number(word(bytes, place)) { body(change) }
                }
            }
            position += (length + 3) & ~3
        }
    }

    /// Of elements or rules: NFT_MSG_NEWSETELEM and NFT_MSG_NEWRULE of linux/netfilter/nf_tables.h, of NFNL_SUBSYS_NFTABLES.
    private static func isAddition(_ type: UInt16) -> Bool { type == 10 << 8 | 12 || type == 10 << 8 | 6 }

    /// In network order.
    private static func word(_ bytes: ArraySlice<UInt8>, _ place: Int) -> UInt32 {
        UInt32(bytes[place]) << 24 | UInt32(bytes[place + 1]) << 16 | UInt32(bytes[place + 2]) << 8 | UInt32(bytes[place + 3])
    }

    /// Of 10.(200 + N / 62500).(N / 250 % 250).(N % 250 + 1); nil of any other address.
    static func number(_ address: UInt32) -> Int? {
        let (second, third, last) = (Int(address >> 16 & 0xff), Int(address >> 8 & 0xff), Int(address & 0xff))
        guard address >> 24 == 10, (200..<250).contains(second), third < 250, (1...250).contains(last) else { return nil }
        return ((second - 200) * 250 + third) * 250 + last - 1
    }
}
