import DNSTesting
import DNSWire
import KubernetesModel
import ManifestSource
import NetworkTypes
import Testing

extension DNSCasesTests {
    /// The rows themselves, without anything that answers.
    @Suite struct RowTests {
        @Test func `every row can be read`() throws {
            let files = try CaseFolder.files()
            #expect(files.count > 10)
            #expect(files.flatMap(\.faults) == [])
            for file in files { #expect(file.rows.count > 0, "\(file.name)") }
        }

        @Test func `rows do not contradict each other`() throws {
            for table in try CaseFolder.tables() {
                let contradictions = table.contradictions()
                #expect(contradictions == [], "\(table)")
            }
        }

        @Test func `contradictions are found`() throws {
            let rows = CaseFile(
                name: "wrong",
                text: """
                    cluster main
                    == Wrong
                    a.svc NXDOMAIN
                    b.a.svc A 10.0.0.1
                    c.svc SRV 0 50 80 d.svc
                    e.svc CNAME f.svc
                      A 10.0.0.2
                    """)
            #expect(rows.faults == [])
            let found = CaseTable(settings: rows.settings, rows: rows.rows, outside: []).contradictions()
            #expect(found.count == 5, "\(found)")
        }

        @Test(arguments: [
            "a.svc", "  A 1.2.3", "a.svc A 10.0.0.1 10.0.0.2", "a.svc NODATA\n  NXDOMAIN", "a.svc NODATA\n  A 10.0.0.1",
            "a..svc A 10.0.0.1", "a.svc QQ 1",
        ])
        func `what is no row is a fault`(text: String) throws {
            let file = CaseFile(name: "wrong", text: "cluster main\n== Rule\nok.svc NODATA\n\(text)\n")
            #expect(file.faults.count > 0)
        }

        @Test func `every cluster's manifests are right`() throws {
            for cluster in try CaseFolder.clusters() {
                for path in try CaseFolder.manifests(cluster) {
                    let contents = ManifestContents(path: path, bytes: Array(try CaseFolder.text(path).utf8))
                    #expect(contents.faults.map { "\($0)" } == [])
                    #expect(contents.objects.count > 0)
                }
            }
        }

        @Test func `every Service of a cluster has a row`() throws {
            for table in try CaseFolder.tables() where table.settings == defaults(table.settings.cluster) {
                for path in try CaseFolder.manifests(table.settings.cluster) {
                    let contents = ManifestContents(path: path, bytes: Array(try CaseFolder.text(path).utf8))
                    for case .service(let service) in contents.objects.map(\.object) {
                        let metadata = service.metadata
                        let name = DomainName("\(metadata.name).\(metadata.namespace).svc.cluster.local.")
                        #expect(name.flatMap { table.row($0) } != nil, "\(metadata.namespace)/\(metadata.name)")
                    }
                }
            }
        }

        private func defaults(_ cluster: String) -> CaseSettings {
            var settings = CaseSettings()
            settings.cluster = cluster
            return settings
        }
    }
}
