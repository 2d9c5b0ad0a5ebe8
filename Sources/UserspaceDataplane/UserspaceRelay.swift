package import Dataplane
package import LinuxSystem
package import Relay
package import ServiceTable
internal import Synchronization

/// The relay of this process and what it is asked for, shared by the dataplane that keeps them in step with the Services
/// and by those who show what they do.
package final class UserspaceRelay: Sendable {
    package let table: RelayTable
    package let engine: RelayEngine
    private let places = Mutex<[FrontendKey: [SocketAddress]]>([:])

    /// Starts the relay's threads, in the network namespace of the calling one.
    ///
    /// - Parameter drainSeconds: how long connections of a backend that has gone may go on; nil: until they end.
    package init(
        _ settings: UserspaceSettings, _ configuration: RelayConfiguration = RelayConfiguration(), drainSeconds: Int? = nil
    ) throws(DataplaneError) {
        var configuration = configuration
        // Without privilege no socket may have a mark, and nothing is redirected.
        configuration.mark = settings.binding == .redirect ? settings.marks.own : 0
        let table = RelayTable(
            configuration, drainSeconds: drainSeconds, answersReturn: settings.binding == .redirect)
        self.table = table
        do throws(SystemError) {
            engine = try RelayEngine(configuration, directory: table)
        } catch {
            throw DataplaneError(.refused, doing: "start the relay", cause: "\(error)")
        }
        let engine = engine
        table.notify { [weak engine] in engine?.backendsChanged() }
    }

    deinit { engine.finish(within: .zero) }

    /// Where each frontend is served when frontends are bound; empty when packets are redirected.
    package var boundPlaces: [FrontendKey: [SocketAddress]] { places.withLock { $0 } }

    func publish(_ places: [FrontendKey: [SocketAddress]]) { self.places.withLock { $0 = places } }
}
