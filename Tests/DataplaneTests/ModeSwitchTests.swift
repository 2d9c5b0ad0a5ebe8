import Dataplane
import NetworkTypes
import ServiceTable
import Synchronization
import Testing

/// What was done, in order, by whom.
private final class Journal: Sendable {
    private let lines = Mutex<[String]>([])
    var entries: [String] { lines.withLock { $0 } }
    func write(_ line: String) { lines.withLock { $0.append(line) } }
}

/// The mode that runs now; its first synchronisations may be refused.
private struct NewMode: Dataplane {
    static let modeName = "new"
    let journal: Journal
    var refusals: Int

    mutating func adoptOrder() throws(DataplaneError) -> AdoptedOrder { AdoptedOrder() }

    mutating func synchronize(_ table: ServiceTable, family: IPFamily) throws(DataplaneError) -> SyncReport {
        guard refusals == 0 else {
            refusals -= 1
            journal.write("new refuses \(family)")
            throw DataplaneError(.refused, doing: "test", cause: "refused")
        }
        journal.write("new holds \(family)")
        return SyncReport(transactions: 1)
    }

    mutating func apply(_ change: ServiceTableChange, family: IPFamily) throws(DataplaneError) -> SyncReport {
        journal.write("new changes \(family)")
        return SyncReport(transactions: 1)
    }

    mutating func cleanup() throws(DataplaneError) -> [String] { [] }
}

/// The mode that ran before.
private struct OldMode: Dataplane {
    static let modeName = "old"
    let journal: Journal

    mutating func adoptOrder() throws(DataplaneError) -> AdoptedOrder { AdoptedOrder() }
    mutating func synchronize(_ table: ServiceTable, family: IPFamily) throws(DataplaneError) -> SyncReport { SyncReport() }
    mutating func apply(_ change: ServiceTableChange, family: IPFamily) throws(DataplaneError) -> SyncReport { SyncReport() }

    mutating func cleanup() throws(DataplaneError) -> [String] {
        journal.write("old removed")
        return ["table old"]
    }
}

/// When another mode's state goes.
@Suite struct ModeSwitchTests {
    /// Runs the new mode until it has made this many synchronisations, with one change after the first.
    private func entries(refusals: Int, synchronisations: Int) -> [String] {
        let journal = Journal()
        let other = OtherMode(OldMode.self) { () throws(DataplaneError) in OldMode(journal: journal) }
        let runner = Mutex<DataplaneRunner?>(nil)
        let count = Mutex(0)
        let made = DataplaneRunner(
            limits: .init(firstRetry: .zero),
            whenReady: {
                let removed = (try? other.removeState()) ?? []
                journal.write("\(other.modeName) left \(removed.joined(separator: ","))")
            },
            observe: { _ in
                let number = count.withLock { count in
                    count += 1
                    return count
                }
                guard number == synchronisations else { return }
                runner.withLock { $0 }?.stop()
            })
        runner.withLock { $0 = made }
        made.submit(ServiceTableChange(old: ServiceTable(), new: ServiceTable(), changed: []))
        made.run(NewMode(journal: journal, refusals: refusals))
        return journal.entries
    }

    @Test("The other mode's state goes once every family is there, and only then")
    func afterEveryFamily() {
        #expect(
            entries(refusals: 0, synchronisations: 2)
                == ["new holds IPv4", "new holds IPv6", "old removed", "old left table old"])
    }

    @Test("Nothing is removed while the new mode has half of it")
    func notBefore() {
        #expect(entries(refusals: 0, synchronisations: 1) == ["new holds IPv4"])
        let refused = entries(refusals: 3, synchronisations: 3)
        #expect(refused.count == 3 && refused.allSatisfy { $0.hasPrefix("new refuses") }, "\(refused)")
    }

    @Test("After refusals it goes when the last family is there")
    func afterRefusals() {
        let lines = entries(refusals: 2, synchronisations: 4)
        #expect(lines.suffix(2) == ["old removed", "old left table old"], "\(lines)")
        #expect(lines.dropLast(2).suffix(2).allSatisfy { $0.hasPrefix("new holds") }, "\(lines)")
    }
}
