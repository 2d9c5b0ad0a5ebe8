internal import KubernetesConnection
internal import LinuxSystem
internal import Logging
internal import ManifestSource
internal import ObjectStore
internal import ServiceLifecycle
internal import ServicePolicy

/// Takes events in, of whatever source.
typealias EventSink = @Sendable ([StoreEvent]) -> Engine.Progress

extension ObjectSource {
    /// Brings everything, then what changes.
    ///
    /// - Parameters:
    ///   - contents: what of the objects in manifests is wanted.
    ///   - conflicts: of an API, for its events.
    ///   - report: gets what is wrong with the objects.
    func makeService(
        _ kinds: WatchedKinds, contents: ObjectContents = .all, report: ManifestReport, logger: Logger,
        conflicts: @escaping @Sendable (FrontendConflict, _ holder: String) -> Void = { _, _ in },
        apply: @escaping EventSink
    ) throws -> any ServiceLifecycle.Service {
        switch self {
        case .manifests(let paths, let allocation):
            ManifestService(
                source: ManifestSource(paths: paths, allocation: allocation, contents: contents), report: report,
                logger: logger, apply: apply)
        case .api(let source):
            APISourceService(
                client: try source.makeClient(logger: logger), reflectors: source.reflectors, kinds: kinds,
                logger: logger, apply: apply, conflicts: conflicts)
        }
    }

    /// Brings everything once.
    ///
    /// - Throws: ``IncompleteSource`` when something cannot be read.
    func readOnce(_ kinds: WatchedKinds, logger: Logger, apply: @escaping EventSink) async throws {
        switch self {
        case .manifests(let paths, let allocation):
            let source = ManifestSource(paths: paths, allocation: allocation)
            let progress = try await DedicatedThread.run(named: "manifests") { apply(source.loadOnce().events) }
            guard progress.isSynced else { throw IncompleteSource(reason: "the manifests cannot all be read") }
        case .api(let source):
            let client = try source.makeClient(logger: logger)
            let service = APISourceService(
                client: client, reflectors: source.reflectors, kinds: kinds, logger: logger, apply: apply)
            do { try await service.readOnce() } catch {
                try? await client.shutdown()
                throw error
            }
            try await client.shutdown()
        }
    }
}

/// A source did not tell everything.
struct IncompleteSource: Error, CustomStringConvertible {
    var reason: String
    var description: String { reason }
}
