import NodeConfiguration
import Testing

struct WritingTests {
    /// What is in force, field by field.
    private func inForce(_ document: ConfigurationDocument) -> [String: ConfigurationValue] {
        Dictionary(document.schema.fields.map { ($0.path, document[$0.path]) }, uniquingKeysWith: { $1 })
    }

    @Test(arguments: [
        kubeProxyHead, Samples.kubeadm, fairwayHead,
        kubeProxyHead + """
            mode: ipvs
            featureGates: {A: true, "B b": false}
            hostnameOverride: "yes"
            nodePortAddresses: [10.0.0.0/8, "::/0"]
            ipvs: {scheduler: lc, excludeCIDRs: [10.0.0.0/8]}
            clientConnection: {qps: 7.25}
            logging: {vmodule: [{filePattern: "a\\"b", verbosity: 3}], options: {text: {infoBufferSize: "0"}}, verbosity: 2}
            conntrack: {udpTimeout: 1500ms}

            """,
        fairwayHead + "manifests: [a, \"b: c\"]\nclusterCidr: 10.0.0.0/8\ndnsTtl: 5\nverbose: true\nebpfInterfaces: veth*\ndnsStub: ['a=1']\n",
    ])
    func `what is written is read as the same`(text: String) throws {
        let original = try document(text)
        let again = try document(original.yaml)
        #expect(inForce(again) == inForce(original))
        #expect(again.strayFields == [])
        #expect(again.yaml == original.yaml)
    }

    @Test func `defaults are written out`() throws {
        let text = ConfigurationDocument(schema: .kubeProxy).yaml
        for line in [
            "apiVersion: kubeproxy.config.k8s.io/v1alpha1\n", "\nkind: KubeProxyConfiguration\n", "\niptables:\n  masqueradeBit: 14\n",
            "\nbindAddress: \"0.0.0.0\"\n", "\nmode: \"\"\n", "\n  tcpEstablishedTimeout: 24h0m0s\n", "\nnodePortAddresses: []\n",
            "\nfeatureGates: {}\n",
        ] { #expect(text.contains(line), "\(line)") }
    }

    @Test(arguments: [
        (["--cluster-cidr=10.0.0.0/8", "--proxy-mode=nftables", "--masquerade-all", "--iptables-sync-period=1m", "--v=2"], "KubeProxyConfiguration",
            ["clusterCIDR": "10.0.0.0/8", "mode": "nftables", "nftables.masqueradeAll": true, "nftables.syncPeriod": "1m0s", "logging.verbosity": 2]),
        (["--proxy-mode=ipvs", "--ipvs-scheduler=lc", "--nodeport-addresses=10.0.0.0/8,11.0.0.0/8", "--feature-gates=A=true,B=false"], "KubeProxyConfiguration",
            ["mode": "ipvs", "ipvs.scheduler": "lc", "nodePortAddresses": ["10.0.0.0/8", "11.0.0.0/8"],
             "featureGates": .map(["A": true, "B": false])]),
        (["--manifests=a", "--manifests=b", "--dns-ttl=7", "--masquerade-all"], "FairwayConfiguration",
            ["manifests": ["a", "b"], "dnsTtl": 7, "masqueradeAll": true]),
        ([], "KubeProxyConfiguration", [:]),
    ] as [([String], String, [String: ConfigurationValue])])
    func `flags become a configuration that says the same`(
        arguments: [String], kind: String, values: [String: ConfigurationValue]
    ) throws {
        let document = ConfigurationDocument(FlagList(arguments))
        #expect(document.schema.kind == kind)
        #expect(document.values == values)
    }
}
