internal import KubernetesClient
internal import KubernetesModel
internal import KubernetesWire
internal import ObjectStore

extension SlicePublisher {
    /// Writes what one Service's slices lack; what fails is tried again later.
    func publish(_ service: ObjectKey) async {
        do {
            if settings.batchPeriod > .zero { try await pause(settings.batchPeriod) }
            for key in sliceKeys(of: service) { try await publish(slice: key, of: service) }
            failures[service] = nil
        } catch {
            await failed(service, error)
        }
    }

    /// In the order of ``SliceWrite/order``.
    private func sliceKeys(of service: ObjectKey) -> [ObjectKey] {
        func order(_ key: ObjectKey) -> Int {
            (try? SliceWrite(from: known[key], to: store.snapshot.endpointSlices[key]))??.order ?? 0
        }
        return (pending[service] ?? []).map { (order($0), $0) }.sorted(by: <).map(\.1)
    }

    /// Everything is looked up at the last moment: while another slice was written, this one may have changed.
    private func publish(slice key: ObjectKey, of service: ObjectKey) async throws {
        guard let write = try SliceWrite(from: known[key], to: store.snapshot.endpointSlices[key]) else {
            return written(key, of: service)
        }
        let resource = APIResource(.endpointSlice)
        do {
            switch write {
            case .create(let slice):
                let stored = try await writer.create(slice, resource, namespace: key.namespace)
                take(stored, of: service)
                notice(.created(stored))
            case .patch(_, let patch):
                let stored = try await writer.patch(EndpointSlice.self, resource, key, mergePatch: patch)
                take(stored, of: service)
                notice(.updated(stored))
            case .delete(let slice):
                try await writer.delete(
                    resource, key, uid: slice.metadata.uid, resourceVersion: slice.metadata.resourceVersion)
                written(key, of: service)
                known[key] = nil
                notice(.deleted(slice))
            }
        } catch let status as APIStatus where status.isNotFound && write.isDelete {
            written(key, of: service)
            known[key] = nil
        } catch let status as APIStatus where status.isNotFound && write.isCreate {
            // The namespace is gone, and its Services go with it.
            written(key, of: service)
        } catch let status as APIStatus where status.isConflict || status.alreadyExists || status.isNotFound {
            try await readAgain(key)
            throw status
        }
    }

    /// What a write answered with. Meanwhile more may have been wanted of the slice.
    private func take(_ stored: EndpointSlice, of service: ObjectKey) {
        let key = stored.metadata.key
        let wanted = store.snapshot.endpointSlices[key]
        written(key, of: service)
        take([.set(.endpointSlice(stored))], overwriting: wanted.map { [$0] } ?? [])
    }

    private func written(_ key: ObjectKey, of service: ObjectKey) {
        pending[service]?.remove(key)
        if pending[service]?.isEmpty == true { pending[service] = nil }
    }

    /// Somebody else wrote: what the API has now is taken for what is known, and decided upon anew.
    private func readAgain(_ key: ObjectKey) async throws {
        do {
            let slice = try await writer.get(EndpointSlice.self, APIResource(.endpointSlice), key)
            take([.set(.endpointSlice(slice))])
        } catch let status as APIStatus where status.isNotFound {
            take([.delete(ObjectReference(kind: .endpointSlice, key: key))])
        }
    }

    private func failed(_ service: ObjectKey, _ error: any Error) async {
        guard !Task.isCancelled else { return }
        let count = (failures[service] ?? 0) + 1
        failures[service] = count
        let delay = settings.delay(afterFailures: count)
        if let object = store.snapshot.services[service] { notice(.failed(object, "\(error)", retryAfter: delay)) }
        // Not the worker's time: others go on.
        Task { [pause] in
            try? await pause(delay)
            self.retry(service)
        }
    }

    private func retry(_ service: ObjectKey) {
        guard pending[service] != nil else { return }
        queue.add(service)
        wake()
    }
}

extension SliceWrite {
    var isCreate: Bool { if case .create = self { true } else { false } }
    var isDelete: Bool { if case .delete = self { true } else { false } }
}
