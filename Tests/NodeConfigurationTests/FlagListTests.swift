import NodeConfiguration
import Testing

struct FlagListTests {
    @Test(arguments: [
        (["-v=2"], ["--verbosity=2"]), (["-v", "2"], ["--verbosity=2"]), (["--v", "4"], ["--verbosity=4"]),
        (["--v=4"], ["--verbosity=4"]), (["-v4"], ["--verbosity=4"]), (["-v"], ["--verbose"]),
        (["-v", "--cleanup"], ["--verbose", "--cleanup"]), (["--masquerade-all=true"], ["--masquerade-all"]),
        (["--masquerade-all=false"], []), (["--masquerade-all", "--masquerade-all=f"], []),
        (["--masquerade-all=maybe"], ["--masquerade-all=maybe"]),
        (["--iptables-localhost-nodeports=false"], ["--no-iptables-localhost-nodeports"]),
        (["--cluster_cidr", "10.0.0.0/8"], ["--cluster-cidr=10.0.0.0/8"]), (["--oom-score-adj", "-999"], ["--oom-score-adj=-999"]),
        (["--nodeport-addresses", "10.0.0.0/8", "--nodeport-addresses=11.0.0.0/8"], ["--nodeport-addresses=10.0.0.0/8,11.0.0.0/8"]),
        (["--manifests", "a", "--manifests=b"], ["--manifests=a", "--manifests=b"]),
        (["--master", "--kubeconfig", "x"], ["--master", "--kubeconfig=x"]),
        (["--bogus", "x", "--cleanup"], ["--bogus", "x", "--cleanup"]), (["--state-dir", ""], ["--state-dir", ""]), (["--state-dir="], ["--state-dir", ""]),
        (["--", "--cluster_cidr"], ["--", "--cluster_cidr"]), (["-h"], ["-h"]),
    ])
    func `flags are written as the parser wants them`(given: [String], arguments: [String]) {
        #expect(FlagList(given).arguments == arguments)
    }

    private static let given = FlagList([
        "--config", "f", "--cluster-cidr=10.0.0.0/8", "--hostname-override=a", "-v=3", "--master=https://x", "--cleanup",
        "--iptables-sync-period=1m", "--manifests=m", "--dns-bind-address=127.0.0.1:53", "--masquerade-all", "--vmodule=a=1",
    ])

    @Test func `kube-proxy's file goes before kube-proxy's flags, and leaves Fairway's own alone`() throws {
        let precedence = FlagPrecedence(Self.given, beside: try document(kubeProxyHead))
        #expect(precedence.ignored == ["--cluster-cidr", "--iptables-sync-period", "--masquerade-all"])
        #expect(
            precedence.held == [
                "--config=f", "--hostname-override=a", "--verbosity=3", "--master=https://x", "--cleanup", "--manifests=m",
                "--dns-bind-address=127.0.0.1:53", "--vmodule=a=1",
            ])
        #expect(
            precedence.warning(path: "f") == "f decides: ignored --cluster-cidr, --iptables-sync-period, --masquerade-all")
    }

    @Test func `Fairway's file goes before every flag that says the same`() throws {
        let precedence = FlagPrecedence(Self.given, beside: try document(fairwayHead))
        #expect(
            precedence.held == [
                "--config=f", "--hostname-override=a", "--verbosity=3", "--master=https://x", "--cleanup", "--vmodule=a=1",
            ])
        #expect(FlagPrecedence(FlagList(["--config=f"]), beside: try document(fairwayHead)).warning(path: "f") == nil)
    }
}
