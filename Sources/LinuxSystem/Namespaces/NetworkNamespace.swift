private import CLinux
import Glibc

/// A handle on a network namespace, which stays alive for as long as its handle.
@safe package struct NetworkNamespace: ~Copyable, Sendable {
    package let descriptor: FileDescriptor

    /// The namespace of the calling thread (`/proc/thread-self`, not `self`: it is a thread's).
    package static func current() throws(Errno) -> NetworkNamespace {
        try NetworkNamespace(opening: currentPath)
    }

    /// The namespace behind a file such as `/run/netns/NAME` or `/proc/PID/ns/net`.
    package init(opening path: String) throws(Errno) {
        descriptor = try FileDescriptor(opening: path)
    }

    /// A new and empty namespace, whose only handle is the returned one.
    ///
    /// Made on a thread of its own, so that the caller stays where it is.
    package static func make() throws -> NetworkNamespace {
        let raw = try DedicatedThread.runBlocking(named: "make-netns") {
            try attempting("make a network namespace") { () throws(Errno) in
                try syscall("unshare") { clinux_unshare_network_namespace() }
                return try FileDescriptor(opening: currentPath).release()
            }
        }
        return NetworkNamespace(owning: FileDescriptor(owning: raw))
    }

    private init(owning descriptor: consuming FileDescriptor) {
        self.descriptor = descriptor
    }

    /// Moves the calling thread into the namespace. Only for a thread that belongs to the caller.
    package func enter() throws(Errno) {
        try syscall("setns") { clinux_enter_network_namespace(descriptor.rawValue) }
    }

    /// Runs `body` inside the namespace, on a fresh thread, and returns its result.
    package func inside<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        let raw = try attempting("duplicate a namespace handle") { () throws(Errno) in
            try descriptor.duplicate().release()
        }
        return try await DedicatedThread.run(named: "netns") {
            try NetworkNamespace(owning: FileDescriptor(owning: raw)).visit(body)
        }
    }

    /// As `inside`, and blocks the calling thread meanwhile. Not for the cooperative pool.
    package func insideBlocking<T: Sendable>(_ body: @escaping @Sendable () throws -> T) throws -> T {
        let raw = try attempting("duplicate a namespace handle") { () throws(Errno) in
            try descriptor.duplicate().release()
        }
        return try DedicatedThread.runBlocking(named: "netns") {
            try NetworkNamespace(owning: FileDescriptor(owning: raw)).visit(body)
        }
    }

    /// Runs `body` with the calling thread in this namespace, and takes the thread back to where it was.
    /// Only for a thread that belongs to the caller.
    package func visit<T>(_ body: () throws -> T) throws -> T {
        let home = try attempting("open the thread's network namespace") { () throws(Errno) in
            try NetworkNamespace.current().descriptor.duplicate().release()
        }
        try attempting("enter a network namespace") { () throws(Errno) in try enter() }
        let result = Result(catching: body)
        // Whoever the end of `body` wakes may start a thread from this one, which stays where this one is.
        try attempting("leave a network namespace") { () throws(Errno) in
            try NetworkNamespace(owning: FileDescriptor(owning: home)).enter()
        }
        return try result.get()
    }
}

/// The namespace of the thread that opens it.
private let currentPath = "/proc/thread-self/ns/net"
