internal import BPF
internal import Dataplane
internal import LinuxSystem
internal import Netlink

extension DataplaneError {
    init(_ error: BPFError, doing: String) {
        let code: Code =
            switch error.code {
            case .permission: .permission
            case .unsupported, .rejected: .unsupported
            default: .refused
            }
        self.init(code, doing: doing, cause: error.description)
    }

    init(_ error: NetlinkError, doing: String) {
        self.init(error.code == .permission ? .permission : .refused, doing: doing, cause: error.description)
    }

    init(_ error: SystemError, doing: String) { self.init(error.errno, doing: doing, cause: error.description) }

    init(_ error: Errno, doing: String) { self.init(error, doing: doing, cause: error.description) }

    private init(_ errno: Errno, doing: String, cause: String) {
        self.init(Errno.noPermission.contains(errno) ? .permission : .refused, doing: doing, cause: cause)
    }

    /// Of any of the modules below.
    init(_ error: any Error, doing: String) {
        switch error {
        case let error as DataplaneError: self = error
        case let error as BPFError: self.init(error, doing: doing)
        case let error as NetlinkError: self.init(error, doing: doing)
        case let error as SystemError: self.init(error, doing: doing)
        case let error as Errno: self.init(error, doing: doing)
        default: self.init(.refused, doing: doing, cause: "\(error)")
        }
    }
}

extension Errno {
    fileprivate static let noPermission: Set<Errno> = [Errno(rawValue: 1), Errno(rawValue: 13)]
}

/// Runs `body`, whatever it throws, as something that a dataplane does.
func dataplane<T: ~Copyable>(_ doing: @autoclosure () -> String, _ body: () throws -> T) throws(DataplaneError) -> T {
    do { return try body() } catch { throw DataplaneError(error, doing: doing()) }
}
