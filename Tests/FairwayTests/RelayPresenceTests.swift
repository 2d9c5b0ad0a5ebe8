import NetworkNamespaceTesting
import Testing

@testable import fairway

extension FairwayTests {
    /// Who relays what packets are redirected for.
    @Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces"))
    struct RelayPresenceTests {
        @Test func `as many are known as the limit says, and a name is free again when its holder goes`() async throws {
            let network = TestNetwork()
            defer { network.close() }
            let counts = try await network.addNamespace("node").inside {
                var counts = [RelayPresence.present().count]
                var held = (0..<RelayPresence.limit).map { _ in RelayPresence() }
                counts += [held.count(where: \.isKnown), RelayPresence.present().count]
                counts.append(RelayPresence().isKnown ? 1 : 0)
                held.removeFirst(3)
                counts.append(RelayPresence.present().count)
                held.removeAll()
                return counts + [RelayPresence.present().count]
            }
            #expect(counts == [0, RelayPresence.limit, RelayPresence.limit, 0, RelayPresence.limit - 3, 0])
        }
    }
}
