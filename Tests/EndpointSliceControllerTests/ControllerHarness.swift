import EndpointSliceController
import KubernetesModel
import ObjectStore
import Testing

/// A store and a controller that feeds its writes back, as the daemon wires them.
struct ControllerHarness {
    var store = ObjectStore()
    var controller: EndpointSliceController

    init(maxEndpointsPerSlice: Int = 100, skipsPodsOfUnknownNodes: Bool = false) {
        controller = EndpointSliceController(
            options: .init(
                reconciler: .init(
                    maxEndpointsPerSlice: maxEndpointsPerSlice, skipsPodsOfUnknownNodes: skipsPodsOfUnknownNodes)))
    }

    /// Applies events, then what the controller writes; fails when it then wants to write again.
    @discardableResult
    mutating func apply(_ events: [StoreEvent]) -> [StoreEvent] {
        let dirty = store.apply(events)
        let written = controller.update(snapshot: store.snapshot, dirty: dirty)
        let fedBack = store.apply(written)
        let again = controller.update(snapshot: store.snapshot, dirty: fedBack)
        #expect(again.isEmpty, "the controller's own writes are no change")
        return written
    }

    @discardableResult
    mutating func set(_ objects: KubernetesObject...) -> [StoreEvent] {
        apply(objects.map(StoreEvent.set))
    }

    @discardableResult
    mutating func delete(_ kind: ObjectKind, _ name: String, namespace: String = "default") -> [StoreEvent] {
        apply([.delete(ObjectReference(kind: kind, key: ObjectKey(namespace: namespace, name: name)))])
    }

    /// Every slice of the store by key.
    var slices: [EndpointSlice] {
        store.snapshot.endpointSlices.values.sorted { $0.metadata.key < $1.metadata.key }
    }

    /// Names of the pods behind the endpoints of a Service.
    func podNames(_ service: String, namespace: String = "default") -> [String] {
        store.snapshot.slices(ofService: ObjectKey(namespace: namespace, name: service))
            .flatMap(\.endpoints).compactMap(\.targetRef?.name).sorted()
    }
}

extension [StoreEvent] {
    /// Names of the slices that were set.
    var setNames: [String] {
        compactMap { if case .set(let object) = $0 { object.metadata.name } else { nil } }
    }

    /// Names of the slices that were deleted.
    var deletedNames: [String] {
        compactMap { if case .delete(let reference) = $0 { reference.key.name } else { nil } }
    }
}
