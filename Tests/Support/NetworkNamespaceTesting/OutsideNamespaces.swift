internal import LinuxSystem

/// Runs `body` with the calling thread in the process's own network namespace, as its main thread is.
///
/// For what a thread inside a namespace tells tasks: to resume one may start a thread of the pool, which
/// stays in the namespace of the thread that started it, and takes tests of others with it.
package func outsideNamespaces(_ body: () -> Void) throws {
    try NetworkNamespace(opening: "/proc/self/ns/net").visit(body)
}
