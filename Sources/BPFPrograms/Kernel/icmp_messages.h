// ICMP and ICMPv6 messages: the kernel's own header of the first brings the C library's with it.
#pragma once

#include "parsing.h"

// Both families' begin alike.
struct fw_icmp_header {
	__u8 type;
	__u8 code;
	__u16 checksum;
	__u32 rest; // unused, or what the type says
};

// RFC 792 and RFC 950, beside those that parsing.h knows.
#define FW_ICMP_UNREACHABLE 3
#define FW_ICMP_REDIRECT 5
#define FW_ICMP_TIME_EXCEEDED 11
#define FW_ICMP_PARAMETER_PROBLEM 12
#define FW_ICMP_TIMESTAMP 13
#define FW_ICMP_ADDRESS_MASK_REPLY 18
#define FW_ICMP_PORT_UNREACHABLE 3

// RFC 4443: errors are below 128.
#define FW_ICMPV6_UNREACHABLE 1
#define FW_ICMPV6_PARAMETER_PROBLEM 4
#define FW_ICMPV6_INFORMATIONAL 128
#define FW_ICMPV6_PORT_UNREACHABLE 4

static __always_inline int fw_is_icmp_error(__u8 protocol, __u8 type)
{
	if (protocol == IPPROTO_ICMPV6)
		return type >= FW_ICMPV6_UNREACHABLE && type <= FW_ICMPV6_PARAMETER_PROBLEM;
	// Source quench is between them.
	return (type >= FW_ICMP_UNREACHABLE && type <= FW_ICMP_REDIRECT) || type == FW_ICMP_TIME_EXCEEDED
		|| type == FW_ICMP_PARAMETER_PROBLEM;
}
