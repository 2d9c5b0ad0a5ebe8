// The answer to a packet that nobody takes: ICMP port unreachable.
#pragma once

#include <linux/if_packet.h>

#include "checksums.h"
#include "icmp_messages.h"
#include "lookup.h"
#include "sums.h"

// Answers a second and processor, and how many at once after a pause: more than any client's mistakes need, less
// than a flood of small packets would draw. Past it packets are dropped and counted (FW_DROP_REJECT_LIMITED).
#define FW_REJECTS_PER_SECOND 10000
#define FW_REJECT_BURST 1000

// Bytes quoted at most, so that the answer is no longer than 576 (RFC 1812, 4.3.2.3) or 1280 (RFC 4443, 2.4 c).
#define FW_REJECT_QUOTE_IPV4 (576 - sizeof(struct iphdr) - sizeof(struct fw_icmp_header))
#define FW_REJECT_QUOTE_IPV6 (1280 - sizeof(struct ipv6hdr) - sizeof(struct fw_icmp_header))

#define FW_REJECT_HOPS 64

// A token bucket, kept as the time up to which it is spent.
static __always_inline int fw_reject_is_within_budget(void)
{
	const __u64 cost = FW_NS_PER_SECOND / FW_REJECTS_PER_SECOND;
	__u32 zero = 0;
	__u64 *spent = bpf_map_lookup_elem(&reject_budget, &zero);
	if (!spent)
		return 0;
	__u64 now = bpf_ktime_get_ns();
	__u64 earliest = now > FW_REJECT_BURST * cost ? now - FW_REJECT_BURST * cost : 0;
	__u64 from = *spent > earliest ? *spent : earliest;
	if (from + cost > now)
		return 0;
	*spent = from + cost;
	return 1;
}

// A source that is no single host's, or nobody's beyond its link: RFC 1122, 3.2.2.
static __always_inline int fw_is_answerable_ipv4(__u32 source, __u32 destination)
{
	__u32 first = bpf_ntohl(source) >> 24;
	return first != 0 && first != 127 && first < 224 && bpf_ntohl(destination) >> 24 < 224;
}

static __always_inline int fw_is_answerable_ipv6(const struct fw_address *source, const struct fw_address *destination)
{
	__u32 multicast = bpf_htonl(0xff000000);
	return !fw_is_unset(source) && (source->words[0] & multicast) != multicast
		&& (destination->words[0] & multicast) != multicast;
}

// Informational messages only: what reports an error is never answered.
static __always_inline int fw_is_answerable_icmp(const struct fw_packet *packet)
{
	__u8 type = packet->icmp_type;
	if (packet->protocol == IPPROTO_ICMPV6)
		return type >= FW_ICMPV6_INFORMATIONAL;
	return type == FW_ICMP_ECHO_REQUEST || type == FW_ICMP_ECHO_REPLY
		|| (type >= FW_ICMP_TIMESTAMP && type <= FW_ICMP_ADDRESS_MASK_REPLY);
}

// RFC 1122, 3.2.2 and RFC 4443, 2.4 e.
static __always_inline int fw_is_answerable(struct __sk_buff *skb, const struct fw_packet *packet)
{
	const struct fw_tuple *tuple = &packet->tuple;
	if (skb->pkt_type == PACKET_BROADCAST || skb->pkt_type == PACKET_MULTICAST || skb->pkt_type == PACKET_OTHERHOST)
		return 0;
	if (packet->fragment == FW_LATER_FRAGMENT)
		return 0;
	if ((packet->protocol == IPPROTO_ICMP || packet->protocol == IPPROTO_ICMPV6) && !fw_is_answerable_icmp(packet))
		return 0;
	if (packet->is_ipv6)
		return fw_is_answerable_ipv6(&tuple->source, &tuple->destination);
	return fw_is_answerable_ipv4(tuple->source.words[3], tuple->destination.words[3]);
}

// What is known of the checksum in a transport header.
enum fw_integrity {
	FW_INTACT = 0, // right, or not to be told: a fragment, too long, of another protocol
	FW_BROKEN = 1,
	FW_UNFINISHED = 2, // the sender left it to the device: only the pseudo-header is in it
};

static __always_inline enum fw_integrity fw_integrity_of(struct __sk_buff *skb, struct fw_packet *packet)
{
	__u32 header = packet->transport - packet->network;
	__u32 length = packet->length - header;
	__u32 field = fw_checksum_offset(packet);
	__u16 found;

	if (!packet->is_ipv6 && fw_fold(fw_sum_of(skb, packet->network, header)) != 0xffff)
		return FW_BROKEN;
	if (!field || packet->fragment != FW_WHOLE)
		return FW_INTACT;
	if (bpf_skb_load_bytes(skb, field, &found, sizeof(found)))
		return FW_BROKEN;
	if (packet->protocol == IPPROTO_UDP && !packet->is_ipv6 && !found)
		return FW_INTACT;
	__u32 pseudo = packet->protocol == IPPROTO_ICMP ? 0 : fw_pseudo_sum(&packet->tuple, packet->protocol, length);
	if (packet->protocol != IPPROTO_ICMP && found == fw_fold(pseudo))
		return FW_UNFINISHED;
	if (length > FW_SUMMED_BYTES)
		return FW_INTACT;
	return fw_fold((__u64)pseudo + fw_sum_of(skb, packet->transport, length)) == 0xffff ? FW_INTACT : FW_BROKEN;
}

// A checksum that is left to the device goes with the packet into the quotation, and a device may still put it in,
// behind the back of the ICMP checksum over it. No helper takes the request off, so the field gets the one value that
// putting it in leaves as it is: x with -(sum of the rest + x) = x, x = -(sum of the rest) / 2. Nobody checks the
// checksum of a quotation, which is cut.
static __always_inline int fw_settle_checksum(struct __sk_buff *skb, __u32 transport, __u32 length, __u32 field)
{
	__u16 value = 0;
	if (bpf_skb_store_bytes(skb, field, &value, sizeof(value), BPF_F_RECOMPUTE_CSUM))
		return -1;
	__u32 rest = fw_fold(fw_sum_of(skb, transport, length));
	// 32768 is a half of 1 among the numbers modulo 65535.
	value = (0xffff - rest) * 32768ULL % 0xffff;
	if (!value)
		value = 0xffff;
	return bpf_skb_store_bytes(skb, field, &value, sizeof(value), BPF_F_RECOMPUTE_CSUM);
}

static __always_inline int fw_write_unreachable_ipv4(
	struct __sk_buff *skb, const struct fw_packet *packet, __u32 quoted, __u32 sum)
{
	struct {
		struct iphdr ip;
		struct fw_icmp_header icmp;
	} answer;
	__builtin_memset(&answer, 0, sizeof(answer));
	answer.ip.version = 4;
	answer.ip.ihl = 5;
	answer.ip.tos = 0xc0; // internetwork control, RFC 1812, 4.3.2.5
	answer.ip.tot_len = bpf_htons(sizeof(answer) + quoted);
	answer.ip.frag_off = bpf_htons(0x4000);
	answer.ip.ttl = FW_REJECT_HOPS;
	answer.ip.protocol = IPPROTO_ICMP;
	answer.ip.saddr = packet->tuple.destination.words[3];
	answer.ip.daddr = packet->tuple.source.words[3];
	answer.ip.check = ~fw_fold(bpf_csum_diff(0, 0, (__be32 *)&answer.ip, sizeof(answer.ip), 0));
	answer.icmp.type = FW_ICMP_UNREACHABLE;
	answer.icmp.code = FW_ICMP_PORT_UNREACHABLE;
	answer.icmp.checksum = ~fw_fold(bpf_csum_diff(0, 0, (__be32 *)&answer.icmp, sizeof(answer.icmp), sum));
	return bpf_skb_store_bytes(skb, packet->network, &answer, sizeof(answer), BPF_F_RECOMPUTE_CSUM);
}

static __always_inline int fw_write_unreachable_ipv6(
	struct __sk_buff *skb, const struct fw_packet *packet, __u32 quoted, __u32 sum)
{
	struct {
		struct ipv6hdr ip;
		struct fw_icmp_header icmp;
	} answer;
	__u32 length = sizeof(answer.icmp) + quoted;
	__builtin_memset(&answer, 0, sizeof(answer));
	answer.ip.version = 6;
	answer.ip.payload_len = bpf_htons(length);
	answer.ip.nexthdr = IPPROTO_ICMPV6;
	answer.ip.hop_limit = FW_REJECT_HOPS;
	__builtin_memcpy(&answer.ip.saddr, &packet->tuple.destination, sizeof(struct fw_address));
	__builtin_memcpy(&answer.ip.daddr, &packet->tuple.source, sizeof(struct fw_address));
	answer.icmp.type = FW_ICMPV6_UNREACHABLE;
	answer.icmp.code = FW_ICMPV6_PORT_UNREACHABLE;
	// The pseudo-header's addresses add up to the same either way round.
	sum = fw_fold((__u64)sum + fw_pseudo_sum(&packet->tuple, IPPROTO_ICMPV6, length));
	answer.icmp.checksum = ~fw_fold(bpf_csum_diff(0, 0, (__be32 *)&answer.icmp, sizeof(answer.icmp), sum));
	return bpf_skb_store_bytes(skb, packet->network, &answer, sizeof(answer), BPF_F_RECOMPUTE_CSUM);
}

static __always_inline int fw_swap_link_addresses(struct __sk_buff *skb, const struct fw_packet *packet)
{
	__u8 addresses[2 * ETH_ALEN];
	if (packet->network < ETH_HLEN)
		return 0; // a device without
	if (bpf_skb_load_bytes(skb, 0, addresses, sizeof(addresses)))
		return -1;
	if (bpf_skb_store_bytes(skb, 0, addresses + ETH_ALEN, ETH_ALEN, 0))
		return -1;
	return bpf_skb_store_bytes(skb, ETH_ALEN, addresses, ETH_ALEN, 0);
}

// The packet becomes the answer: cut to what is quoted, with two headers more in front.
static __always_inline int fw_become_unreachable(
	struct __sk_buff *skb, struct fw_packet *packet, enum fw_integrity integrity)
{
	__u32 limit = packet->is_ipv6 ? FW_REJECT_QUOTE_IPV6 : FW_REJECT_QUOTE_IPV4;
	__u32 quoted = packet->length < limit ? packet->length : limit;
	__u32 header = packet->transport - packet->network;
	__u32 room = packet->is_ipv6 ? sizeof(struct ipv6hdr) + sizeof(struct fw_icmp_header)
				     : sizeof(struct iphdr) + sizeof(struct fw_icmp_header);

	if (bpf_skb_change_tail(skb, packet->network + quoted, 0))
		return -1;
	if (integrity == FW_UNFINISHED
	    && fw_settle_checksum(skb, packet->transport, quoted - header, fw_checksum_offset(packet)))
		return -1;
	__u32 sum = fw_sum_of(skb, packet->network, quoted);
	if (bpf_skb_adjust_room(skb, room, BPF_ADJ_ROOM_MAC, 0))
		return -1;
	if (packet->is_ipv6 ? fw_write_unreachable_ipv6(skb, packet, quoted, sum)
			    : fw_write_unreachable_ipv4(skb, packet, quoted, sum))
		return -1;
	return fw_swap_link_addresses(skb, packet);
}

// Answers a packet with ICMP port unreachable from the address it asked, towards where it came from, and returns a tc
// action. What may not be answered is dropped; either is counted. A packet of a process of this node
// (skb->ingress_ifindex is 0) is on its way out, any other on its way in.
__noinline int fw_reject(struct __sk_buff *skb, struct fw_packet *packet)
{
	enum fw_integrity integrity = FW_INTACT;
	__u32 reason = FW_DROP_REJECTED;

	if (!packet) // never; the verifier looks at this function by itself
		return TC_ACT_SHOT;
	if (!fw_is_answerable(skb, packet))
		reason = FW_DROP_UNANSWERED;
	else if ((integrity = fw_integrity_of(skb, packet)) == FW_BROKEN)
		reason = FW_DROP_MALFORMED;
	else if (!fw_reject_is_within_budget())
		reason = FW_DROP_REJECT_LIMITED;
	fw_count_drop(reason);
	if (reason != FW_DROP_REJECTED || fw_become_unreachable(skb, packet, integrity))
		return TC_ACT_SHOT;
	return bpf_redirect(skb->ifindex, skb->ingress_ifindex ? 0 : BPF_F_INGRESS);
}
