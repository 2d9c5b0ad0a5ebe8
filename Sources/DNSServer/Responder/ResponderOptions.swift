/// How a server answers beside what its zone says.
package struct ResponderOptions: Sendable, Hashable {
    /// Other names are handed to a forwarder, and RA is set in every answer (RFC 1035 section 4.1.1).
    package var offersRecursion = false
    /// Bytes of the largest UDP message sent and advertised: fits IPv6's smallest link with its headers, so that
    /// nothing is fragmented (DNS flag day 2020).
    package var payloadLimit: UInt16 = 1232
    /// QTYPE ANY is answered with HINFO (RFC 8482 section 4.2). False: as a type the name does not have.
    package var answersAnyWithHINFO = false
    /// CH TXT `version.bind` and `version.server`; nil: REFUSED, as everything else of other classes is.
    package var versionText: String?
    /// CH TXT `hostname.bind` and `id.server`.
    package var identityText: String?
    /// NXDOMAIN answers over UDP that one client gets; nil: all.
    package var nameErrorLimit: NameErrorLimit?
    /// One of so many queries is looked at for `ServerStatistics.top`; 0: none.
    package var sampleInterval = 64
    /// Pods of this node get the answer of their whole search path; nil: nobody does.
    package var autopath: Autopath?
    /// Gets a line for each query; nil: no log.
    package var queryLog: QueryLog?

    package init() {}
}
