import CNetfilter
import NetworkTypes

extension NetlinkWriter {
    /// An attribute of 16 bits in network order.
    mutating func put(_ type: Int, networkOrder16 value: UInt16) {
        put(type, [UInt8(value >> 8), UInt8(truncatingIfNeeded: value)])
    }

    /// CTA_TUPLE_ORIG or CTA_TUPLE_REPLY.
    mutating func put(_ type: ctattr_type, _ tuple: ConntrackTuple, _ protocol: TransportProtocol) {
        let nest = beginNest(Int(type.rawValue))
        let isV4 = tuple.source.family == .ipv4
        let ip = beginNest(Int(CTA_TUPLE_IP.rawValue))
        put(Int((isV4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC).rawValue), tuple.source.networkBytes)
        put(Int((isV4 ? CTA_IP_V4_DST : CTA_IP_V6_DST).rawValue), tuple.destination.networkBytes)
        endNest(at: ip)
        let transport = beginNest(Int(CTA_TUPLE_PROTO.rawValue))
        put(Int(CTA_PROTO_NUM.rawValue), [`protocol`.rawValue])
        put(Int(CTA_PROTO_SRC_PORT.rawValue), networkOrder16: tuple.sourcePort)
        put(Int(CTA_PROTO_DST_PORT.rawValue), networkOrder16: tuple.destinationPort)
        endNest(at: transport)
        endNest(at: nest)
    }
}

extension ConntrackEntry {
    /// Reads the attributes of IPCTNL_MSG_CT_NEW; nil for protocols without a place here.
    init?(_ payload: RawSpan) {
        var original: (tuple: ConntrackTuple, protocol: TransportProtocol)?
        var reply: (tuple: ConntrackTuple, protocol: TransportProtocol)?
        var status: UInt32 = 0
        var id: UInt32 = 0
        var timeout: UInt32 = 0
        var zone: UInt16 = 0
        payload.forEachAttribute(from: NetlinkWriter.netfilterHeaderBytes) { type, value in
            switch UInt32(type) {
            case CTA_TUPLE_ORIG.rawValue: original = value.conntrackTuple
            case CTA_TUPLE_REPLY.rawValue: reply = value.conntrackTuple
            case CTA_STATUS.rawValue: status = value.networkUInt32 ?? 0
            case CTA_ID.rawValue: id = value.networkUInt32 ?? 0
            case CTA_TIMEOUT.rawValue: timeout = value.networkUInt32 ?? 0
            case CTA_ZONE.rawValue: zone = value.networkUInt16 ?? 0
            default: break
            }
        }
        guard let original, let reply else { return nil }
        self.init(
            original.protocol, original: original.tuple, reply: reply.tuple, status: ConntrackStatus(rawValue: status),
            id: id, timeoutSeconds: timeout, zone: zone)
    }
}

extension RawSpan {
    fileprivate var networkUInt16: UInt16? { integer(at: 0, as: UInt16.self)?.bigEndian }

    /// An address from 4 or 16 bytes, without an array of them: a dump reads four for each entry.
    fileprivate var ipAddress: IPAddress? {
        switch byteCount {
        case 4:
            return networkUInt32.map { IPAddress(v4: $0) }
        case 16:
            guard let high = integer(at: 0, as: UInt64.self), let low = integer(at: 8, as: UInt64.self) else { return nil }
            return IPAddress(bits: UInt128(high.bigEndian) << 64 | UInt128(low.bigEndian), family: .ipv6)
        default:
            return nil
        }
    }

    /// The attributes inside CTA_TUPLE_ORIG or CTA_TUPLE_REPLY.
    fileprivate var conntrackTuple: (tuple: ConntrackTuple, protocol: TransportProtocol)? {
        var source: IPAddress?
        var destination: IPAddress?
        var transport: TransportProtocol?
        var sourcePort: UInt16 = 0
        var destinationPort: UInt16 = 0
        forEachAttribute { type, value in
            switch UInt32(type) {
            case CTA_TUPLE_IP.rawValue:
                value.forEachAttribute { kind, address in
                    switch UInt32(kind) {
                    case CTA_IP_V4_SRC.rawValue, CTA_IP_V6_SRC.rawValue: source = address.ipAddress
                    case CTA_IP_V4_DST.rawValue, CTA_IP_V6_DST.rawValue: destination = address.ipAddress
                    default: break
                    }
                }
            case CTA_TUPLE_PROTO.rawValue:
                value.forEachAttribute { kind, number in
                    switch UInt32(kind) {
                    case CTA_PROTO_NUM.rawValue:
                        transport = number.integer(at: 0, as: UInt8.self).flatMap { TransportProtocol(rawValue: $0) }
                    case CTA_PROTO_SRC_PORT.rawValue: sourcePort = number.networkUInt16 ?? 0
                    case CTA_PROTO_DST_PORT.rawValue: destinationPort = number.networkUInt16 ?? 0
                    default: break
                    }
                }
            default: break
            }
        }
        guard let source, let destination, let transport else { return nil }
        return (
            ConntrackTuple(
                source: source, sourcePort: sourcePort, destination: destination, destinationPort: destinationPort),
            transport
        )
    }
}
