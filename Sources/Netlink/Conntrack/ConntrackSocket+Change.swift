import CNetfilter
import Glibc
import NetworkTypes

extension ConntrackSocket {
    /// Messages that are sent to the kernel at once: few enough that their answers fit the queue.
    private static let messagesAtOnce = 512

    /// Deletes these entries, each found by its original tuple (a hash lookup) and, where its id is
    /// known, only if it is that very entry still. One that is gone already is no error.
    ///
    /// - Returns: how many were deleted.
    package func delete(_ entries: some Collection<ConntrackEntry>) throws(NetlinkError) -> Int {
        // EBUSY: the flow is offloaded to hardware or a flow table, which lets go of it first.
        let refused = try change(
            entries, IPCTNL_MSG_CT_DELETE, flags: 0, doing: "delete connections", tolerated: [ENOENT, EBUSY]
        ) { writer, entry in
            writer.put(CTA_TUPLE_ORIG, entry.original, entry.protocol)
            if entry.id != 0 { writer.put(Int(CTA_ID.rawValue), networkOrder: entry.id) }
            if entry.zone != 0 { writer.put(Int(CTA_ZONE.rawValue), networkOrder16: entry.zone) }
        }
        return entries.count - refused
    }

    /// Puts entries into the table as if their packets had been seen; for tests and benchmarks.
    ///
    /// - Throws: `.exists` when one of their tuples is taken.
    package func insert(_ entries: some Collection<ConntrackEntry>) throws(NetlinkError) {
        _ = try change(
            entries, IPCTNL_MSG_CT_NEW, flags: NLM_F_CREATE | NLM_F_EXCL, doing: "insert connections", tolerated: []
        ) { writer, entry in
            writer.put(CTA_TUPLE_ORIG, entry.original, entry.protocol)
            writer.put(CTA_TUPLE_REPLY, entry.reply, entry.protocol)
            writer.put(Int(CTA_STATUS.rawValue), networkOrder: entry.status.union(.confirmed).rawValue)
            writer.put(Int(CTA_TIMEOUT.rawValue), networkOrder: entry.timeoutSeconds)
            if entry.zone != 0 { writer.put(Int(CTA_ZONE.rawValue), networkOrder16: entry.zone) }
        }
    }

    /// Deletes everything that matches, inside the kernel.
    ///
    /// - Throws: `.unsupported` where the kernel cannot: before Linux 6.8, and for IPv6 (`ConntrackFilter`);
    ///   nothing is deleted then.
    /// - Precondition: the filter names an address: without one an old kernel would take the request for
    ///   one to delete all.
    package func deleteAll(matching filter: ConntrackFilter) throws(NetlinkError) {
        precondition(filter.destination != nil || filter.replySource != nil, "a filter that names no address")
        let doing = "delete matching connections"
        guard filter.family == .ipv4 else { throw NetlinkError(.unsupported, doing: doing) }
        var writer = NetlinkWriter(capacity: 256)
        let start = ConntrackSocket.begin(&writer, IPCTNL_MSG_CT_DELETE, flags: NLM_F_ACK, family: filter.family)
        filter.write(to: &writer)
        writer.endMessage(at: start)
        socket.drain()
        try socket.send(writer.storage, count: writer.count, doing: doing)
        guard let answer = try answers(doing: doing).first else { throw NetlinkError(.overflow, doing: doing) }
        // Before 6.8 the half tuple is read as a whole one, and refused as such.
        if answer.errno == EINVAL { throw NetlinkError(.unsupported, doing: doing, errno: answer.errno) }
        if answer.errno != 0 { throw NetlinkError(errno: answer.errno, doing: doing, kernelText: answer.text) }
    }

    /// Whether the kernel filters dumps by tuple (Linux 5.8). Costs one dump of the table where it does not.
    package func filtersByTuple() throws(NetlinkError) -> Bool {
        var writer = NetlinkWriter(capacity: 64)
        let start = ConntrackSocket.begin(&writer, IPCTNL_MSG_CT_GET, flags: NLM_F_DUMP, family: .ipv4)
        ConntrackFilter.writeUnknown(to: &writer)
        writer.endMessage(at: start)
        do throws(NetlinkError) {
            try socket.dump(writer, doing: "look for filtered dumps", restart: {}) { _, _ in }
            return false
        } catch {
            // A kernel that knows filters refuses this one; one that does not hands out everything.
            if error.code == .unsupported || error.errno == EINVAL { return true }
            throw error
        }
    }

    /// Sends one message an entry, many at once, each a transaction of its own.
    ///
    /// - Returns: how many were answered by a tolerated error.
    private func change<Entries: Collection<ConntrackEntry>>(
        _ entries: Entries, _ type: cntl_msg_types, flags: Int32, doing: String, tolerated: Set<Int32>,
        _ write: (inout NetlinkWriter, ConntrackEntry) -> Void
    ) throws(NetlinkError) -> Int {
        var refused = 0
        var position = entries.startIndex
        while position != entries.endIndex {
            var writer = NetlinkWriter(capacity: 64 * 1024)
            var sequence: UInt32 = 0
            let first = position
            while position != entries.endIndex, sequence < UInt32(ConntrackSocket.messagesAtOnce) {
                sequence += 1
                let entry = entries[position]
                let start = ConntrackSocket.begin(&writer, type, flags: flags, family: entry.family, sequence: sequence)
                write(&writer, entry)
                writer.endMessage(at: start)
                position = entries.index(after: position)
            }
            socket.drain()
            // The kernel has done all of it when this returns, and answered what it refused.
            try socket.send(writer.storage, count: writer.count, doing: doing)
            for answer in try answers(doing: doing) where answer.errno != 0 {
                guard tolerated.contains(answer.errno) else {
                    let entry = entries[entries.index(first, offsetBy: max(0, Int(answer.sequence) - 1))]
                    throw NetlinkError(
                        NetlinkError.Code(errno: answer.errno), doing: doing, errno: answer.errno,
                        kernelText: answer.text, object: "\(entry)")
                }
                refused += 1
            }
        }
        return refused
    }

    /// The acknowledgements and errors that are queued.
    private func answers(doing: String) throws(NetlinkError) -> [NetlinkAcknowledgement] {
        var answers: [NetlinkAcknowledgement] = []
        var buffer = [UInt8](repeating: 0, count: NetlinkLimits.receiveBytes)
        while let count = try socket.receive(into: &buffer, wait: false, doing: doing) {
            buffer.forEachMessage(count: count) { header, payload in
                guard Int32(header.type) == NLMSG_ERROR, let answer = NetlinkAcknowledgement(header, payload) else { return }
                answers.append(answer)
            }
        }
        return answers
    }
}
