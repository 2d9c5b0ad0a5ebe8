// The table of connections: how entries come and go, and what packets do to their state.
//
// A connection is made and ended as a whole. Its forward entry is written last and deleted first: who finds it finds the
// others, and who marks it as ending deletes them all. The tuples of the others follow from it.
//
// The memory of an entry that was deleted can be another's at once, while a processor still looks at it: what is given
// back is what the memory says after its flag was taken, never what it said before.
#pragma once

#include "loads.h"
#include "parsing.h"

#define FW_PORT_ATTEMPTS 64 // ports tried for one connection: beyond that the range counts as used up
#define FW_ENOENT 2
#define FW_EEXIST 17

// A connection to be made; too large for the stack.
struct fw_opening {
	// Asked.
	struct fw_tuple forward; // as the client sends it
	struct fw_tuple becomes; // the source port is chosen here
	struct fw_address node;  // with FW_CONNECTION_MASQUERADED
	__u32 service;
	__u32 backend;
	__u32 flags;       // FW_CONNECTION_NODE, FW_CONNECTION_MASQUERADED
	__u32 keeps_port;  // tries the client's port first
	__u32 only_port;   // and no other
	__u32 first_port;  // host order
	__u32 port_count;
	__u32 start;
	// Answered.
	__u32 outcome; // enum fw_opened
	__u32 zero;
	// At work.
	struct fw_connection entry;
	struct fw_tuple reply;
	struct fw_tuple answers; // what the reply becomes
	struct fw_tuple key;
	struct fw_tuple other;
};

enum fw_opened {
	FW_OPENED_NOT = 0, // no free port
	FW_OPENED = 1,
	FW_OPENED_BEFORE = 2, // by another processor, for a packet of the same connection
	FW_OPENED_TABLE_FULL = 3,
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fw_opening);
} scratch SEC(".maps");

static __always_inline struct fw_opening *fw_scratch(void)
{
	__u32 first = 0;
	return bpf_map_lookup_elem(&scratch, &first);
}

static __always_inline struct fw_connection *fw_connection_find(const struct fw_tuple *tuple)
{
	struct fw_tuple key = *tuple; // Linux 6.1 looks up what is on the stack or in a map, not a function's argument
	return bpf_map_lookup_elem(&connections, &key);
}

static __always_inline void fw_reverse(struct fw_tuple *to, const struct fw_tuple *tuple)
{
	to->source = tuple->destination;
	to->destination = tuple->source;
	to->source_port = tuple->destination_port;
	to->destination_port = tuple->source_port;
	to->protocol = tuple->protocol;
	to->zero[0] = to->zero[1] = to->zero[2] = 0;
}

static __always_inline int fw_same_tuple(const struct fw_tuple *one, const struct fw_tuple *other)
{
	return fw_same_address(&one->source, &other->source) && fw_same_address(&one->destination, &other->destination)
		&& one->source_port == other->source_port && one->destination_port == other->destination_port
		&& one->protocol == other->protocol;
}

// Where the answers of a masqueraded connection's backend go to: the node.
static __always_inline void fw_unmasquerade_key(
	struct fw_tuple *to, const struct fw_tuple *becomes, const struct fw_address *node)
{
	fw_reverse(to, becomes);
	to->destination = *node;
}

// Gives back the connection's count, once.
static __always_inline void fw_connection_uncount(struct fw_connection *forward)
{
	if (__sync_fetch_and_and(&forward->flags, ~FW_CONNECTION_COUNTED) & FW_CONNECTION_COUNTED)
		fw_load_take(*(volatile __u32 *)&forward->backend);
}

// Ends the connection whose forward entry has this tuple, which must not lie in the entry itself. Packets, expiry and
// eviction all end connections here. 1 when this call ended it, 0 when it was not there or another ended it.
__noinline int fw_connection_end(const struct fw_tuple *tuple)
{
	struct fw_connection *forward;
	struct fw_tuple own, becomes, key;
	struct fw_address node;
	__u32 masqueraded;
	long failure;

	if (!tuple) // never; the verifier looks at this function by itself
		return 0;
	own = *tuple;
	forward = bpf_map_lookup_elem(&connections, &own);
	if (!forward || forward->role != FW_FORWARD
		|| __sync_fetch_and_or(&forward->flags, FW_CONNECTION_ENDING) & FW_CONNECTION_ENDING)
		return 0;
	becomes = forward->becomes;
	node = forward->node;
	masqueraded = forward->flags & FW_CONNECTION_MASQUERADED;
	if (!fw_same_tuple(&forward->forward, &own)) { // another's by now
		__sync_fetch_and_and(&forward->flags, ~FW_CONNECTION_ENDING);
		return 0;
	}
	fw_connection_uncount(forward);
	failure = bpf_map_delete_elem(&connections, &own);
	if (failure) {
		if (failure != -FW_ENOENT) // for the next one to try
			__sync_fetch_and_and(&forward->flags, ~FW_CONNECTION_ENDING);
		return 0;
	}
	fw_reverse(&key, &becomes);
	bpf_map_delete_elem(&connections, &key);
	if (masqueraded) {
		key.destination = node;
		bpf_map_delete_elem(&connections, &key);
		bpf_map_delete_elem(&connections, &becomes);
	}
	fw_count_usage(FW_USED_CONNECTIONS, -1);
	return 1;
}

// Writes one of the entries, unless its tuple is taken.
static __always_inline long fw_add_entry(
	struct fw_opening *opening, const struct fw_tuple *key, const struct fw_tuple *becomes, __u8 role)
{
	opening->entry.becomes = *becomes;
	opening->entry.role = role;
	return bpf_map_update_elem(&connections, key, &opening->entry, BPF_NOEXIST);
}

// The entries that masquerading adds; both or none.
static __always_inline long fw_add_masquerade(struct fw_opening *opening)
{
	long failure;

	fw_unmasquerade_key(&opening->key, &opening->becomes, &opening->node);
	failure = fw_add_entry(opening, &opening->key, &opening->reply, FW_UNMASQUERADE);
	if (failure)
		return failure;
	opening->other = opening->becomes;
	opening->other.source = opening->node;
	failure = fw_add_entry(opening, &opening->becomes, &opening->other, FW_MASQUERADING);
	if (failure)
		bpf_map_delete_elem(&connections, &opening->key);
	return failure;
}

static __always_inline void fw_remove_masquerade(struct fw_opening *opening)
{
	fw_unmasquerade_key(&opening->key, &opening->becomes, &opening->node);
	bpf_map_delete_elem(&connections, &opening->key);
	bpf_map_delete_elem(&connections, &opening->becomes);
}

// The entries of answers, then, once they are there, the forward entry.
static __always_inline long fw_add_entries(struct fw_opening *opening)
{
	long failure;

	fw_reverse(&opening->reply, &opening->becomes);
	fw_reverse(&opening->answers, &opening->forward);
	failure = fw_add_entry(opening, &opening->reply, &opening->answers, FW_REPLY);
	if (failure)
		return failure;
	if (opening->flags & FW_CONNECTION_MASQUERADED) {
		failure = fw_add_masquerade(opening);
		if (failure)
			goto remove_reply;
	}
	if (fw_load_add(opening->backend))
		opening->entry.flags |= FW_CONNECTION_COUNTED;
	failure = fw_add_entry(opening, &opening->forward, &opening->becomes, FW_FORWARD);
	if (!failure)
		return 0;
	if (opening->entry.flags & FW_CONNECTION_COUNTED)
		fw_load_take(opening->backend);
	opening->entry.flags &= ~FW_CONNECTION_COUNTED;
	if (opening->flags & FW_CONNECTION_MASQUERADED)
		fw_remove_masquerade(opening);
remove_reply:
	bpf_map_delete_elem(&connections, &opening->reply);
	return failure;
}

// bpf_loop's callback: tries one source port; 1 ends the loop.
static long fw_try_port(__u32 step, void *context)
{
	struct fw_opening *opening = fw_scratch();
	__u32 port;
	long failure;

	(void)context;
	if (!opening)
		return 1;
	if (step == 0 && opening->keeps_port) {
		opening->becomes.source_port = opening->forward.source_port;
	} else {
		if (opening->only_port || !opening->port_count)
			return 1;
		port = opening->first_port + (opening->start + step) % opening->port_count;
		opening->becomes.source_port = bpf_htons((__u16)port);
	}
	failure = fw_add_entries(opening);
	if (!failure) {
		opening->outcome = FW_OPENED;
		return 1;
	}
	if (failure != -FW_EEXIST) {
		opening->outcome = FW_OPENED_TABLE_FULL;
		return 1;
	}
	if (fw_connection_find(&opening->forward)) {
		opening->outcome = FW_OPENED_BEFORE;
		return 1;
	}
	return 0;
}

// Makes the connection described by the scratch space, all entries or none; an enum fw_opened. What fails is not
// counted here.
__noinline int fw_connection_create(void)
{
	struct fw_opening *opening = fw_scratch();
	const struct fw_settings *settings = fw_get_settings();
	__u64 now = bpf_ktime_get_coarse_ns();
	__u32 nothing = 0;

	if (!opening || !settings)
		return FW_OPENED_NOT;
	opening->first_port = settings->first_port;
	opening->port_count = settings->last_port >= settings->first_port
		? (__u32)settings->last_port - settings->first_port + 1 : 0;
	opening->start = bpf_get_prandom_u32();
	opening->outcome = FW_OPENED_NOT;
	__builtin_memset(&opening->entry, 0, sizeof(opening->entry));
	opening->entry.forward = opening->forward;
	opening->entry.opened = now;
	opening->entry.seen = now;
	opening->entry.node = opening->node;
	opening->entry.service = opening->service;
	opening->entry.backend = opening->backend;
	opening->entry.flags = opening->flags;
	opening->entry.generation = fw_earlier_generation();
	opening->entry.state = FW_NEW;
	bpf_loop(FW_PORT_ATTEMPTS, fw_try_port, &nothing, 0);
	if (opening->outcome == FW_OPENED) {
		fw_count_usage(FW_USED_CONNECTIONS, 1);
		fw_count_connection(opening->backend);
	}
	return opening->outcome;
}
