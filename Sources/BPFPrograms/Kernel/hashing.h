// The hash that sh, dh and mh draw a slot by.
#pragma once

#include "maps.h"

// One round: a multiplication by an odd constant carries every bit upwards, the shift brings the upper half down again.
static __always_inline __u64 fw_mix(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL; // 2^64 over the golden ratio
	return hash ^ hash >> 32;
}

// The same on every node and after every restart: a client that reaches another node finds the same Maglev slot.
static __always_inline __u32 fw_hash(const struct fw_address *address, __u16 port, __u32 attempt)
{
	__u64 hash = fw_mix(attempt, (__u64)address->words[0] << 32 | address->words[1]);
	hash = fw_mix(hash, (__u64)address->words[2] << 32 | address->words[3]);
	hash = fw_mix(hash, port);
	return fw_mix(hash, 0) >> 16;
}
