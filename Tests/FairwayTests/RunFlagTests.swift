import FoundationEssentials
import LinuxSystem
import NetworkNamespaceTesting
import NodeConfiguration
import Testing

extension FairwayTests {
    /// The table of flags, and the command's parser.
    @Suite(.enabled(if: Requirement.root, "needs root")) struct RunFlagTests {
        /// As `--experimental-dump-help` has it (ArgumentParserToolInfo).
        private struct Dump: Decodable {
            struct Command: Decodable {
                var commandName: String
                var arguments: [Argument]?
                var subcommands: [Command]?
            }
            struct Argument: Decodable {
                struct Name: Decodable {
                    var kind: String
                    var name: String
                }
                var kind: String
                var isRepeating: Bool
                var names: [Name]?
                var defaultValue: String?
            }
            var command: Command
        }

        private func arguments() async throws -> [String: Dump.Argument] {
            let network = TestNetwork()
            defer { network.close() }
            let output = try await network.addNamespace("cli").run([try productPath("fairway"), "--experimental-dump-help"])
            let dump = try JSONDecoder().decode(Dump.self, from: Data(output.standardOutput.utf8))
            let run = try #require(dump.command.subcommands?.first { $0.commandName == "run" })
            var found: [String: Dump.Argument] = [:]
            for argument in run.arguments ?? [] {
                for name in argument.names ?? [] where name.kind == "long" { found[name.name] = argument }
            }
            return found
        }

        @Test func `every flag of run is in the table, of its kind and with its default`() async throws {
            let known = try await arguments()
            let table = Dictionary(RunFlag.all.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
            #expect(table.count == RunFlag.all.count)
            let inverted = Set(table.values.filter(\.isInvertible).map { "no-\($0.name)" })
            #expect(Set(known.keys).subtracting(inverted) == Set(table.keys))
            for (name, argument) in known where !inverted.contains(name) {
                let flag = try #require(table[name])
                #expect((argument.kind == "flag") == (flag.kind == .toggle), "\(name)")
                #expect(argument.isRepeating == (flag.kind == .repeatable), "\(name)")
                guard flag.role == .option, flag.kind != .toggle, flag.kind != .repeatable else { continue }
                let standard = flag.standard == .number(5) ? "5.0" : flag.standard?.flagText ?? ""
                #expect(argument.defaultValue ?? "" == standard, "\(name)")
            }
        }

        @Test func `every flag of kube-proxy is taken`() async throws {
            let known = Set(try await arguments().keys)
            // As `kube-proxy --help` of 1.36 lists them, those of Windows left out.
            let flags = """
                bind-address bind-address-hard-fail cleanup cluster-cidr config config-sync-period conntrack-max-per-core
                conntrack-min conntrack-tcp-be-liberal conntrack-tcp-timeout-close-wait conntrack-tcp-timeout-established
                conntrack-udp-timeout conntrack-udp-timeout-stream detect-local-mode feature-gates healthz-bind-address
                healthz-port help hostname-override init-only iptables-localhost-nodeports iptables-masquerade-bit
                iptables-min-sync-period iptables-sync-period ipvs-exclude-cidrs ipvs-min-sync-period ipvs-scheduler
                ipvs-strict-arp ipvs-sync-period ipvs-tcp-timeout ipvs-tcpfin-timeout ipvs-udp-timeout kube-api-burst
                kube-api-content-type kube-api-qps kubeconfig log-flush-frequency log-json-info-buffer-size
                log-json-split-stream log-text-info-buffer-size log-text-split-stream logging-format masquerade-all master
                metrics-bind-address metrics-port nodeport-addresses oom-score-adj pod-bridge-interface
                pod-interface-name-prefix profiling proxy-mode show-hidden-metrics-for-version vmodule version
                write-config-to
                """.split(whereSeparator: \.isWhitespace).map(String.init)
            #expect(Set(flags).subtracting(known) == [])
        }
    }
}
