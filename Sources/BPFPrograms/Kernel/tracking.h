// What a packet does to its connection's state, and the counting of packets.
#pragma once

#include "connections.h"

// Times are written at most this often, so that the processors that a connection's packets are on do not write to one
// cache line all the time.
#define FW_SEEN_NANOSECONDS 100000000ULL

static __always_inline int fw_begins(const struct fw_packet *packet)
{
	return packet->protocol == IPPROTO_TCP && (packet->tcp_flags & (FW_TCP_SYN | FW_TCP_ACK)) == FW_TCP_SYN;
}

static __always_inline void fw_close(struct fw_connection *forward)
{
	forward->state = FW_CLOSED;
	fw_connection_uncount(forward);
}

// States follow the flags alone: sequence numbers are the two ends' business, and a wrong guess costs no more than a count.
static __always_inline void fw_follow_tcp(struct fw_connection *forward, __u8 tcp_flags, __u32 fin)
{
	__u32 fins = FW_CONNECTION_FIN_FORWARD | FW_CONNECTION_FIN_REPLY;

	// A client that has heard nothing of the connection answers what is left of an earlier one at the backend, which takes
	// the next SYN: it has to get there, and not to another backend.
	if (tcp_flags & FW_TCP_RST) {
		if (forward->state != FW_NEW || fin == FW_CONNECTION_FIN_REPLY)
			fw_close(forward);
	} else if (tcp_flags & FW_TCP_FIN) {
		if (((__sync_fetch_and_or(&forward->flags, fin) | fin) & fins) == fins)
			fw_close(forward);
		else if (forward->state < FW_CLOSING)
			forward->state = FW_CLOSING;
	}
}

static __always_inline void fw_count_packets(__u32 backend, __u32 bytes, __u32 packets, int is_reply)
{
	struct fw_counters *found = fw_find_counters(backend);

	if (!found)
		return;
	if (is_reply) {
		found->packets_out += packets;
		found->bytes_out += bytes;
	} else {
		found->packets_in += packets;
		found->bytes_in += bytes;
	}
}

// Takes note of a packet of the connection, from its client or in answer. One that is yet to be segmented counts as the
// packets that it becomes.
static __noinline int fw_track(
	struct __sk_buff *skb, struct fw_packet *packet, struct fw_connection *forward, int is_reply)
{
	__u64 now = bpf_ktime_get_coarse_ns();
	__u32 segments = skb->gso_segs;

	if (now - forward->seen > FW_SEEN_NANOSECONDS)
		forward->seen = now;
	if (is_reply && forward->state == FW_NEW && (packet->protocol != IPPROTO_TCP || packet->tcp_flags & FW_TCP_SYN))
		forward->state = FW_ESTABLISHED;
	if (packet->protocol == IPPROTO_TCP)
		fw_follow_tcp(
			forward, packet->tcp_flags, is_reply ? FW_CONNECTION_FIN_REPLY : FW_CONNECTION_FIN_FORWARD);
	fw_count_packets(forward->backend, packet->length, segments ? segments : 1, is_reply);
	return 0;
}
