internal import NetworkTypes

/// An IPv4 or IPv6 address and no name.
func isAddress(_ host: String) -> Bool { IPAddress(host) != nil }

/// An address of 4 or 16 bytes in network order.
func addressText(_ bytes: [UInt8]) -> String? { IPAddress(networkBytes: bytes).map { "\($0)" } }
