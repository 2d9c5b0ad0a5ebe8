// Where a packet's headers are.
#pragma once

#include "maps.h"

// What the rest of the packet programs know of a packet. Offsets are from the start of the frame.
struct fw_packet {
	struct fw_tuple tuple; // ports are 0 where there are none
	__u32 network;   // offset of the IP header
	__u32 transport; // offset of the header behind it
	__u32 length;    // bytes from the IP header on, as the IP header says
	__u8 is_ipv6;
	__u8 protocol;   // of the transport header
	__u8 tcp_flags;  // byte 13 of the TCP header
	__u8 fragment;   // enum fw_fragment_kind
	__u32 identification; // of fragments, network order
};

enum fw_fragment_kind {
	FW_WHOLE = 0,
	FW_FIRST_FRAGMENT = 1,
	FW_LATER_FRAGMENT = 2,
};
