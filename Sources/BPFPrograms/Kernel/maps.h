// The maps, as libbpf creates them. Every object defines all of them and the loader gives each object the
// same ones, by name.
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "fairway_maps.h"

#define FW_NS_PER_SECOND 1000000000ULL

// Elements are allocated as they come: memory follows the number of Services. The numbers are limits; what happens
// at each is said where it is written.
#define FW_HASH(map_name, key_type, value_type, limit) \
	struct { \
		__uint(type, BPF_MAP_TYPE_HASH); \
		__uint(map_flags, BPF_F_NO_PREALLOC); \
		__uint(max_entries, limit); \
		__type(key, key_type); \
		__type(value, value_type); \
	} map_name SEC(".maps")

#define FW_PREFIXES(map_name, key_type, limit) \
	struct { \
		__uint(type, BPF_MAP_TYPE_LPM_TRIE); \
		__uint(map_flags, BPF_F_NO_PREALLOC); \
		__uint(max_entries, limit); \
		__type(key, key_type); \
		__type(value, __u8); \
	} map_name SEC(".maps")

#define FW_ARRAY(map_name, map_type, value_type, count) \
	struct { \
		__uint(type, map_type); \
		__uint(max_entries, count); \
		__type(key, __u32); \
		__type(value, value_type); \
	} map_name SEC(".maps")

// Filled by the daemon, which sets larger limits before it creates them when its table asks for that: a hash map
// that is not preallocated still keeps 16 bytes of buckets for each element of its limit. These hold 10 000 Services
// of 5 endpoints and as many again.
FW_HASH(frontends, struct fw_frontend_key, struct fw_frontend, 1 << 16);
FW_HASH(backend_sets, struct fw_set_key, struct fw_backend_set, 1 << 16);
FW_HASH(cursors, struct fw_set_key, __u64, 1 << 14);
FW_HASH(slots, struct fw_slot_key, __u32, 1 << 18);
FW_HASH(backends, __u32, struct fw_backend, 1 << 17);
FW_HASH(loads, __u32, struct fw_load, 1 << 17);
FW_HASH(siblings, struct fw_sibling_key, __u32, 1 << 14);
FW_HASH(nodeport_addresses, struct fw_address, __u8, 1 << 10);
FW_HASH(cluster_ips, struct fw_address, __u8, 1 << 16);
FW_HASH(interfaces, __u32, struct fw_interface, 1 << 14);
FW_PREFIXES(sources, struct fw_source_key, 1 << 17);
FW_PREFIXES(service_ranges, struct fw_prefix, 1 << 8);
FW_PREFIXES(pod_ranges, struct fw_prefix, 1 << 12);
FW_ARRAY(address_filter, BPF_MAP_TYPE_ARRAY, __u64, FW_FILTER_BITS / 64);
FW_ARRAY(settings, BPF_MAP_TYPE_ARRAY, struct fw_settings, 1);

// Filled by the programs. A connection is two entries, or four when it is masqueraded.
FW_HASH(connections, struct fw_tuple, struct fw_connection, 1 << 19);
FW_HASH(sockets, __u64, struct fw_socket, 1 << 17);
FW_HASH(socket_flows, struct fw_socket_flow_key, struct fw_socket_flow, 1 << 17);
FW_ARRAY(drops, BPF_MAP_TYPE_PERCPU_ARRAY, __u64, FW_DROP_REASONS);
FW_ARRAY(reject_budget, BPF_MAP_TYPE_PERCPU_ARRAY, __u64, 1);
FW_ARRAY(usage, BPF_MAP_TYPE_ARRAY, __u64, FW_USAGES);

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1 << 17);
	__type(key, __u32);
	__type(value, struct fw_counters);
} counters SEC(".maps");

// Memories that may be lost when there are too many: nothing is counted by them.
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 16);
	__type(key, struct fw_affinity_key);
	__type(value, struct fw_affinity);
} affinity SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 12);
	__type(key, struct fw_fragment_key);
	__type(value, struct fw_fragment);
} fragments SEC(".maps");
