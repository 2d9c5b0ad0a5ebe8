import KubernetesModel
import KubernetesModelTesting
import KubernetesWire
import Testing

@Suite("Leases and events")
struct LeaseTests {
    static let lease = Lease(
        metadata: ObjectMeta(name: "fairway", namespace: "kube-system", resourceVersion: "12"), holderIdentity: "a",
        leaseDurationSeconds: 15, acquireTime: time("2026-01-02T03:04:05.000006Z"),
        renewTime: time("2026-01-02T03:04:05Z"), leaseTransitions: 2)

    @Test("a Lease is written as the API writes it, times with six digits")
    func json() throws {
        let body = try JSONBody.encode(Self.lease)
        let text = String(decoding: body, as: UTF8.self)
        #expect(text.contains(#""acquireTime":"2026-01-02T03:04:05.000006Z""#))
        #expect(text.contains(#""renewTime":"2026-01-02T03:04:05.000000Z""#))
        #expect(text.contains(#""apiVersion":"coordination.k8s.io/v1""#))
        let read = try JSONBody.decode(Lease.self, from: body.span)
        #expect(read == Self.lease)
    }

    @Test("digits past the sixth are dropped: the API server refuses them", arguments: WireFormat.allCases)
    func microseconds(_ format: WireFormat) throws {
        var lease = Self.lease
        lease.renewTime = time("2026-01-02T03:04:05.123456789Z")
        let encoder = ObjectEncoder(.leases, format: format)
        let body = encoder.object(try encoder.item(lease))
        let read =
            format == .json ? try JSONBody.decode(Lease.self, from: body.span) : try Lease(protobuf: body.span)
        lease.renewTime = time("2026-01-02T03:04:05.123456Z")
        #expect(read == lease)
    }

    @Test("a Lease that nobody holds keeps its empty holder")
    func released() throws {
        let lease = Lease(metadata: ObjectMeta(name: "a", namespace: "b"))
        let body = try JSONBody.encode(lease)
        #expect(String(decoding: body, as: UTF8.self).contains(#""holderIdentity":"""#))
        let read = try JSONBody.decode(Lease.self, from: body.span)
        #expect(read == lease)
        let bare = try JSONBody.decode(Lease.self, from: Array(#"{"metadata":{"name":"a","namespace":"b"}}"#.utf8).span)
        #expect(bare == lease)
    }

    @Test("an event is written and read whole, with and without a series")
    func event() throws {
        var event = APIEvent(
            metadata: ObjectMeta(name: "web.1", namespace: "shop"), eventTime: time("2026-01-02T03:04:05.5Z"),
            reportingController: "kubernetes.io/kube-proxy", reportingInstance: "kube-proxy-node-1", action: "Sync",
            reason: "FailedSync", regarding: .init(kind: "Service", namespace: "shop", name: "web"), note: "a\nb",
            type: .warning)
        for series in [nil, APIEvent.Series(count: 2, lastObservedTime: time("2026-01-02T03:05:05Z"))] {
            event.series = series
            let body = try JSONBody.encode(event)
            let text = String(decoding: body, as: UTF8.self)
            #expect(text.contains(#""eventTime":"2026-01-02T03:04:05.500000Z""#))
            #expect(text.contains(#""apiVersion":"events.k8s.io/v1""#))
            let read = try JSONBody.decode(APIEvent.self, from: body.span)
            #expect(read == event)
        }
    }
}
