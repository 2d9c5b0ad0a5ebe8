internal import LinuxSystem

/// Limits and times of the relay. Every one that is reached has a counter in `RelayStatistics`.
package struct RelayConfiguration: Sendable {
    /// Threads, each with its own sockets; 0: one for each processor that the process may use.
    package var workers = 0
    /// Times that a backend may take to answer a connection, one attempt after the other (kube-proxy's userspace mode). A
    /// backend that refuses takes no time; the last one that is left has all that remain.
    package var connectTimeouts: [Duration] = [.milliseconds(250), .milliseconds(500), .seconds(1), .seconds(2)]
    /// Backends that are tried for one connection, so that a service whose backends all refuse ends soon.
    package var backendLimit = 64
    /// Written to every socket (SO_MARK), so that the redirection leaves what it sends alone and knows its connections; 0:
    /// none. Other than 0 needs CAP_NET_ADMIN.
    package var mark: UInt32 = 0
    /// Connections of all workers (that may be exceeded by one for each further worker). At it listening stops, and goes
    /// on when nine tenths are left. Clients wait in the kernel's queues meanwhile.
    ///
    /// A connection takes two descriptors, and two more for each direction in which whole buffers move. Beside the
    /// kernel's socket buffers it has some 500 bytes, and for each direction whose receiver does not keep up either one
    /// buffer of 32 KiB or one pipe, which holds at most 512 KiB.
    package var connectionLimit = 1 << 17
    /// Pipes of all workers, two descriptors each, in equal shares; beyond it what moves in whole buffers is copied.
    package var pipeLimit = 1 << 18
    /// How long listening stops at most when descriptors or kernel memory ran out and nothing of the relay was closed
    /// since: others may have closed something.
    package var starvationPause: Duration = .seconds(1)
    /// A silent peer is asked whether it is still there after so many seconds, then so often, and given up after so many
    /// questions without an answer.
    package var keepAliveIdleSeconds: Int32 = 60
    package var keepAliveIntervalSeconds: Int32 = 15
    package var keepAliveProbes: Int32 = 4
    /// Sockets of backends get keep-alive at this age, when all are looked at, which is as often: most end before and need
    /// no system calls for it. Those of clients have it from the beginning.
    package var keepAliveAfter: Duration = .seconds(10)
    /// UDP sessions of all workers, each of which has an equal share; beyond it the one idle for longest ends. The kernel
    /// gives each session a port, so that net.ipv4.ip_local_port_range is a limit too, with the same outcome.
    package var sessionLimit = 1 << 17
    /// UDP sessions of one client address, in equal shares too; beyond it its oldest idle one ends.
    package var sessionsPerClientLimit = 1 << 12
    /// A UDP session without datagrams ends after this.
    package var sessionIdleTimeout: Duration = .seconds(60)
    /// A backend that refuses so many times in a row rests; 0: never.
    package var restAfterFailures = 0
    package var restTime: Duration = .seconds(10)

    package init() {}

    /// Threads that there are with this.
    package var workerCount: Int { workers > 0 ? workers : ProcessorCount.available }
}
