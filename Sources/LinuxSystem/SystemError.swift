/// A refused system call together with what it was for.
package struct SystemError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was being done and to what, such as `listen on [::]:80`.
    package let operation: String
    package let errno: Errno

    package init(_ operation: String, _ errno: Errno) {
        self.operation = operation
        self.errno = errno
    }

    /// `cannot listen on [::]:80: Address already in use`
    package var description: String { "cannot \(operation): \(errno)" }
}

/// Runs `body` and says what it was for when the kernel refuses.
package func attempting<T: ~Copyable>(
    _ operation: @autoclosure () -> String, _ body: () throws(Errno) -> T
) throws(SystemError) -> T {
    do {
        return try body()
    } catch {
        throw SystemError(operation(), error)
    }
}
