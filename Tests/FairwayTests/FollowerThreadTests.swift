import ClusterZone
import DNSServer
import DNSWire
import Dispatch
import KubernetesModel
import KubernetesModelTesting
import LinuxSystem
import ObjectStore
import Observability
import ServicePolicy
import ServiceTable
import Synchronization
import Testing

@testable import fairway

extension FairwayTests {
    /// Names are made beside the Services, which do not wait for them.
    @Suite struct FollowerThreadTests {
        /// A follower that takes its time with each step: until the test lets it go on.
        private final class Slow: Sendable {
            struct Step: Sendable, Equatable {
                var services: Set<String>
                var dirty: Set<String>
                var source: SourceState
            }

            private let begun = AsyncStream<Step>.makeStream()
            private let goOn = DispatchSemaphore(value: 0)

            func follow(_ snapshot: ClusterSnapshot, _ dirty: DirtyKeys, _ sources: SourceStates) {
                begun.continuation.yield(
                    Step(
                        services: Set(snapshot.services.keys.map(\.name)), dirty: Set(dirty.objects.map(\.key.name)),
                        source: sources.overall))
                // Bounded, so that a mistake fails the test and does not hold it up.
                _ = goOn.wait(timeout: .now() + 30)
            }

            func finish(_ steps: Int = 1) { for _ in 0..<steps { goOn.signal() } }

            /// The next step that was begun.
            func step() async -> Step? { await begun.stream.first { _ in true } }
        }

        private static func set(_ name: String, _ address: String) -> StoreEvent {
            .set(.service(.make(name, clusterIPs: [address])))
        }

        private static let kinds: Set<ObjectKind> = [.service, .endpointSlice]

        /// Runs a thread of this follower while `body` runs.
        private func with(_ slow: Slow, _ body: (FollowerThread) async throws -> Void) async throws {
            let thread = FollowerThread(named: "names") { snapshot, dirty, sources, _ in slow.follow(snapshot, dirty, sources) }
            let running = Task { try await thread.run() }
            let result: Result<Void, any Error>
            do { result = .success(try await body(thread)) } catch { result = .failure(error) }
            slow.finish(100)
            running.cancel()
            try await running.value
            try result.get()
        }

        @Test("what comes while the follower is at work is one step when it is done", .timeLimit(.minutes(1)))
        func merging() async throws {
            let slow = Slow()
            try await with(slow) { thread in
                var store = ObjectStore(expecting: [])
                func apply(_ events: StoreEvent...) {
                    let dirty = store.apply(events)
                    thread.follow(store.snapshot, dirty, store.sources)
                }
                apply(Self.set("a", "10.96.0.1"))
                let first = await slow.step()
                #expect(first == Slow.Step(services: ["a"], dirty: ["a"], source: .connected))
                apply(Self.set("b", "10.96.0.2"))
                apply(Self.set("c", "10.96.0.3"), .delete(Service.make("a").object.reference))
                apply(.source(.lost(since: 7), of: .service))
                slow.finish()
                let second = await slow.step()
                #expect(second == Slow.Step(services: ["b", "c"], dirty: ["a", "b", "c"], source: .lost(since: 7)))
                slow.finish()
                apply(Self.set("d", "10.96.0.4"))
                let third = await slow.step()
                #expect(third == Slow.Step(services: ["b", "c", "d"], dirty: ["d"], source: .lost(since: 7)))
            }
        }

        @Test("a step that waits at the end is handed on before it", .timeLimit(.minutes(1)))
        func end() async throws {
            let slow = Slow()
            let thread = FollowerThread(named: "names") { snapshot, dirty, sources, _ in slow.follow(snapshot, dirty, sources) }
            var store = ObjectStore(expecting: [])
            for name in ["a", "b"] {
                let dirty = store.apply([Self.set(name, "10.96.0.1")])
                thread.follow(store.snapshot, dirty, store.sources)
            }
            slow.finish(2)
            let running = Task { try await thread.run() }
            running.cancel()
            try await running.value
            let step = await slow.step()
            #expect(step?.services == ["a", "b"])
        }

        @Test("Services are decided while names are made", .timeLimit(.minutes(1)))
        func services() async throws {
            let slow = Slow()
            try await with(slow) { thread in
                let decided = Mutex<[[String]]>([])
                let engine = Engine(
                    feed: ClusterFeed(.fromSlices, expecting: Self.kinds),
                    options: PolicyOptions(nodeName: "node-a"), adoptedOrder: AdoptedOrder(), hostAddresses: [],
                    metrics: DaemonMetrics(prometheus: PrometheusMetrics(catalog: MetricCatalog.all)),
                    nameKinds: [.namespace], followNames: { thread.follow($0, $1, $2) }
                ) { change in
                    decided.withLock { $0.append(change.changed.map(\.id.service)) }
                }
                engine.apply([Self.set("a", "10.96.0.1")] + Self.kinds.map(StoreEvent.synced))
                engine.apply([.synced(.namespace)])
                let first = await slow.step()
                #expect(first?.dirty == ["a"])
                engine.apply([Self.set("b", "10.96.0.2")])
                engine.apply([Self.set("c", "10.96.0.3")])
                let steps = decided.withLock { $0 }
                #expect(steps == [["a"], ["b"], ["c"]])
                slow.finish()
                let second = await slow.step()
                #expect(second?.services == ["a", "b", "c"] && second?.dirty == ["b", "c"])
            }
        }

        /// A clock that stands still the first time that it is asked: while names are made, for their serial is a time.
        private final class StandingClock: Sendable {
            private let isFirst = Atomic(true)
            private let asked = AsyncStream<Void>.makeStream()
            private let goOn = DispatchSemaphore(value: 0)

            func seconds() -> Int64 {
                if isFirst.exchange(false, ordering: .relaxed) {
                    asked.continuation.yield()
                    _ = goOn.wait(timeout: .now() + 30)
                }
                return 1_700_000_000
            }

            func wasAsked() async { for await _ in asked.stream { return } }

            func finish() { goOn.signal() }
        }

        @Test("who asks about the names does not wait while they are made", .timeLimit(.minutes(1)))
        func readiness() async throws {
            let clock = StandingClock()
            let domain = try #require(DomainName("cluster.local."))
            let dns = DNSEngine(settings: ZoneSettings(domain: domain), maximumStaleness: nil, clock: { clock.seconds() })
            var store = ObjectStore(expecting: [])
            let dirty = store.apply([Self.set("a", "10.96.0.1")])
            let (snapshot, sources) = (store.snapshot, store.sources)
            async let made: Void = DedicatedThread.run(named: "names") { dns.apply(snapshot, dirty, sources) }
            await clock.wasAsked()
            let (meanwhile, none) = (dns.readiness, dns.publisher.zone.nameCount)
            #expect(meanwhile.zone == .unsynced && meanwhile.age == .infinity && none == 0)
            clock.finish()
            try await made
            let (after, all) = (dns.readiness, dns.publisher.zone.nameCount)
            #expect(after.zone == .synced && after.age == 0 && all > 0)
        }
    }
}
