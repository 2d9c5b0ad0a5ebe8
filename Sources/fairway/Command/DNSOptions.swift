internal import ArgumentParser

/// Options of cluster DNS; `run` and `dns` share them.
struct DNSOptions: ParsableArguments {
    @Option(
        help: """
            Where DNS answers, ADDR:PORT, UDP and TCP; repeatable; port 0: a free one, which is logged \
            (default: run has no DNS, dns takes 127.0.0.1:5300).
            """)
    var dnsBindAddress: [String] = []

    @Option(help: "The cluster's domain.")
    var clusterDomain = "cluster.local"

    @Option(
        help: """
            Who is asked about other names, ADDR[:PORT] or tls://ADDR[:PORT][#NAME]; repeatable; none: nobody, \
            they are refused (default: the servers of /etc/resolv.conf).
            """)
    var dnsUpstream: [String] = []

    @Option(help: "A domain with servers of its own, DOMAIN=ADDR[:PORT][,ADDR...], as acme.local=10.0.0.5; repeatable.")
    var dnsStub: [String] = []

    @Option(
        help: """
            The cluster's DNS Service, NAMESPACE/NAME, as kube-system/kube-dns: on this node its ClusterIP is \
            answered at by Fairway itself.
            """)
    var dnsService: String?

    @Option(help: "An address to make local and answer at too, as 169.254.20.10; repeatable.")
    var dnsLocalAddress: [String] = []

    @Option(help: "Names of pods: insecure (any address), verified (addresses of live pods) or disabled.")
    var dnsPods = "insecure"

    @Option(parsing: .unconditional, help: "Seconds that answers may be kept, 0 to 3600.")
    var dnsTtl = 30

    @Option(parsing: .unconditional, help: "Seconds that \"no such name\" may be kept, 0 to 3600.")
    var dnsNegativeTtl = 5

    @Option(parsing: .unconditional, help: "Memory for forwarded answers, as 32Mi; 0: they are not kept.")
    var dnsCacheSize = "16Mi"

    @Flag(help: "Walk the search path of a pod of this node for it, in one answer.")
    var dnsAutopath = false

    @Flag(help: "Answer questions of type ANY with HINFO (RFC 8482) instead of no data.")
    var dnsAnyHinfo = false

    @Option(help: "The only namespaces that have names, a comma-separated list (default: all).")
    var dnsNamespaces: String?

    @Option(help: "The only namespaces that have names, a label selector of Namespaces (default: all).")
    var dnsNamespaceSelector: String?

    @Option(help: "The only Services that have names, a label selector (default: all).")
    var dnsLabels: String?

    @Option(parsing: .unconditional, help: "Threads that answer UDP, 1 to 256 (default: one for each processor).")
    var dnsWorkers: Int?

    @Flag(help: "Log every question, a line each.")
    var dnsQueryLog = false

    @Option(parsing: .unconditional, help: "Answers \"no such name\" that one client gets in a second; 0: any number.")
    var dnsNxdomainRate = 0

    @Option(help: "Where CoreDNS's /health answers, as :8080 or ADDR (then at port 8080); empty: nowhere.")
    var dnsHealthBindAddress = ""

    @Option(help: "Where CoreDNS's /ready answers, as :8181 or ADDR (then at port 8181); empty: nowhere.")
    var dnsReadyBindAddress = ""

    @Option(help: "Where CoreDNS's /metrics answers, as :9153 or ADDR (then at port 9153); empty: nowhere.")
    var dnsMetricsBindAddress = ""

    @Option(parsing: .unconditional, help: "Not ready when the data is older than this, as 10m; 0: however old it is.")
    var dnsMaxStaleness = "0"
}
