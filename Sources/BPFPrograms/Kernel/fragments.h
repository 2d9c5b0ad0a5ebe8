// Ports of packets that came in pieces: only the first fragment has the transport header.
#pragma once

#include "lookup.h"
#include "parsing.h"

// Seconds for which a first fragment's ports are good for the fragments behind it: as long as the kernel waits for the
// missing ones of IPv4 (IP_FRAG_TIME). Longer, and an identification that came round would find another packet's.
#define FW_FRAGMENT_SECONDS 30

static __always_inline void fw_fragment_key_of(const struct fw_packet *packet, struct fw_fragment_key *key)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->source = packet->tuple.source;
	key->destination = packet->tuple.destination;
	key->identification = packet->identification;
	key->protocol = packet->protocol;
}

static __always_inline void fw_fragment_remember(const struct fw_packet *packet)
{
	struct fw_fragment_key key;
	fw_fragment_key_of(packet, &key);
	struct fw_fragment ports = {
		.source_port = packet->tuple.source_port,
		.destination_port = packet->tuple.destination_port,
		.seen = bpf_ktime_get_ns(),
	};
	// The map forgets the longest unused. Should it refuse, the later fragments find nothing and say so.
	bpf_map_update_elem(&fragments, &key, &ports, BPF_ANY);
}

static __always_inline int fw_fragment_recall(struct fw_packet *packet)
{
	struct fw_fragment_key key;
	fw_fragment_key_of(packet, &key);
	const struct fw_fragment *ports = bpf_map_lookup_elem(&fragments, &key);
	if (!ports || bpf_ktime_get_ns() - ports->seen > FW_FRAGMENT_SECONDS * FW_NS_PER_SECOND)
		return -1;
	packet->tuple.source_port = ports->source_port;
	packet->tuple.destination_port = ports->destination_port;
	return 0;
}

// Remembers the ports of a first fragment, and gives a later one those of its first. 0, or a negative number when
// the first was not seen, or long ago.
static __noinline int fw_fragment_ports(struct __sk_buff *skb, struct fw_packet *packet)
{
	(void)skb;
	if (packet->fragment == FW_LATER_FRAGMENT)
		return fw_fragment_recall(packet);
	if (packet->fragment == FW_FIRST_FRAGMENT)
		fw_fragment_remember(packet);
	return 0;
}

// Whether a fragment without ports must not go on: to an address that only Services have, it would leave the node
// for somewhere that knows nothing of it. To the node's own addresses it may: it waits there for a first fragment
// until the kernel gives it up.
static __always_inline int fw_fragment_is_lost(const struct fw_packet *packet)
{
	const struct fw_address *address = &packet->tuple.destination;
	return fw_is_cluster_ip(address) || fw_in_service_ranges(address);
}
