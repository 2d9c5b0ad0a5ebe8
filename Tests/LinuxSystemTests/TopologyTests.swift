import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

@Suite("Namespaces of tests", .enabled(if: Requirement.root, "needs root: makes network namespaces"))
struct TopologyTests {
    @Test("pods see each other's own addresses", arguments: IPFamily.allCases)
    func podToPod(_ family: IPFamily) async throws {
        let echo = try await EchoFixture.start(["--tcp", "8080", "--udp", "8080"])
        defer { echo.close() }
        let client = echo.topology.pods[1].address(family)
        for transport in ["tcp", "udp"] {
            let output = try await echo.client(["connect", transport, echo.target(family, 8080)])
            #expect(output.status.isSuccess, "\(output)")
            let text = SocketAddress(client, port: 0).description.dropLast()
            #expect(output.standardOutput.hasPrefix("echo-0 local=\(echo.target(family, 8080)) client=\(text)"))
        }
    }

    @Test("the node reaches pods from its pod-side address", arguments: IPFamily.allCases)
    func nodeToPod(_ family: IPFamily) async throws {
        let echo = try await EchoFixture.start(pods: 1, ["--tcp", "8080"])
        defer { echo.close() }
        let output = try await echo.topology.node.run([echo.program, "connect", "tcp", echo.target(family, 8080)])
        let text = SocketAddress(ServiceTopology.podGateway(family), port: 0).description.dropLast()
        #expect(output.standardOutput.hasPrefix("echo-0 local=\(echo.target(family, 8080)) client=\(text)"), "\(output)")
    }

    @Test("a pod reaches the client outside, which has no route to pods", arguments: IPFamily.allCases)
    func clientHasNoPodRoutes(_ family: IPFamily) async throws {
        let echo = try await EchoFixture.start(pods: 1, ["--tcp", "8080"])
        defer { echo.close() }
        let output = try await echo.topology.client.run([echo.program, "connect", "tcp", echo.target(family, 8080)])
        #expect(output.standardOutput == "unreachable\n")
    }

    // Hairpin works because the reply of a pod to itself passes the node, which translates it back.

    @Test("a pod behind a translated address reaches itself", .enabled(if: Requirement.tool("nft"), "needs nft"))
    func hairpin() async throws {
        let echo = try await EchoFixture.start(["--tcp", "8080"])
        defer { echo.close() }
        let topology = echo.topology
        let rules = """
            table ip demo {
              chain in {
                type nat hook prerouting priority -100;
                ip daddr 10.96.0.10 tcp dport 80 dnat to 10.244.0.10:8080
              }
              chain out {
                type nat hook postrouting priority 100;
                ct status dnat ip saddr 10.244.0.10 ip daddr 10.244.0.10 masquerade
              }
            }
            table ip6 demo {
              chain in {
                type nat hook prerouting priority -100;
                ip6 daddr fd00:10:96::10 tcp dport 80 dnat to [fd00:10:244::10]:8080
              }
              chain out {
                type nat hook postrouting priority 100;
                ct status dnat ip6 saddr fd00:10:244::10 ip6 daddr fd00:10:244::10 masquerade
              }
            }
            """
        let loaded = try await topology.node.run(["nft", "-f", "-"], input: rules)
        try #require(loaded.status.isSuccess, "\(loaded)")
        for (target, gateway) in [("10.96.0.10:80", "10.244.0.1:"), ("[fd00:10:96::10]:80", "[fd00:10:244::1]:")] {
            let itself = try await topology.pods[0].namespace.run([echo.program, "connect", "tcp", target])
            #expect(itself.standardOutput.contains("client=\(gateway)"), "\(itself)")
            let neighbour = try await echo.client(["connect", "tcp", target])
            #expect(neighbour.status.isSuccess, "\(neighbour)")
            #expect(!neighbour.standardOutput.contains("client=\(gateway)"))
            let outside = try await topology.client.run([echo.program, "connect", "tcp", target])
            #expect(outside.standardOutput.hasPrefix("echo-0 "), "\(outside)")
        }
    }

    @Test("closing removes namespaces and ends what runs in them")
    func closing() async throws {
        let network = TestNetwork()
        defer { network.close() }
        let namespace = try network.addNamespace("one")
        let process = try namespace.start(["sleep", "1000"])
        network.close()
        #expect(try await process.waitForExit() == .signalled(9))
        let list = try await DedicatedThread.run(named: "list") {
            try ProcessRequest(path: "/bin/ls", arguments: ["/run/netns"]).collectOutput()
        }
        #expect(!list.standardOutput.split(separator: "\n").contains { $0 == namespace.name })
    }

    @Test("a line that never comes is an error that tells what was printed")
    func missingLine() async throws {
        let network = TestNetwork()
        defer { network.close() }
        let namespace = try network.addNamespace("one")
        let process = try namespace.start(["sh", "-c", "echo one; echo two >&2; exec sleep 1000"])
        try await process.waitForLine(containing: "two")
        let late = await #expect(throws: TestSupportError.self) {
            try await process.waitForLine(containing: "three", timeout: .milliseconds(50))
        }
        #expect(late?.description.contains("out of time") == true)
        process.terminate()
        #expect(try await process.waitForExit() == .signalled(15))
        let ended = await #expect(throws: TestSupportError.self) {
            try await process.waitForLine(containing: "three")
        }
        #expect(ended?.description.contains("the process ended with signal 15") == true)
        #expect(process.lines.sorted() == ["one", "two"])
    }
}
