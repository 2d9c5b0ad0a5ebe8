// Ones' complement sums over packets (RFC 1071), for packets that are written anew. Sums are in network order, like
// the fields they are compared with.
#pragma once

#include <bpf/bpf_endian.h>

#include "maps.h"

#define FW_SUM_CHUNK 64
// What one sum covers at most: a packet of an Ethernet link. Longer ones (segments not yet cut) are not summed.
#define FW_SUMMED_BYTES 1536

static __always_inline __u16 fw_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

// The sum of a packet's bytes. Bytes that are not there, and those past FW_SUMMED_BYTES, count nothing.
__noinline __u32 fw_sum_of(struct __sk_buff *skb, __u32 offset, __u32 length)
{
	__u64 chunk[FW_SUM_CHUNK / 8];
	__u32 sum = 0;

	for (int turn = 0; turn < FW_SUMMED_BYTES / FW_SUM_CHUNK; turn++) {
		__u32 part = length < FW_SUM_CHUNK ? length : FW_SUM_CHUNK;
		if (!part)
			break;
		// 1...FW_SUM_CHUNK, in the one way that Linux 6.1 follows; the compiler would drop what changes nothing.
		part -= 1;
		__asm__ volatile("" : "+r"(part));
		part = (part & (FW_SUM_CHUNK - 1)) + 1;
		__builtin_memset(chunk, 0, sizeof(chunk));
		if (bpf_skb_load_bytes(skb, offset, chunk, part))
			break;
		sum = bpf_csum_diff(0, 0, (__be32 *)chunk, sizeof(chunk), sum);
		offset += part;
		length -= part;
	}
	return sum;
}

// Of the pseudo-header of both families: the ::ffff: before an IPv4 address adds 0xffff, which is 0 here.
static __always_inline __u32 fw_pseudo_sum(const struct fw_tuple *tuple, __u8 protocol, __u32 length)
{
	struct fw_address addresses[2] = { tuple->source, tuple->destination };
	__u32 rest[2] = { bpf_htonl(protocol), bpf_htonl(length) };
	__u32 sum = bpf_csum_diff(0, 0, rest, sizeof(rest), 0);
	return bpf_csum_diff(0, 0, (__be32 *)addresses, sizeof(addresses), sum);
}
