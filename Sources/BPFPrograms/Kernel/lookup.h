// What the maps say of an address, a frontend or a source, and the counting that every program does.
#pragma once

#include <bpf/bpf_endian.h>

#include "hashing.h"

// Written to the word before an IPv4 address: ::ffff:a.b.c.d.
#define FW_IPV4_MARK bpf_htonl(0xffff)

static __always_inline struct fw_address fw_ipv4(__u32 address)
{
	return (struct fw_address){ { 0, 0, FW_IPV4_MARK, address } };
}

static __always_inline int fw_is_ipv4(const struct fw_address *address)
{
	return address->words[0] == 0 && address->words[1] == 0 && address->words[2] == FW_IPV4_MARK;
}

static __always_inline int fw_same_address(const struct fw_address *one, const struct fw_address *other)
{
	return one->words[0] == other->words[0] && one->words[1] == other->words[1] && one->words[2] == other->words[2] &&
	       one->words[3] == other->words[3];
}

// True for a field of the settings or of an interface that was left empty.
static __always_inline int fw_is_unset(const struct fw_address *address)
{
	return (address->words[0] | address->words[1] | address->words[2] | address->words[3]) == 0;
}

// 0.0.0.0 or ::.
static __always_inline int fw_is_wildcard(const struct fw_address *address)
{
	return address->words[3] == 0 && (fw_is_ipv4(address) || fw_is_unset(address));
}

// Never 0 once the daemon has written them; the verifier does not know that an array's first entry is there.
static __always_inline const struct fw_settings *fw_get_settings(void)
{
	__u32 first = 0;
	return bpf_map_lookup_elem(&settings, &first);
}

// The Service at an address and port (network order): its own, else a NodePort where the address is one that
// NodePorts are served at. None at the wildcard, which is the key of NodePorts and, to connect(), the loopback.
static __always_inline struct fw_frontend *fw_find_frontend(const struct fw_address *destination, __u16 port, __u8 protocol)
{
	if (fw_is_wildcard(destination))
		return 0;
	struct fw_frontend_key key = { .address = *destination, .port = port, .protocol = protocol };
	struct fw_frontend *frontend = bpf_map_lookup_elem(&frontends, &key);
	if (frontend || !bpf_map_lookup_elem(&nodeport_addresses, &key.address))
		return frontend;
	key.address = fw_is_ipv4(destination) ? fw_ipv4(0) : (struct fw_address){};
	return bpf_map_lookup_elem(&frontends, &key);
}

// Times that a frontend is read until it is certain.
#define FW_FRONTEND_ATTEMPTS 3

// Copies the frontend; 0 when there is none. The memory of an element that was replaced can be another frontend's at once
// (bpf_mem_alloc, Linux 6.1): what was read is this one's when the same element is found again afterwards. Not static, as
// fw_choose.
__noinline int fw_read_frontend(const struct fw_frontend_key *key, struct fw_frontend *copy)
{
	if (!key || !copy)
		return 0;
	for (int attempt = 0; attempt < FW_FRONTEND_ATTEMPTS; attempt++) {
		struct fw_frontend *found = fw_find_frontend(&key->address, key->port, key->protocol);
		if (!found)
			return 0;
		*copy = *found;
		if (fw_find_frontend(&key->address, key->port, key->protocol) == found)
			return 1;
	}
	return 0;
}

// Whether what was decided for this frontend, a flow that never begins anew, still goes to the service. Looked for again
// only after frontends have changed; *generation is the flow's own note of that.
static __always_inline int fw_still_leads(const struct fw_frontend_key *key, __u32 service, __u16 *generation)
{
	const struct fw_settings *settings = fw_get_settings();
	struct fw_frontend frontend = {};

	if (!settings || *generation == (__u16)settings->generation)
		return 1;
	__u16 current = (__u16)settings->generation; // before the frontend is read
	if (!fw_read_frontend(key, &frontend) || frontend.service != service)
		return 0;
	*generation = current;
	return 1;
}

// A flow's first note: what was read before it was made is looked at once more.
static __always_inline __u16 fw_earlier_generation(void)
{
	const struct fw_settings *settings = fw_get_settings();
	return settings ? (__u16)(settings->generation - 1) : 0;
}

// Whether some Service has this ClusterIP, at whatever port.
static __always_inline int fw_is_cluster_ip(const struct fw_address *address)
{
	struct fw_address key = *address; // Linux 6.1 looks up what is on the stack or in a map, not a function's argument
	return bpf_map_lookup_elem(&cluster_ips, &key) != 0;
}

static __always_inline int fw_in_service_ranges(const struct fw_address *address)
{
	struct fw_prefix key = { .length = 128, .address = *address };
	return bpf_map_lookup_elem(&service_ranges, &key) != 0;
}

static __always_inline int fw_is_within(
	const struct fw_address *address, const struct fw_address *range, const struct fw_address *mask)
{
	return (address->words[0] & mask->words[0]) == range->words[0] && (address->words[1] & mask->words[1]) == range->words[1]
		&& (address->words[2] & mask->words[2]) == range->words[2]
		&& (address->words[3] & mask->words[3]) == range->words[3];
}

// False for an address that no Service has and that is in none of its ranges, without a lookup in a hash map. True says
// nothing.
static __always_inline int fw_may_be_of_services(const struct fw_address *address)
{
	const struct fw_settings *settings = fw_get_settings();
	__u32 bit, index;
	__u64 *word;

	if (!settings || !settings->is_filtered)
		return 1;
	if (fw_is_within(address, &settings->range_ipv4, &settings->mask_ipv4)
		|| fw_is_within(address, &settings->range_ipv6, &settings->mask_ipv6))
		return 1;
	bit = fw_hash(address, 0, 0) % FW_FILTER_BITS;
	index = bit / 64;
	word = bpf_map_lookup_elem(&address_filter, &index);
	return !word || *word >> (bit % 64) & 1;
}

// Whether a packet with this source, or one that arrived on this interface, is a pod's, as the settings detect pods.
static __always_inline int fw_is_pod_source(
	const struct fw_settings *settings, const struct fw_address *source, __u32 ifindex)
{
	if (settings->detect & FW_DETECT_PREFIXES) {
		struct fw_prefix key = { .length = 128, .address = *source };
		if (bpf_map_lookup_elem(&pod_ranges, &key))
			return 1;
	}
	if (settings->detect & FW_DETECT_INTERFACES) {
		struct fw_interface *interface = bpf_map_lookup_elem(&interfaces, &ifindex);
		if (interface && interface->flags & FW_INTERFACE_POD)
			return 1;
	}
	return 0;
}

// `allowed` is fw_frontend.sources.
static __always_inline int fw_source_allowed(__u32 allowed, const struct fw_address *source)
{
	struct fw_source_key key = { .length = 32 + 128, .sources = bpf_htonl(allowed), .address = *source };
	return allowed == 0 || bpf_map_lookup_elem(&sources, &key) != 0;
}

// A program of a cgroup can be preempted by another on its processor: the counts of a processor are atomic too.
static __always_inline void fw_count_drop(__u32 reason)
{
	__u64 *count = bpf_map_lookup_elem(&drops, &reason);
	if (count)
		__sync_fetch_and_add(count, 1);
}

static __always_inline void fw_count_usage(__u32 which, __s64 change)
{
	__u64 *count = bpf_map_lookup_elem(&usage, &which);
	if (count)
		__sync_fetch_and_add(count, change);
}

// The counters of a backend on this processor, made when they are first asked for; 0 when there is no room.
static __noinline struct fw_counters *fw_find_counters(__u32 backend)
{
	struct fw_counters *found = bpf_map_lookup_elem(&counters, &backend);
	if (found)
		return found;
	struct fw_counters none = {};
	bpf_map_update_elem(&counters, &backend, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&counters, &backend);
}

static __always_inline void fw_count_connection(__u32 backend)
{
	struct fw_counters *found = fw_find_counters(backend);
	if (found)
		__sync_fetch_and_add(&found->connections, 1);
}
