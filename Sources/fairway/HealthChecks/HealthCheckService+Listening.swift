internal import Glibc
internal import KubernetesModel
internal import Logging
internal import Observability
internal import Synchronization

extension HealthCheckService {
    /// Serves one port until the task is cancelled, and tries for it as long as it is somebody else's.
    func listen(at socket: HealthCheckSocket) async {
        var pause = Limits.firstRetry
        while !Task.isCancelled {
            do {
                try await serve(at: socket)
                break
            } catch let error as ListenError {
                failed(at: socket, error)
            } catch {
                failed(at: socket, ListenError(code: .bindFailed(errno: nil), flag: "", value: "", cause: "\(error)"))
            }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, Limits.slowestRetry)
        }
        state.withLock { state in
            state.open.remove(socket)
            state.failed.remove(socket)
        }
    }

    /// - Throws: `ListenError`, also when as many ports are open as may be.
    private func serve(at socket: HealthCheckSocket) async throws {
        let hasPlace = state.withLock { state in
            guard state.served < limits.ports else { return false }
            state.served += 1
            return true
        }
        guard hasPlace else {
            throw ListenError(
                code: .bindFailed(errno: nil), flag: "healthCheckNodePort", value: "\(socket.port)",
                cause: "\(limits.ports) ports are open already, as many as the descriptors of this process allow")
        }
        defer { state.withLock { $0.served -= 1 } }
        try await server(at: socket).run()
    }

    private func server(at socket: HealthCheckSocket) -> ServiceHealthServer {
        ServiceHealthServer(
            address: socket.address, port: socket.port, sharing: connections, logger: logger,
            onBound: { _ in self.opened(socket) },
            health: {
                ServiceHealth(
                    namespace: socket.service.namespace, name: socket.service.name,
                    localEndpoints: self.state.withLock { $0.table.localEndpoints(at: socket) },
                    serviceProxyHealthy: self.isHealthy())
            })
    }

    private func opened(_ socket: HealthCheckSocket) {
        let hadFailed = state.withLock { state in
            state.open.insert(socket)
            return state.failed.remove(socket) != nil
        }
        logger.log(level: hadFailed ? .info : .debug, "\(socket) is open")
    }

    /// Told once, until the port was had in between.
    private func failed(at socket: HealthCheckSocket, _ error: ListenError) {
        let isPredecessors = error.code == .bindFailed(errno: EADDRINUSE) && ContinuousClock.now < patience
        if Task.isCancelled || isPredecessors { return }
        let isNew = state.withLock { state in
            state.open.remove(socket)
            return state.failed.insert(socket).inserted
        }
        guard isNew else { return }
        let failure = HealthCheckFailure(socket: socket, reason: error.cause)
        logger.warning("\(failure); it is tried again until it can be had")
        onFailure(failure)
    }
}
