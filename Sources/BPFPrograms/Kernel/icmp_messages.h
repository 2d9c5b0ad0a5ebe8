// ICMP and ICMPv6 messages: the kernel's own header of the first brings the C library's with it.
#pragma once

#include <linux/types.h>

// Both families' begin alike.
struct fw_icmp_header {
	__u8 type;
	__u8 code;
	__u16 checksum;
	__u32 rest; // unused, or what the type says
};

// RFC 792 and RFC 950.
enum fw_icmp_type {
	FW_ICMP_ECHO_REPLY = 0,
	FW_ICMP_UNREACHABLE = 3,
	FW_ICMP_SOURCE_QUENCH = 4,
	FW_ICMP_REDIRECT = 5,
	FW_ICMP_ECHO = 8,
	FW_ICMP_TIME_EXCEEDED = 11,
	FW_ICMP_PARAMETER_PROBLEM = 12,
	FW_ICMP_TIMESTAMP = 13,
	FW_ICMP_ADDRESS_MASK_REPLY = 18,
};
#define FW_ICMP_PORT_UNREACHABLE 3

// RFC 4443: errors are below 128.
enum fw_icmpv6_type {
	FW_ICMPV6_UNREACHABLE = 1,
	FW_ICMPV6_PARAMETER_PROBLEM = 4,
	FW_ICMPV6_INFORMATIONAL = 128,
};
#define FW_ICMPV6_PORT_UNREACHABLE 4
