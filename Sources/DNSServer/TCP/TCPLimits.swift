/// What the TCP server lets clients have. Every limit is counted where it turns somebody away or closes a connection.
package struct TCPLimits: Sendable, Hashable {
    /// Connections in all: each holds a descriptor and some KiB. At the limit the one that has been idle longest is
    /// closed for a newcomer; where none is idle, the newcomer is refused.
    package var connections = 512
    /// Connections of one address, so that one pod cannot take them all. At the limit this client's own oldest idle
    /// one makes room, else the newcomer is refused.
    package var connectionsPerClient = 128
    /// Queries of one connection that wait for other servers. At the limit nothing more is read from it.
    package var outstandingQueries = 128
    /// Bytes of answers that a connection's client has not taken yet. Beyond it no more queries are taken; answers that
    /// are on their way are still added.
    package var queuedBytes = 256 * 1024
    /// Bytes of one query: a name, a question and EDNS with padding need a tenth. A longer one closes the connection.
    package var queryBytes = 4096
    /// Bytes the kernel keeps of what a client sent ahead (SO_RCVBUF).
    package var receiveBufferBytes = 128 * 1024
    /// Connections that wait in the kernel to be accepted, of each listener.
    package var backlog = 1024
    /// Nil: any number. A connection that reaches it is closed when it is idle, never earlier.
    package var queriesPerConnection: Int?
    /// A connection without anything outstanding is closed so long after its last query or answer (RFC 7766 section
    /// 6.2.3). Bytes that make no whole query do not prolong it.
    package var idleTimeout: Duration = .seconds(10)
    /// A new connection's first query has to come within this time.
    package var firstQueryTimeout: Duration = .seconds(3)
    /// A client that takes nothing of its answers for so long is cut off.
    package var writeTimeout: Duration = .seconds(5)
    /// While the server stops, a connection is closed once it has been idle for so long: queries on their way when the
    /// stop began are answered.
    package var stopQuiet: Duration = .milliseconds(50)
    /// A connection closed by the server waits so long for the client's own end, so that answers on their way are not
    /// cut off by a reset (RFC 1122 section 4.2.2.13).
    package var linger: Duration = .seconds(1)

    package init() {}
}
