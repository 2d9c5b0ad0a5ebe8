// Rewriting addresses and ports, and the checksums over them.
//
// Checksums are changed by the difference only (RFC 1624), so that a wrong one stays wrong, and through the kernel's
// helpers, which know what a packet with offloaded checksums carries in its place.
#pragma once

#include "parsing.h"

#define FW_IPV4_CHECKSUM 10 // offset in the header

// Offset of the transport checksum in the frame; 0 when there is none to change. SCTP's covers ports, but no
// addresses, and is never changed here.
static __always_inline __u32 fw_checksum_offset(struct fw_packet *packet)
{
	if (packet->fragment == FW_LATER_FRAGMENT)
		return 0;
	switch (packet->protocol) {
	case IPPROTO_TCP:
		return packet->transport + 16;
	case IPPROTO_UDP:
		return packet->transport + 6;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return packet->transport + 2;
	default:
		return 0;
	}
}

// A UDP checksum of 0 means none: it stays 0, and one that becomes 0 is written as 0xffff (RFC 768).
static __always_inline __u64 fw_checksum_flags(struct fw_packet *packet)
{
	return packet->protocol == IPPROTO_UDP ? BPF_F_MARK_MANGLED_0 : 0;
}

static __always_inline int fw_rewrite_ipv4_addresses(
	struct __sk_buff *skb, struct fw_packet *packet, struct fw_tuple *to, __u32 checksum)
{
	__be32 old[2] = { packet->tuple.source.words[3], packet->tuple.destination.words[3] };
	__be32 new[2] = { to->source.words[3], to->destination.words[3] };
	__s64 difference;

	if (old[0] == new[0] && old[1] == new[1])
		return 0;
	difference = bpf_csum_diff(old, sizeof(old), new, sizeof(new), 0);
	if (difference < 0)
		return -1;
	if (checksum && packet->protocol != IPPROTO_ICMP
		&& bpf_l4_csum_replace(
			skb, checksum, 0, (__u64)difference, BPF_F_PSEUDO_HDR | fw_checksum_flags(packet)))
		return -1;
	if (bpf_l3_csum_replace(skb, packet->network + FW_IPV4_CHECKSUM, 0, (__u64)difference, 0))
		return -1;
	return bpf_skb_store_bytes(
		skb, packet->network + __builtin_offsetof(struct iphdr, saddr), new, sizeof(new), 0) ? -1 : 0;
}

// IPv6 has no checksum of its own that would balance the change of an address in the sum that a device may have taken
// over the whole packet: the store has to say that it changes that sum.
static __always_inline int fw_rewrite_ipv6_addresses(
	struct __sk_buff *skb, struct fw_packet *packet, struct fw_tuple *to, __u32 checksum)
{
	__be32 old[8], new[8];
	__s64 difference;

	__builtin_memcpy(old, &packet->tuple.source, 16);
	__builtin_memcpy(old + 4, &packet->tuple.destination, 16);
	__builtin_memcpy(new, &to->source, 16);
	__builtin_memcpy(new + 4, &to->destination, 16);
	difference = bpf_csum_diff(old, sizeof(old), new, sizeof(new), 0);
	if (difference < 0)
		return -1;
	if (checksum
		&& bpf_l4_csum_replace(
			skb, checksum, 0, (__u64)difference, BPF_F_PSEUDO_HDR | fw_checksum_flags(packet)))
		return -1;
	return bpf_skb_store_bytes(
		skb, packet->network + __builtin_offsetof(struct ipv6hdr, saddr), new, sizeof(new),
		BPF_F_RECOMPUTE_CSUM) ? -1 : 0;
}

static __always_inline int fw_rewrite_ports(
	struct __sk_buff *skb, struct fw_packet *packet, struct fw_tuple *to, __u32 checksum)
{
	__be16 old[2] = { packet->tuple.source_port, packet->tuple.destination_port };
	__be16 new[2] = { to->source_port, to->destination_port };
	int is_echo = packet->protocol == IPPROTO_ICMP || packet->protocol == IPPROTO_ICMPV6;

	if ((old[0] == new[0] && old[1] == new[1]) || packet->fragment == FW_LATER_FRAGMENT)
		return 0;
	if (!checksum)
		return -1; // SCTP's cannot be followed up
	if (is_echo) // one identifier
		return bpf_l4_csum_replace(skb, checksum, old[0], new[0], 2)
			|| bpf_skb_store_bytes(skb, packet->transport + 4, new, 2, 0) ? -1 : 0;
	return (old[0] != new[0]
			&& bpf_l4_csum_replace(skb, checksum, old[0], new[0], 2 | fw_checksum_flags(packet)))
		|| (old[1] != new[1]
			&& bpf_l4_csum_replace(skb, checksum, old[1], new[1], 2 | fw_checksum_flags(packet)))
		|| bpf_skb_store_bytes(skb, packet->transport, new, sizeof(new), 0) ? -1 : 0;
}

// Gives the packet the addresses and ports of *to, and *packet too. 0, or a negative number when the packet could not
// be written, or must not: SCTP to another port. It is to be dropped then.
__noinline int fw_rewrite(struct __sk_buff *skb, struct fw_packet *packet, struct fw_tuple *to)
{
	__u32 checksum;

	if (!packet || !to)
		return -1;
	checksum = fw_checksum_offset(packet);
	if (packet->is_ipv6 ? fw_rewrite_ipv6_addresses(skb, packet, to, checksum)
		: fw_rewrite_ipv4_addresses(skb, packet, to, checksum))
		return -1;
	if (fw_rewrite_ports(skb, packet, to, checksum))
		return -1;
	packet->tuple = *to;
	return 0;
}
