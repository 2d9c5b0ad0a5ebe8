// ICMP errors about packets of translated connections. The one who receives an error knows its own packet by
// the quotation, so the quotation is translated back along with the addresses around it (RFC 5508).
#pragma once

#include "icmp_messages.h"
#include "nat.h"
#include "sums.h"

// What fw_translate_icmp_error says of a packet that is no error about a connection translated here.
#define FW_NOT_TRANSLATED 1000
#define FW_TRANSLATED_TO_SEND 1002

// Extension headers walked in a quotation of IPv6.
#define FW_QUOTED_EXTENSIONS 6

// The packet that an error is about, as far as it is quoted.
struct fw_quotation {
	struct fw_tuple tuple; // as quoted: the other way round than the packets that the error travels with
	__u32 network;         // offsets from the start of the frame
	__u32 transport;
};

static __always_inline int fw_quotation_ipv4(struct __sk_buff *skb, struct fw_quotation *quotation)
{
	struct iphdr ip;
	if (bpf_skb_load_bytes(skb, quotation->network, &ip, sizeof(ip)))
		return -1;
	// A later fragment has no ports to be known by.
	if (ip.version != 4 || ip.ihl < 5 || ip.frag_off & bpf_htons(0x1fff))
		return -1;
	quotation->tuple.source = fw_ipv4(ip.saddr);
	quotation->tuple.destination = fw_ipv4(ip.daddr);
	quotation->tuple.protocol = ip.protocol;
	quotation->transport = quotation->network + ip.ihl * 4;
	return 0;
}

// The first two bytes of every extension header but the fragment header: next header, length.
static __always_inline int fw_quotation_ipv6(struct __sk_buff *skb, struct fw_quotation *quotation)
{
	struct ipv6hdr ip;
	struct {
		__u8 next;
		__u8 length;
		__be16 fragment;
	} extension;

	if (bpf_skb_load_bytes(skb, quotation->network, &ip, sizeof(ip)) || ip.version != 6)
		return -1;
	__builtin_memcpy(&quotation->tuple.source, &ip.saddr, sizeof(struct fw_address));
	__builtin_memcpy(&quotation->tuple.destination, &ip.daddr, sizeof(struct fw_address));
	__u8 next = ip.nexthdr;
	__u32 offset = quotation->network + sizeof(ip);
#pragma unroll
	for (int turn = 0; turn < FW_QUOTED_EXTENSIONS; turn++) {
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS
		    && next != IPPROTO_FRAGMENT)
			break;
		if (bpf_skb_load_bytes(skb, offset, &extension, sizeof(extension)))
			return -1;
		if (next == IPPROTO_FRAGMENT && extension.fragment & bpf_htons(0xfff8))
			return -1;
		offset += next == IPPROTO_FRAGMENT ? 8 : (extension.length + 1) * 8;
		next = extension.next;
	}
	quotation->tuple.protocol = next;
	quotation->transport = offset;
	return 0;
}

// -1: not a quotation whose connection can be known.
static __always_inline int fw_read_quotation(
	struct __sk_buff *skb, const struct fw_packet *packet, struct fw_quotation *quotation)
{
	__be16 ports[2];
	__builtin_memset(quotation, 0, sizeof(*quotation));
	quotation->network = packet->transport + sizeof(struct fw_icmp_header);
	if (packet->is_ipv6 ? fw_quotation_ipv6(skb, quotation) : fw_quotation_ipv4(skb, quotation))
		return -1;
	__u8 protocol = quotation->tuple.protocol;
	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP && protocol != IPPROTO_SCTP)
		return -1;
	// All errors quote 8 bytes of the transport header at least: RFC 792.
	if (quotation->transport + 8 > packet->network + packet->length)
		return -1;
	if (bpf_skb_load_bytes(skb, quotation->transport, ports, sizeof(ports)))
		return -1;
	quotation->tuple.source_port = ports[0];
	quotation->tuple.destination_port = ports[1];
	return 0;
}

// Where entries of a role do their work, so do the errors that travel the same way.
static __always_inline int fw_icmp_is_translated_here(const struct fw_connection *connection, int is_egress)
{
	int is_node = (connection->flags & FW_CONNECTION_NODE) != 0;

	switch (connection->role) {
	case FW_FORWARD:
		return is_node ? is_egress : !is_egress;
	case FW_UNMASQUERADE:
		return !is_egress;
	case FW_MASQUERADING:
		return is_egress;
	default:
		return is_node ? !is_egress : is_egress;
	}
}

static __always_inline __u32 fw_change16(__u32 sum, __u16 old, __u16 new)
{
	return fw_fold((__u64)sum + (__u16)~old + new);
}

// RFC 1624: ~(~field + change).
static __always_inline __u16 fw_amended(__u16 field, __u32 change)
{
	return ~fw_fold((__u64)(__u16)~field + change);
}

static __always_inline __u32 fw_address_change(const struct fw_tuple *old, const struct fw_tuple *new)
{
	return bpf_csum_diff((__be32 *)old, 2 * sizeof(struct fw_address), (__be32 *)new, 2 * sizeof(struct fw_address), 0);
}

static __always_inline int fw_write_addresses(
	struct __sk_buff *skb, __u32 network, int is_ipv6, const struct fw_address *source,
	const struct fw_address *destination)
{
	if (is_ipv6) {
		struct fw_address addresses[2] = { *source, *destination };
		return bpf_skb_store_bytes(skb, network + offsetof(struct ipv6hdr, saddr), addresses, sizeof(addresses),
					   BPF_F_RECOMPUTE_CSUM);
	}
	__be32 addresses[2] = { source->words[3], destination->words[3] };
	return bpf_skb_store_bytes(skb, network + offsetof(struct iphdr, saddr), addresses, sizeof(addresses),
				   BPF_F_RECOMPUTE_CSUM);
}

// Changes a checksum of the packet, and adds to `sum` by how much.
static __always_inline int fw_amend(struct __sk_buff *skb, __u32 offset, __u32 change, int is_udp, __u32 *sum)
{
	__u16 old;
	if (bpf_skb_load_bytes(skb, offset, &old, sizeof(old)))
		return -1;
	if (is_udp && !old)
		return 0; // none
	__u16 new = fw_amended(old, change);
	if (is_udp && !new)
		new = 0xffff;
	*sum = fw_change16(*sum, old, new);
	return bpf_skb_store_bytes(skb, offset, &new, sizeof(new), BPF_F_RECOMPUTE_CSUM);
}

// The quotation becomes `tuple`. Adds to `sum` by how much the bytes under the outer checksum changed.
static __always_inline int fw_rewrite_quotation(
	struct __sk_buff *skb, const struct fw_packet *packet, const struct fw_quotation *quotation,
	const struct fw_tuple *tuple, __u32 *sum)
{
	__u32 addresses = fw_address_change(&quotation->tuple, tuple);
	__be16 ports[2] = { tuple->source_port, tuple->destination_port };
	__u32 port_change = fw_change16(0, quotation->tuple.source_port, tuple->source_port);
	port_change = fw_change16(port_change, quotation->tuple.destination_port, tuple->destination_port);
	__u8 protocol = tuple->protocol;

	*sum = fw_fold((__u64)*sum + addresses + port_change);
	if (fw_write_addresses(skb, quotation->network, packet->is_ipv6, &tuple->source, &tuple->destination))
		return -1;
	if (bpf_skb_store_bytes(skb, quotation->transport, ports, sizeof(ports), BPF_F_RECOMPUTE_CSUM))
		return -1;
	if (!packet->is_ipv6
	    && fw_amend(skb, quotation->network + offsetof(struct iphdr, check), addresses, 0, sum))
		return -1;
	// SCTP's checksum is over its own bytes, and not to be kept right through a translation of ports.
	__u32 field = protocol == IPPROTO_TCP ? 16 : 6;
	if (protocol == IPPROTO_SCTP || quotation->transport + field + 2 > packet->network + packet->length)
		return 0;
	return fw_amend(skb, quotation->transport + field, fw_fold((__u64)addresses + port_change),
			protocol == IPPROTO_UDP, sum);
}

// Around the quotation: `key` is what the entry was found by, `becomes` what it turns that into. An error goes to the
// source of the packet it is about, so its destination changes as theirs does. Its own source may be any router's:
// where the entry hides a source, it hides that too, or the error would come from an address the receiver's network
// may not let in (RFC 5508, REQ-4; so does netfilter).
static __always_inline int fw_rewrite_envelope(
	struct __sk_buff *skb, struct fw_packet *packet, const struct fw_tuple *key, const struct fw_tuple *becomes,
	__u32 *change)
{
	struct fw_tuple old = packet->tuple;
	packet->tuple.destination = becomes->destination;
	if (!fw_same_address(&key->source, &becomes->source))
		packet->tuple.source = becomes->source;
	*change = fw_address_change(&old, &packet->tuple);
	if (fw_write_addresses(skb, packet->network, packet->is_ipv6, &packet->tuple.source, &packet->tuple.destination))
		return -1;
	__u32 ignored = 0;
	if (packet->is_ipv6)
		return 0;
	return fw_amend(skb, packet->network + offsetof(struct iphdr, check), *change, 0, &ignored);
}

static __always_inline int fw_rewrite_icmp_error(
	struct __sk_buff *skb, struct fw_packet *packet, const struct fw_quotation *quotation,
	const struct fw_tuple *key, const struct fw_tuple *becomes)
{
	struct fw_tuple quoted;
	__u32 sum = 0;
	__u32 outer = 0;
	__u32 ignored = 0;

	fw_reverse(&quoted, becomes);
	if (fw_rewrite_quotation(skb, packet, quotation, &quoted, &sum)
	    || fw_rewrite_envelope(skb, packet, key, becomes, &outer))
		return -1;
	if (packet->is_ipv6) // RFC 4443, 2.3: the addresses are under this checksum too
		sum = fw_fold((__u64)sum + outer);
	return fw_amend(skb, packet->transport + offsetof(struct fw_icmp_header, checksum), sum, 0, &ignored);
}

// Translates an ICMP error, outer addresses and the packet inside, as the packets of its connection are that travel
// the same way; a tc action, FW_NOT_TRANSLATED with the packet as it was, or FW_TRANSLATED_TO_SEND when the caller is to
// send it on (`fw_send_on`): on top of this function's stack Linux 6.1 has no room for that. Every ICMP packet is given
// to it.
__noinline int fw_translate_icmp_error(struct __sk_buff *skb, struct fw_packet *packet, int is_egress)
{
	struct fw_quotation quotation;
	struct fw_tuple key;
	const struct fw_connection *connection;
	int is_sent_on;

	if (!packet) // never; the verifier looks at this function by itself
		return FW_NOT_TRANSLATED;
	if (packet->protocol != (packet->is_ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP) || packet->fragment != FW_WHOLE
	    || !fw_is_icmp_error(packet->protocol, packet->icmp_type) || fw_read_quotation(skb, packet, &quotation))
		return FW_NOT_TRANSLATED;
	fw_reverse(&key, &quotation.tuple);
	connection = fw_connection_find(&key);
	// An error goes to whoever sent what it quotes; another would reach someone else.
	if (!connection || !fw_icmp_is_translated_here(connection, is_egress)
	    || !fw_same_address(&packet->tuple.destination, &key.destination))
		return FW_NOT_TRANSLATED;
	// A redirect would have the two ends talk past the translation.
	if (!packet->is_ipv6 && packet->icmp_type == FW_ICMP_REDIRECT)
		return fw_drop(FW_DROP_POLICY);
	is_sent_on = connection->role == FW_FORWARD && is_egress;
	if (fw_rewrite_icmp_error(skb, packet, &quotation, &key, &connection->becomes))
		return fw_drop(FW_DROP_MALFORMED);
	return is_sent_on ? FW_TRANSLATED_TO_SEND : FW_GO_ON;
}
