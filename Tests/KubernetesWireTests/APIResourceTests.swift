import KubernetesModel
import KubernetesWire
import Testing

@Suite("Resources of the API")
struct APIResourceTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var resource: APIResource
        var namespace = ""
        var name = ""
        var path: String
        var testDescription: String { path }
    }

    @Test(
        "a resource knows the paths of its collection and of its objects",
        arguments: [
            Case(resource: APIResource(.service), path: "/api/v1/services"),
            Case(resource: APIResource(.service), namespace: "ns", path: "/api/v1/namespaces/ns/services"),
            Case(
                resource: APIResource(.endpointSlice), namespace: "ns", name: "web-x",
                path: "/apis/discovery.k8s.io/v1/namespaces/ns/endpointslices/web-x"),
            Case(resource: APIResource(.node), namespace: "ns", name: "n1", path: "/api/v1/nodes/n1"),
            Case(resource: APIResource(.serviceCIDR), path: "/apis/networking.k8s.io/v1/servicecidrs"),
            Case(resource: .leases, namespace: "a", name: "b", path: "/apis/coordination.k8s.io/v1/namespaces/a/leases/b"),
        ])
    func paths(_ row: Case) {
        let path = row.resource.path(namespace: row.namespace, name: row.name)
        #expect(path == row.path)
    }

    @Test("every kind has a resource of its own kind and version", arguments: ObjectKind.allCases)
    func kinds(_ kind: ObjectKind) {
        let resource = APIResource(kind)
        #expect(resource.kind == kind.rawValue)
        #expect(resource.apiVersion == kind.apiVersion)
        #expect(resource.isNamespaced == kind.isNamespaced)
    }
}
