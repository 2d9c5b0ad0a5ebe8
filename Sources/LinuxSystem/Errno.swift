import Glibc

/// An error number of the kernel (errno(3)), as a value.
package struct Errno: Error, Sendable, Hashable, RawRepresentable {
    package let rawValue: Int32

    package init(rawValue: Int32) { self.rawValue = rawValue }

    /// What the last failed call of this thread left behind.
    package static var current: Errno { Errno(rawValue: errno) }

    package static let wouldBlock = Errno(rawValue: EAGAIN)
    package static let inProgress = Errno(rawValue: EINPROGRESS)
    package static let connectionRefused = Errno(rawValue: ECONNREFUSED)
    package static let connectionReset = Errno(rawValue: ECONNRESET)
    package static let timedOut = Errno(rawValue: ETIMEDOUT)
    package static let hostUnreachable = Errno(rawValue: EHOSTUNREACH)
    package static let networkUnreachable = Errno(rawValue: ENETUNREACH)
    package static let addressNotAvailable = Errno(rawValue: EADDRNOTAVAIL)
    package static let familyNotSupported = Errno(rawValue: EAFNOSUPPORT)
    package static let noEntry = Errno(rawValue: ENOENT)
    package static let exists = Errno(rawValue: EEXIST)
    package static let tooManyOpenFiles = Errno(rawValue: EMFILE)
    package static let tooManyOpenFilesInSystem = Errno(rawValue: ENFILE)
    package static let noBuffers = Errno(rawValue: ENOBUFS)
    /// Of an epoll set: more watched descriptors than the user may have (epoll(7)).
    package static let noSpace = Errno(rawValue: ENOSPC)
    package static let noMemory = Errno(rawValue: ENOMEM)
    package static let brokenPipe = Errno(rawValue: EPIPE)
}

extension Errno {
    /// Descriptors or memory ran out, here or in the whole system: it may go well once something was closed.
    package var isWantOfResources: Bool {
        self == .tooManyOpenFiles || self == .tooManyOpenFilesInSystem || self == .noBuffers || self == .noMemory
            || self == .noSpace
    }
}

extension Errno: CustomStringConvertible {
    /// The text of strerror(3), such as `Connection refused`.
    package var description: String {
        var buffer = [UInt8](repeating: 0, count: 128)
        // SAFETY: at most `count` bytes with their NUL are written to memory borrowed for the call.
        unsafe buffer.withUnsafeMutableBytes { bytes in
            guard let base = unsafe bytes.bindMemory(to: CChar.self).baseAddress else { return }
            _ = unsafe strerror_r(rawValue, base, bytes.count)
        }
        let text = String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
        return text.isEmpty ? "errno \(rawValue)" : text
    }
}
