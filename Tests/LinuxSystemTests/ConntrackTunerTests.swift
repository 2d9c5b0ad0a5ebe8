import LinuxSystem
import NetworkNamespaceTesting
import Testing

@Suite("Settings of connection tracking")
struct ConntrackTunerTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var change: @Sendable (inout ConntrackSettings) -> Void = { _ in }
        var processors = 8
        var current: [ConntrackSetting: Int] = [:]
        let expected: [ConntrackWrite]
    }

    /// As a kernel with the default options already has it.
    private static let settled: [ConntrackSetting: Int] = [
        .max: 262_144, .hashSize: 65_536, .tcpEstablishedTimeout: 86_400, .tcpCloseWaitTimeout: 3_600,
        .tcpBeLiberal: 0, .udpTimeout: 30, .udpStreamTimeout: 120,
    ]

    private static func with(_ changes: [ConntrackSetting: Int]) -> [ConntrackSetting: Int] {
        settled.merging(changes) { _, new in new }
    }

    static let cases: [Case] = [
        Case(testDescription: "nothing differs", current: settled, expected: []),
        Case(
            testDescription: "a smaller table grows, and its hash with it",
            current: with([.max: 65_536, .hashSize: 16_384]),
            expected: [ConntrackWrite(.max, 262_144), ConntrackWrite(.hashSize, 65_536)]),
        Case(
            testDescription: "few processors: the minimum holds", processors: 2,
            current: with([.max: 1_000, .hashSize: 250]),
            expected: [ConntrackWrite(.max, 131_072), ConntrackWrite(.hashSize, 32_768)]),
        Case(
            testDescription: "a larger table of an administrator's is not taken back, and gets buckets for its size",
            current: with([.max: 1_000_000]), expected: [ConntrackWrite(.hashSize, 250_000)]),
        Case(
            testDescription: "a larger hash is not taken back", current: with([.max: 1_000, .hashSize: 1 << 20]),
            expected: [ConntrackWrite(.max, 262_144)]),
        Case(
            testDescription: "0 a processor leaves table and hash alone", change: { $0.maxPerCore = 0 },
            current: with([.max: 10, .hashSize: 10]), expected: []),
        Case(
            testDescription: "the minimum counts past the processors", change: { $0.minimum = 500_000 },
            current: settled, expected: [ConntrackWrite(.max, 500_000), ConntrackWrite(.hashSize, 125_000)]),
        Case(
            testDescription: "no product overflows", change: { $0.maxPerCore = .max },
            current: with([.max: 1, .hashSize: 1 << 30]), expected: [ConntrackWrite(.max, Int(Int32.max))]),
        Case(
            testDescription: "timeouts are written when they differ, larger or smaller",
            current: with([.tcpEstablishedTimeout: 432_000, .tcpCloseWaitTimeout: 60]),
            expected: [ConntrackWrite(.tcpEstablishedTimeout, 86_400), ConntrackWrite(.tcpCloseWaitTimeout, 3_600)]),
        Case(
            testDescription: "0 leaves timeouts alone",
            change: {
                $0.tcpEstablishedTimeout = 0
                $0.tcpCloseWaitTimeout = 0
            },
            current: with([.tcpEstablishedTimeout: 1, .tcpCloseWaitTimeout: 1]), expected: []),
        Case(
            testDescription: "what is asked for beyond the defaults",
            change: {
                $0.tcpBeLiberal = true
                $0.udpTimeout = 10
                $0.udpStreamTimeout = 60
            }, current: settled,
            expected: [
                ConntrackWrite(.tcpBeLiberal, 1), ConntrackWrite(.udpTimeout, 10), ConntrackWrite(.udpStreamTimeout, 60),
            ]),
        Case(
            testDescription: "an administrator's be_liberal is not taken back", current: with([.tcpBeLiberal: 1]),
            expected: []),
        Case(testDescription: "what cannot be read is left alone", current: [:], expected: []),
    ]

    @Test("what is written follows from the options and from what is set", arguments: cases)
    func plan(_ item: Case) {
        var settings = ConntrackSettings()
        item.change(&settings)
        #expect(settings.writes(processors: item.processors, current: item.current) == item.expected)
    }

    private static let files = [
        "sys/net/netfilter/nf_conntrack_max": "65536\n", "parameters/hashsize": "16384\n",
        "sys/net/netfilter/nf_conntrack_tcp_timeout_established": "432000\n",
        "sys/net/netfilter/nf_conntrack_tcp_timeout_close_wait": "60\n",
    ]

    private func tuner(_ folder: SettingsFolder) -> ConntrackTuner {
        ConntrackTuner(sysctl: Sysctl(root: "\(folder.path)/sys"), parameters: "\(folder.path)/parameters")
    }

    @Test("a made folder is written to, and a second time nothing is")
    func apply() throws {
        let folder = try SettingsFolder(Self.files)
        let outcome = tuner(folder).apply(ConntrackSettings(), processors: 8)
        #expect(outcome.warnings == [])
        #expect(outcome.written.map(\.value) == [262_144, 65_536, 86_400, 3_600])
        #expect(try folder.text("sys/net/netfilter/nf_conntrack_max") == "262144\n")
        #expect(try folder.text("parameters/hashsize") == "65536\n")
        #expect(try folder.text("sys/net/netfilter/nf_conntrack_tcp_timeout_established") == "86400\n")
        #expect(tuner(folder).apply(ConntrackSettings(), processors: 8) == ConntrackTuner.Outcome())
    }

    @Test("a setting that is missing is a warning that names its file, and the others are written")
    func missingFile() throws {
        var files = Self.files
        files["parameters/hashsize"] = nil
        let folder = try SettingsFolder(files)
        let outcome = tuner(folder).apply(ConntrackSettings(), processors: 8)
        #expect(outcome.warnings.count == 1)
        #expect(outcome.warnings.first?.contains("\(folder.path)/parameters/hashsize") == true)
        #expect(outcome.written.map(\.setting) == [.max, .tcpEstablishedTimeout, .tcpCloseWaitTimeout])
    }

    @Test("without the module one warning says so")
    func missingModule() throws {
        let folder = try SettingsFolder([:])
        let outcome = tuner(folder).apply(ConntrackSettings(), processors: 8)
        #expect(outcome.written == [])
        #expect(outcome.warnings.count == 1)
        #expect(outcome.warnings.first?.contains("is the module nf_conntrack loaded?") == true)
    }

    @Test(
        "in a network namespace the table's size is read-only, which is a warning, and timeouts are written",
        .enabled(if: Requirement.root, "needs root: makes a network namespace"))
    func namespace() async throws {
        let network = TestNetwork()
        defer { network.close() }
        let folder = try SettingsFolder(["hashsize": "65536\n"])
        let parameters = folder.path
        let namespace = try network.addNamespace("tuned")
        let rules = "add table ip t; add chain ip t c { type nat hook output priority 0; }"
        // Has the module loaded.
        #expect(try await namespace.run(["nft", rules]).status.isSuccess)
        let (outcome, established) = try await namespace.inside {
            var settings = ConntrackSettings()
            settings.minimum = 1_999_999_999
            let outcome = ConntrackTuner(parameters: parameters).apply(settings, processors: 1)
            return (outcome, try Sysctl().readInteger("net.netfilter.nf_conntrack_tcp_timeout_established"))
        }
        #expect(outcome.warnings.count == 1)
        #expect(outcome.warnings.first?.contains("/proc/sys/net/netfilter/nf_conntrack_max") == true)
        #expect(established == 86_400)
        #expect(try folder.text("hashsize") == "65536\n")
    }
}
