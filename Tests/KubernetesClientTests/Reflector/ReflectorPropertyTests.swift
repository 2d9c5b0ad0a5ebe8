import Foundation
import KubernetesClient
import KubernetesModel
import KubernetesWire
import ObjectStore
import RandomTesting
import Synchronization
import Testing

/// What holds under every schedule of changes and faults. A failure names its seed.
@Suite struct ReflectorPropertyTests {
    /// `FAIRWAY_PROPERTY_SEEDS` seeds are tried, from 1 on.
    static let seeds: ClosedRange<UInt64> = {
        let count = ProcessInfo.processInfo.environment["FAIRWAY_PROPERTY_SEEDS"].flatMap(UInt64.init) ?? 60
        return 1...max(1, count)
    }()

    @Test(
        "after any faults the store holds what the server holds, and no object ever vanished or went back",
        .timeLimit(.minutes(2)), arguments: seeds)
    func converges(_ seed: UInt64) async throws {
        var random = SplitMix64(seed: seed)
        let server = ModelServer(seed: seed &* 31)
        let recorder = StoreRecorder()
        let laws = Laws(server)
        let pageSize = random.number(1...4)
        let reflector = Reflector(
            kind: .namespace, source: server,
            settings: ReflectorSettings(pageSize: pageSize, silence: nil), clock: HastyClock(), wallClock: { 0 },
            random: SplitMix64(seed: seed),
            deliver: { events in
                recorder.deliver(events)
                laws.check(events, recorder)
                await Task.yield()
            },
            notice: recorder.note)
        for number in 0..<random.number(0...9) { server.change { $0.put("n\(number)", isReadable: true) } }
        let streams = !random.oneIn(3)
        server.change {
            $0.streams = streams
            $0.faultRate = 4
        }
        let task = Task { try await reflector.run() }
        for _ in 0..<300 {
            Self.disturb(server, &random)
            for _ in 0..<random.number(0...6) { await Task.yield() }
        }
        server.change {
            $0.faultRate = 0
            $0.streams = true
            $0.put("last", isReadable: true)
        }
        let wanted = server.objects
        await recorder.wait { store in
            wanted.allSatisfy { name, stored in
                !stored.isReadable
                    || store.snapshot[ModelServer.State.reference(name)] == ModelServer.State.object(name, stored)
            } && store.snapshot.namespaces.keys.allSatisfy { wanted[$0.name] != nil } && store.isSynced
        }
        task.cancel()
        _ = await task.result
        #expect(laws.broken == [], "seed \(seed)")
    }

    static func disturb(_ server: ModelServer, _ random: inout SplitMix64) {
        let name = "n\(random.number(0...11))"
        switch random.number(0...19) {
        case 0...8:
            let isReadable = !random.oneIn(6)
            server.change { $0.put(name, isReadable: isReadable) }
        case 9...12: server.change { $0.remove(name) }
        case 13...14: server.change { $0.bookmark() }
        case 15: server.change { $0.compact() }
        case 16...18:
            let end = random.pick(ModelServer.State.WatchFault.allCases)
            server.change { $0.endWatches(end) }
        default:
            let rate = random.pick([0, 2, 4, 10])
            server.change { $0.faultRate = rate }
        }
    }
}

/// Looks at each delivery.
private final class Laws: Sendable {
    private struct State {
        var versions: [String: UInt64] = [:]
        var uids: [String: String] = [:]
        var isListing = false
        var broken: [String] = []
    }

    private let server: ModelServer
    private let state = Mutex(State())
    init(_ server: ModelServer) { self.server = server }

    var broken: [String] { state.withLock { $0.broken } }

    func check(_ events: [StoreEvent], _ recorder: StoreRecorder) {
        let (objects, askedAt) = server.state.withLock { ($0.objects, $0.listAskedAt) }
        let snapshot = recorder.state.withLock { $0.store.snapshot }
        state.withLock { state in
            for event in events { Self.check(event, &state) }
            // What is there now under the same uid was there all the time.
            for (name, uid) in state.uids where snapshot[ModelServer.State.reference(name)] == nil {
                if objects[name]?.uid == uid { state.broken.append("\(name) vanished though it is there") }
                state.uids[name] = nil
                state.versions[name] = nil
            }
            guard events.contains(.synced(.namespace)) else { return }
            for (name, stored) in objects where stored.isReadable && stored.version <= askedAt {
                if snapshot[ModelServer.State.reference(name)] == nil {
                    state.broken.append("synced without \(name)")
                }
            }
        }
    }

    private static func check(_ event: StoreEvent, _ state: inout State) {
        switch event {
        case .reset: state.isListing = true
        case .synced: state.isListing = false
        case .set(let object):
            let name = object.metadata.name
            let version = UInt64(object.metadata.resourceVersion) ?? 0
            if let known = state.versions[name], version < known || version == known && !state.isListing {
                state.broken.append("\(name) went from \(known) to \(version)")
            }
            state.versions[name] = version
            state.uids[name] = object.metadata.uid
        default: break
        }
    }
}
