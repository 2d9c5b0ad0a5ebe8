internal import Glibc
internal import LinuxSystem
internal import Netlink

/// Why an address could not be made local, in one line that an operator can act on.
package struct LocalAddressError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        /// /dev/net/tun is missing, or cannot be opened from here: nothing can be local in this process.
        case noTunDevice
        /// CAP_NET_ADMIN is missing in this network namespace.
        case permission
        /// The kernel refused something; what was asked for may hold in part.
        case refused
    }

    package let code: Code
    package let doing: String
    package let cause: String

    init(_ code: Code, doing: String, cause: String) {
        self.code = code
        self.doing = doing
        self.cause = cause
    }

    package var description: String { "\(doing): \(cause)" }
}

extension LocalAddressError {
    init(_ error: SystemError) {
        let advice: String? =
            switch error.errno.rawValue {
            case ENOENT:
                "; give the container the node's \(TunInterface.devicePath), or make it: mknod \(TunInterface.devicePath) c 10 200"
            case ENODEV, ENXIO: "; load the module: modprobe tun"
            case EPERM, EACCES:
                "; the process needs CAP_NET_ADMIN, and its container the device \(TunInterface.devicePath) (c 10:200 rw)"
            default: nil
            }
        let isOpening = error.operation.hasPrefix("open ")
        let isPermission = !isOpening && [EPERM, EACCES].contains(error.errno.rawValue)
        self.init(
            isPermission ? .permission : .noTunDevice, doing: "own an interface for local addresses",
            cause: "\(error)\(advice ?? "")")
    }

    init(_ error: NetlinkError, doing: String) {
        self.init(error.code == .permission ? .permission : .refused, doing: doing, cause: error.description)
    }
}
