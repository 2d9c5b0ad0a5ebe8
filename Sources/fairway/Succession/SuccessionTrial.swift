internal import BPFDataplane
internal import Dataplane
internal import LinuxSystem
internal import NftablesDataplane
internal import Observability
internal import UserspaceDataplane

/// What a successor tries before its predecessor is asked to end, so that one that cannot work leaves that one alone.
///
/// Nothing is changed, and nothing is held: what is free now may be taken by somebody else the moment after. What the kernel
/// says to each Service's rules is not tried, nor whether it has memory for them.
struct SuccessionTrial: Sendable {
    let configuration: Daemon.Configuration

    /// Blocks.
    ///
    /// - Throws: `CommandFailure` with the reason, in the words in which a start without a predecessor would end.
    func run() throws(CommandFailure) {
        let predecessor = try DaemonLock.predecessor()
        do throws(DataplaneError) { try tryDataplane() } catch { throw Self.failure("\(error)", predecessor) }
        do throws(ListenError) {
            for page in pages { try PageTrial(address: page, predecessor: predecessor).run() }
            try tryAdminSocket(predecessor)
        } catch { throw Self.failure("\(error)", predecessor) }
    }

    private static func failure(_ text: String, _ predecessor: Int32?) -> CommandFailure {
        .failed(text + (predecessor.map { "; the fairway run of pid \($0) is left alone" } ?? ""))
    }

    private var pages: [ListenAddress] {
        let dns = configuration.dns
        return [configuration.healthz, configuration.metrics, dns?.health, dns?.ready, dns?.metrics].compactMap(\.self)
    }

    private func tryDataplane() throws(DataplaneError) {
        switch configuration.mode {
        case .nftables:
            var dataplane = try NftablesDataplane()
            // A table of a newer version is found here.
            _ = try dataplane.adoptOrder()
        case .ebpf: try BPFDataplane.rehearse(configuration.ebpf)
        case .userspace: try UserspaceDataplane.rehearse(configuration.userspace.settings)
        }
    }

    private func tryAdminSocket(_ predecessor: Int32?) throws(ListenError) {
        let path = configuration.adminSocket
        guard !path.isEmpty else { return }
        try AdminServer.rehearse(path: path)
        let process: Int32?
        // Whoever cannot be asked may be the predecessor.
        do throws(Errno) { process = try UnixListener.process(at: path) } catch { return }
        guard let process, process > 0, process != predecessor else { return }
        throw ListenError(
            code: .socketInUse, flag: "--admin-socket", value: path,
            cause: "\(SocketOwners.name(of: process)) answers on this socket; stop it or give this one another path")
    }
}
