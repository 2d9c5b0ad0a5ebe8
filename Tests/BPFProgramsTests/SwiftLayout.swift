import CBPFMaps
import Testing

/// A struct of fairway_maps.h as Swift has it.
struct SwiftLayout: Sendable, CustomTestStringConvertible {
    let name: String
    let size: Int
    let offsets: [(name: String, offset: Int?)]

    var testDescription: String { name }

    init<T>(_ name: String, _ type: T.Type, _ offsets: KeyValuePairs<String, PartialKeyPath<T>>) {
        self.name = name
        size = MemoryLayout<T>.size
        self.offsets = offsets.map { (name: $0.key, offset: MemoryLayout<T>.offset(of: $0.value)) }
    }
}

let swiftLayouts: [SwiftLayout] = [
    SwiftLayout(
        "fw_address", fw_address.self,
        ["words": \.words]),
    SwiftLayout(
        "fw_prefix", fw_prefix.self,
        ["length": \.length, "address": \.address]),
    SwiftLayout(
        "fw_frontend_key", fw_frontend_key.self,
        ["address": \.address, "port": \.port, "protocol": \.protocol, "zero": \.zero]),
    SwiftLayout(
        "fw_frontend", fw_frontend.self,
        ["service": \.service, "sources": \.sources, "verdicts": \.verdicts, "zero": \.zero]),
    SwiftLayout(
        "fw_set_key", fw_set_key.self,
        ["service": \.service, "scope": \.scope]),
    SwiftLayout(
        "fw_backend_set", fw_backend_set.self,
        ["table": \.table, "slot_count": \.slot_count, "affinity_seconds": \.affinity_seconds,
            "affinity_owner": \.affinity_owner, "scheduler": \.scheduler, "zero": \.zero]),
    SwiftLayout(
        "fw_slot_key", fw_slot_key.self,
        ["table": \.table, "index": \.index]),
    SwiftLayout(
        "fw_backend", fw_backend.self,
        ["address": \.address, "port": \.port, "weight": \.weight, "flags": \.flags, "service": \.service]),
    SwiftLayout(
        "fw_load", fw_load.self,
        ["connections": \.connections]),
    SwiftLayout(
        "fw_source_key", fw_source_key.self,
        ["length": \.length, "sources": \.sources, "address": \.address]),
    SwiftLayout(
        "fw_interface", fw_interface.self,
        ["ipv4": \.ipv4, "ipv6": \.ipv6, "flags": \.flags, "zero": \.zero]),
    SwiftLayout(
        "fw_settings", fw_settings.self,
        ["schema": \.schema, "detect": \.detect, "node_namespace": \.node_namespace, "ipv4": \.ipv4,
            "ipv6": \.ipv6, "first_port": \.first_port, "last_port": \.last_port,
            "is_filtered": \.is_filtered, "range_ipv4": \.range_ipv4, "mask_ipv4": \.mask_ipv4,
            "range_ipv6": \.range_ipv6, "mask_ipv6": \.mask_ipv6, "tcp_established_seconds": \.tcp_established_seconds, "tcp_opening_seconds": \.tcp_opening_seconds,
            "tcp_closing_seconds": \.tcp_closing_seconds, "udp_seconds": \.udp_seconds,
            "generation": \.generation, "zero": \.zero]),
    SwiftLayout(
        "fw_affinity_key", fw_affinity_key.self,
        ["owner": \.owner, "client": \.client]),
    SwiftLayout(
        "fw_affinity", fw_affinity.self,
        ["backend": \.backend, "zero": \.zero, "seen": \.seen]),
    SwiftLayout(
        "fw_sibling_key", fw_sibling_key.self, ["service": \.service, "address": \.address]),
    SwiftLayout(
        "fw_tuple", fw_tuple.self,
        ["source": \.source, "destination": \.destination, "source_port": \.source_port,
            "destination_port": \.destination_port, "protocol": \.protocol, "zero": \.zero]),
    SwiftLayout(
        "fw_connection", fw_connection.self,
        ["becomes": \.becomes, "forward": \.forward, "seen": \.seen, "opened": \.opened, "node": \.node,
            "service": \.service, "backend": \.backend, "flags": \.flags, "role": \.role, "state": \.state,
            "generation": \.generation]),
    SwiftLayout(
        "fw_fragment_key", fw_fragment_key.self,
        ["source": \.source, "destination": \.destination, "identification": \.identification,
            "protocol": \.protocol, "zero": \.zero]),
    SwiftLayout(
        "fw_fragment", fw_fragment.self,
        ["source_port": \.source_port, "destination_port": \.destination_port, "zero": \.zero, "seen": \.seen]),
    SwiftLayout(
        "fw_socket", fw_socket.self,
        ["frontend": \.frontend, "peer": \.peer, "frontend_port": \.frontend_port, "peer_port": \.peer_port,
            "protocol": \.protocol, "zero": \.zero, "namespace_cookie": \.namespace_cookie, "opened": \.opened,
            "service": \.service, "backend": \.backend, "flags": \.flags, "flow_count": \.flow_count]),
    SwiftLayout(
        "fw_socket_flow_key", fw_socket_flow_key.self,
        ["cookie": \.cookie, "address": \.address, "port": \.port, "kind": \.kind, "zero": \.zero]),
    SwiftLayout(
        "fw_socket_flow", fw_socket_flow.self,
        ["address": \.address, "port": \.port, "flags": \.flags, "backend": \.backend, "service": \.service,
            "number": \.number, "generation": \.generation]),
    SwiftLayout(
        "fw_counters", fw_counters.self,
        ["connections": \.connections, "packets_in": \.packets_in, "packets_out": \.packets_out,
            "bytes_in": \.bytes_in, "bytes_out": \.bytes_out]),
    SwiftLayout(
        "fw_sweep", fw_sweep.self,
        ["now": \.now, "older_than": \.older_than, "most": \.most, "spares": \.spares,
            "gone_backend": \.gone_backend, "backend": \.backend, "zero": \.zero, "change": \.change, "ages": \.ages,
            "established": \.established, "entries": \.entries, "ended": \.ended]),
]
