import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

extension FairwayTests {
    @Suite(.enabled(if: Requirement.root, "needs root"))
    struct SCTPTests {
        @Test(arguments: IPFamily.allCases)
        func `an INIT to the ClusterIP reaches the pod, its answer comes from the ClusterIP`(
            family: IPFamily
        ) async throws {
            try await FairwayNode.with { cluster, _ in
                let target = try Manifests.target(Manifests.sctpIP, family, Manifests.sctpPort)
                let (from, to) = (cluster.pods[0], cluster.pods[1])
                // The pod sees the other pod's own address: not masqueraded.
                let source = from.address(family)
                let server = try await to.namespace.inside { try SCTPSocket(peer: source) }
                // Joined to the ClusterIP, this socket hears no other sender.
                let client = try await from.namespace.inside { try SCTPSocket(peer: target.address) }
                let initiation = SCTPPacket(
                    source: 40_132, destination: Manifests.sctpPort, verificationTag: 0,
                    chunkType: SCTPPacket.initiation, initiateTag: 0x0A0B_0C0D)
                let arrived = try await DedicatedThread.run(named: "sctp") {
                    try client.send(initiation)
                    return try server.receive()
                }
                var expected = initiation
                expected.destination = Manifests.sctpTargetPort
                #expect(arrived == expected)

                let acknowledgement = SCTPPacket(
                    source: Manifests.sctpTargetPort, destination: 40_132, verificationTag: 0x0A0B_0C0D,
                    chunkType: SCTPPacket.acknowledgement, initiateTag: 0x0102_0304)
                let answered = try await DedicatedThread.run(named: "sctp") {
                    try server.send(acknowledgement)
                    return try client.receive()
                }
                var expectedAnswer = acknowledgement
                expectedAnswer.source = Manifests.sctpPort
                #expect(answered == expectedAnswer)
            }
        }
    }
}
