// Where a packet's headers are.
#pragma once

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>

#include "lookup.h"

// What the rest of the packet programs know of a packet. Offsets are from the start of the frame.
struct fw_packet {
	struct fw_tuple tuple; // ports are 0 where there are none; of an ICMP echo the identifier in both
	__u32 network;   // offset of the IP header
	__u32 transport; // offset of the header behind it
	__u32 length;    // bytes from the IP header on, as the IP header says
	__u8 is_ipv6;
	__u8 protocol;   // of the transport header
	__u8 tcp_flags;  // byte 13 of the TCP header
	__u8 fragment;   // enum fw_fragment_kind
	__u32 identification; // of fragments, network order
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 zero[2];
};

enum fw_fragment_kind {
	FW_WHOLE = 0,
	FW_FIRST_FRAGMENT = 1,
	FW_LATER_FRAGMENT = 2,
};

enum fw_parse_result {
	FW_PARSED = 0,
	FW_NOT_IP = 1,
	FW_BAD = 2, // headers missing or lying; the addresses are those that could be read, else zero
};

#define FW_TCP_FIN 0x01
#define FW_TCP_SYN 0x02
#define FW_TCP_RST 0x04
#define FW_TCP_ACK 0x10

#define FW_VLAN_TAGS 2 // that are still in the frame; the first is mostly in skb->vlan_tci already
#define FW_EXTENSION_HEADERS 8 // of IPv6 that are walked; a longer chain is malformed

#define FW_ICMP_ECHO_REPLY 0
#define FW_ICMP_ECHO_REQUEST 8
#define FW_ICMPV6_ECHO_REQUEST 128
#define FW_ICMPV6_ECHO_REPLY 129

static __always_inline int fw_is_vlan(__be16 type)
{
	return type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD);
}

static __always_inline int fw_is_ip(__be16 type)
{
	return type == bpf_htons(ETH_P_IP) || type == bpf_htons(ETH_P_IPV6);
}

// A function by itself for the stack: that of the programs is nearly full.
static __noinline int fw_has_bare_device(struct __sk_buff *skb)
{
	__u32 ifindex = skb->ifindex;
	struct fw_interface *interface = bpf_map_lookup_elem(&interfaces, &ifindex);

	return interface && interface->flags & FW_INTERFACE_BARE;
}

// Whether a packet begins with its IP header, given its first byte. Nothing that the packet says itself is certain: what
// is where Ethernet has the type is part of a source address. So the device is asked, and only about what begins as IP
// does: all that is on such a device, and of Ethernet what is for one address in eight.
static __always_inline int fw_is_bare(struct __sk_buff *skb, __u8 first)
{
	return (first >> 4 == 4 || first >> 4 == 6) && fw_has_bare_device(skb);
}

// As fw_is_bare, of a packet whose first byte is where it can be read at once; 1 as well when it is not.
static __always_inline int fw_may_be_bare(struct __sk_buff *skb)
{
	__u8 *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;

	return data + 1 > end || fw_is_bare(skb, *data);
}

// The ethertype of what is behind Ethernet and its tags, or at a device without them; 0 when it is not IP. Of an
// interface without a row a type that is not IP, in a packet that is, tells that there is no Ethernet header: most do.
static __always_inline __be16 fw_find_network(struct __sk_buff *skb, __u32 *network)
{
	__u32 offset = ETH_HLEN;
	__be16 type = 0;
	__u8 first = 0;

	if (bpf_skb_load_bytes(skb, 0, &first, sizeof(first)))
		return 0;
	if (fw_is_bare(skb, first)) {
		*network = 0;
		return fw_is_ip((__be16)skb->protocol) ? (__be16)skb->protocol : 0;
	}
	if (bpf_skb_load_bytes(skb, ETH_HLEN - 2, &type, sizeof(type)))
		return 0;
	for (int tag = 0; tag < FW_VLAN_TAGS; tag++) {
		if (!fw_is_vlan(type))
			break;
		if (bpf_skb_load_bytes(skb, offset + 2, &type, sizeof(type)))
			return 0;
		offset += 4;
	}
	if (!fw_is_ip(type) && fw_is_ip((__be16)skb->protocol)) {
		type = (__be16)skb->protocol;
		offset = 0;
	}
	*network = offset;
	return fw_is_ip(type) ? type : 0;
}

// Fills in ports, flags and types. `room` is what the IP header leaves for the transport header and its payload.
static __always_inline int fw_parse_transport(struct __sk_buff *skb, struct fw_packet *packet, __u32 room)
{
	__u8 bytes[20] = {};
	__u32 size;

	packet->tuple.protocol = packet->protocol;
	if (packet->fragment == FW_LATER_FRAGMENT)
		return FW_PARSED;
	switch (packet->protocol) {
	case IPPROTO_TCP:
		if (room < 20 || bpf_skb_load_bytes(skb, packet->transport, bytes, 20))
			return FW_BAD;
		size = (bytes[12] >> 4) * 4;
		if (size < 20 || size > room)
			return FW_BAD;
		packet->tcp_flags = bytes[13];
		break;
	case IPPROTO_UDP:
		if (room < 8 || bpf_skb_load_bytes(skb, packet->transport, bytes, 8))
			return FW_BAD;
		size = (__u32)bytes[4] << 8 | bytes[5];
		if (packet->fragment == FW_WHOLE && !skb->gso_size && (size < 8 || size > room))
			return FW_BAD;
		break;
	case IPPROTO_SCTP:
		if (room < 12 || bpf_skb_load_bytes(skb, packet->transport, bytes, 12))
			return FW_BAD;
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		if (room < 8 || bpf_skb_load_bytes(skb, packet->transport, bytes, 8))
			return FW_BAD;
		packet->icmp_type = bytes[0];
		packet->icmp_code = bytes[1];
		if (packet->protocol == IPPROTO_ICMP
			? bytes[0] != FW_ICMP_ECHO_REQUEST && bytes[0] != FW_ICMP_ECHO_REPLY
			: bytes[0] != FW_ICMPV6_ECHO_REQUEST && bytes[0] != FW_ICMPV6_ECHO_REPLY)
			return FW_PARSED;
		packet->tuple.source_port = packet->tuple.destination_port = *(__u16 *)&bytes[4];
		return FW_PARSED;
	default:
		return FW_PARSED;
	}
	packet->tuple.source_port = *(__u16 *)&bytes[0];
	packet->tuple.destination_port = *(__u16 *)&bytes[2];
	return FW_PARSED;
}

static __always_inline int fw_parse_ipv4(struct __sk_buff *skb, struct fw_packet *packet)
{
	struct iphdr header = {};
	__u32 header_length, length, present = skb->len - packet->network;

	if (bpf_skb_load_bytes(skb, packet->network, &header, sizeof(header)))
		return FW_BAD;
	packet->tuple.source = fw_ipv4(header.saddr);
	packet->tuple.destination = fw_ipv4(header.daddr);
	header_length = header.ihl * 4;
	length = bpf_ntohs(header.tot_len);
	if (!length && skb->gso_size) // larger than 64 KiB, to be segmented
		length = present;
	if (header.version != 4 || header_length < sizeof(header) || length < header_length || length > present)
		return FW_BAD;
	packet->length = length;
	packet->transport = packet->network + header_length;
	packet->protocol = header.protocol;
	if (header.frag_off & bpf_htons(0x1fff))
		packet->fragment = FW_LATER_FRAGMENT;
	else if (header.frag_off & bpf_htons(0x2000))
		packet->fragment = FW_FIRST_FRAGMENT;
	packet->identification = header.id;
	return fw_parse_transport(skb, packet, length - header_length);
}

// One extension header at packet->transport. Returns 1 when another header follows it, 0 when the transport header
// has been reached, a negative number when the chain is broken.
static __always_inline int fw_skip_extension(struct __sk_buff *skb, struct fw_packet *packet)
{
	__u8 bytes[8] = {};
	__be16 position;

	switch (packet->protocol) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
	case IPPROTO_AH:
	case IPPROTO_FRAGMENT:
		break;
	default:
		return 0;
	}
	if (packet->fragment == FW_LATER_FRAGMENT)
		return 0;
	if (bpf_skb_load_bytes(skb, packet->transport, bytes, sizeof(bytes)))
		return -1;
	if (packet->protocol == IPPROTO_FRAGMENT) {
		position = *(__be16 *)&bytes[2];
		packet->identification = *(__u32 *)&bytes[4];
		if (position & bpf_htons(0xfff8))
			packet->fragment = FW_LATER_FRAGMENT;
		else if (position & bpf_htons(1))
			packet->fragment = FW_FIRST_FRAGMENT;
		packet->transport += 8;
	} else if (packet->protocol == IPPROTO_AH) {
		packet->transport += ((__u32)bytes[1] + 2) * 4;
	} else {
		if (packet->protocol == IPPROTO_ROUTING && bytes[3])
			return -1; // on its way to somewhere else than its destination says
		packet->transport += ((__u32)bytes[1] + 1) * 8;
	}
	packet->protocol = bytes[0];
	return 1;
}

static __always_inline int fw_parse_ipv6(struct __sk_buff *skb, struct fw_packet *packet)
{
	struct ipv6hdr header = {};
	__u32 end, present = skb->len - packet->network;
	int more = 1;

	if (bpf_skb_load_bytes(skb, packet->network, &header, sizeof(header)))
		return FW_BAD;
	__builtin_memcpy(&packet->tuple.source, &header.saddr, sizeof(struct fw_address));
	__builtin_memcpy(&packet->tuple.destination, &header.daddr, sizeof(struct fw_address));
	packet->length = sizeof(header) + bpf_ntohs(header.payload_len);
	if (!header.payload_len && skb->gso_size)
		packet->length = present;
	if (header.version != 6 || packet->length > present)
		return FW_BAD;
	packet->is_ipv6 = 1;
	packet->protocol = header.nexthdr;
	packet->transport = packet->network + sizeof(header);
	end = packet->network + packet->length;
	for (int headers = 0; headers < FW_EXTENSION_HEADERS && more > 0; headers++)
		more = fw_skip_extension(skb, packet);
	if (more > 0) // the last one walked may have been the last there is
		more = fw_skip_extension(skb, packet);
	if (more || packet->transport > end)
		return FW_BAD;
	return fw_parse_transport(skb, packet, end - packet->transport);
}

// The transport header of a plain packet, 20 bytes of which are there: 0 when it lies.
static __always_inline int fw_read_plain_transport(
	struct __sk_buff *skb, struct fw_packet *packet, const __u8 *bytes, __u32 room)
{
	__u32 size;

	if (packet->protocol == IPPROTO_TCP) {
		size = (bytes[12] >> 4) * 4;
		if (size < 20 || size > room)
			return 0;
		packet->tcp_flags = bytes[13];
	} else if (packet->protocol == IPPROTO_UDP) {
		size = (__u32)bytes[4] << 8 | bytes[5];
		if (!skb->gso_size && (size < 8 || size > room))
			return 0;
	} else {
		return 0;
	}
	packet->tuple.protocol = packet->protocol;
	packet->tuple.source_port = *(__u16 *)&bytes[0];
	packet->tuple.destination_port = *(__u16 *)&bytes[2];
	return 1;
}

// Reads what nearly every packet is, TCP or UDP in IP without options, whole and behind an Ethernet header without tags,
// where it lies: 25 ns less than fw_parse. 0 when it is anything else, with *packet half filled.
static __always_inline int fw_parse_plain(struct __sk_buff *skb, struct fw_packet *packet)
{
	void *data, *end;
	struct ethhdr *ethernet;
	struct iphdr *ipv4;
	struct ipv6hdr *ipv6;
	__u32 present;

	if (fw_may_be_bare(skb)) // first, so that nothing of the below need be kept on the stack meanwhile
		return 0;
	data = (void *)(long)skb->data;
	end = (void *)(long)skb->data_end;
	ethernet = data;
	ipv4 = data + ETH_HLEN;
	ipv6 = data + ETH_HLEN;
	present = skb->len - ETH_HLEN;
	packet->network = ETH_HLEN;
	if (data + ETH_HLEN + sizeof(*ipv4) + 20 > end || ethernet->h_proto != (__be16)skb->protocol)
		return 0;
	if (ethernet->h_proto == bpf_htons(ETH_P_IP)) {
		packet->length = bpf_ntohs(ipv4->tot_len);
		if (*(__u8 *)ipv4 != 0x45 || ipv4->frag_off & bpf_htons(0x3fff) || packet->length < sizeof(*ipv4)
			|| packet->length > present)
			return 0;
		packet->tuple.source = fw_ipv4(ipv4->saddr);
		packet->tuple.destination = fw_ipv4(ipv4->daddr);
		packet->identification = ipv4->id;
		packet->protocol = ipv4->protocol;
		packet->transport = ETH_HLEN + sizeof(*ipv4);
		return fw_read_plain_transport(skb, packet, (void *)(ipv4 + 1), packet->length - sizeof(*ipv4));
	}
	if (ethernet->h_proto != bpf_htons(ETH_P_IPV6) || (void *)(ipv6 + 1) + 20 > end)
		return 0;
	packet->length = sizeof(*ipv6) + bpf_ntohs(ipv6->payload_len);
	if (ipv6->version != 6 || !ipv6->payload_len || packet->length > present)
		return 0;
	__builtin_memcpy(&packet->tuple.source, &ipv6->saddr, sizeof(struct fw_address));
	__builtin_memcpy(&packet->tuple.destination, &ipv6->daddr, sizeof(struct fw_address));
	packet->is_ipv6 = 1;
	packet->protocol = ipv6->nexthdr;
	packet->transport = ETH_HLEN + sizeof(*ipv6);
	return fw_read_plain_transport(skb, packet, (void *)(ipv6 + 1), packet->length - sizeof(*ipv6));
}

// Reads a frame's headers into *packet, which the caller has zeroed; a fw_parse_result.
__noinline int fw_parse(struct __sk_buff *skb, struct fw_packet *packet)
{
	__be16 type;

	if (!packet)
		return FW_NOT_IP;
	type = fw_find_network(skb, &packet->network);
	if (!type)
		return FW_NOT_IP;
	return type == bpf_htons(ETH_P_IP) ? fw_parse_ipv4(skb, packet) : fw_parse_ipv6(skb, packet);
}
