// Which backend takes a connection.
#pragma once

#include "affinity.h"
#include "hashing.h"
#include "loads.h"
#include "lookup.h"

// Times that a set is read and a slot is drawn. An element can be taken away between two lookups, and the memory
// of one that was replaced can hold another's at once: what is found is believed when its service is the asked one.
#define FW_CHOICE_ATTEMPTS 4

// State of one comparison, and the context of its loop.
struct fw_comparison {
	__u32 service;
	__u32 table;
	__u32 slot_count;
	__u32 start;
	__u32 scheduler;
	__u32 best; // a backend; 0: none yet
	__u64 best_connections;
	__u64 best_weight;
};

static __always_inline struct fw_backend *fw_find_backend(__u32 service, __u32 backend)
{
	struct fw_backend *found = bpf_map_lookup_elem(&backends, &backend);
	return found && found->service == service ? found : 0;
}

static __always_inline int fw_takes_connections(const struct fw_backend *backend)
{
	return backend->weight != 0 && !(backend->flags & FW_BACKEND_DRAINING);
}

static __always_inline __u32 fw_slot(__u32 table, __u32 index)
{
	struct fw_slot_key key = { .table = table, .index = index };
	__u32 *backend = bpf_map_lookup_elem(&slots, &key);
	return backend ? *backend : 0;
}

// Takes the backend if it does better than the best so far: the first wins a tie. A quotient is compared by products, which
// fit: connections below 2^47, weights below 2^16.
static __always_inline void fw_compare(struct fw_comparison *comparison, __u32 backend, const struct fw_backend *found)
{
	__u64 connections = fw_load(backend), weight = found->weight;
	if (comparison->scheduler == FW_LEAST_CONNECTIONS)
		weight = 1;
	if (comparison->scheduler == FW_SHORTEST_EXPECTED_DELAY || (comparison->scheduler == FW_NEVER_QUEUE && connections != 0))
		connections++;
	if (comparison->best && connections * comparison->best_weight >= comparison->best_connections * weight)
		return;
	comparison->best = backend;
	comparison->best_connections = connections;
	comparison->best_weight = weight;
}

// bpf_loop's callback: 1 ends the loop, once nothing can be better.
static long fw_compare_slot(__u32 step, struct fw_comparison *comparison)
{
	__u32 index = comparison->start + step;
	if (index >= comparison->slot_count)
		index -= comparison->slot_count;
	__u32 backend = fw_slot(comparison->table, index);
	struct fw_backend *found = fw_find_backend(comparison->service, backend);
	if (found && fw_takes_connections(found))
		fw_compare(comparison, backend, found);
	return comparison->best != 0 && comparison->best_connections == 0;
}

// lc, wlc, sed and nq: the best of the backends compared; 0 when none takes connections.
static __always_inline __u32 fw_least_loaded(const struct fw_choice *choice, const struct fw_backend_set *set)
{
	struct fw_comparison comparison = { .service = choice->service, .table = set->table,
		.slot_count = set->slot_count, .scheduler = set->scheduler };
	__u32 steps = set->slot_count;
	if (steps > FW_COMPARED_BACKENDS) {
		steps = FW_COMPARED_BACKENDS;
		comparison.start = bpf_get_prandom_u32() % set->slot_count;
	}
	bpf_loop(steps, fw_compare_slot, &comparison, 0);
	return comparison.best;
}

// twos: two different slots at random; the planner's slots may already weigh them.
static __always_inline __u32 fw_better_of_two(const struct fw_choice *choice, const struct fw_backend_set *set)
{
	__u32 first = bpf_get_prandom_u32() % set->slot_count;
	struct fw_comparison comparison = { .service = choice->service, .table = set->table,
		.slot_count = set->slot_count, .start = first, .scheduler = FW_WEIGHTED_LEAST_CONNECTIONS };
	fw_compare_slot(0, &comparison);
	if (set->slot_count > 1)
		fw_compare_slot(1 + bpf_get_prandom_u32() % (set->slot_count - 1), &comparison);
	return comparison.best;
}

// rr and wrr: the next slot of the set, whoever asks. Random when there is no room for a cursor.
static __always_inline __u32 fw_next_in_turn(const struct fw_choice *choice, const struct fw_backend_set *set)
{
	struct fw_set_key key = { .service = choice->service, .scope = choice->scope };
	__u64 *cursor = bpf_map_lookup_elem(&cursors, &key);
	if (!cursor) {
		__u64 start = 0;
		bpf_map_update_elem(&cursors, &key, &start, BPF_NOEXIST);
		cursor = bpf_map_lookup_elem(&cursors, &key);
	}
	return cursor ? __sync_fetch_and_add(cursor, 1) % set->slot_count : bpf_get_prandom_u32() % set->slot_count;
}

// The slot of those schedulers that look at one. Each attempt draws another, the hashes' from the same hash.
static __always_inline __u32 fw_draw_slot(const struct fw_choice *choice, const struct fw_backend_set *set, __u32 attempt)
{
	switch (set->scheduler) {
	case FW_IN_TURN:
		return fw_next_in_turn(choice, set);
	case FW_SOURCE_HASH:
		return fw_hash(&choice->client, 0, attempt) % set->slot_count;
	case FW_DESTINATION_HASH:
		return fw_hash(&choice->destination, 0, attempt) % set->slot_count;
	case FW_MAGLEV:
		return fw_hash(&choice->client, choice->client_port, attempt) % set->slot_count;
	default:
		return bpf_get_prandom_u32() % set->slot_count;
	}
}

static __always_inline __u32 fw_schedule(const struct fw_choice *choice, const struct fw_backend_set *set, __u32 attempt)
{
	switch (set->scheduler) {
	case FW_LEAST_CONNECTIONS:
	case FW_WEIGHTED_LEAST_CONNECTIONS:
	case FW_SHORTEST_EXPECTED_DELAY:
	case FW_NEVER_QUEUE:
		return fw_least_loaded(choice, set);
	case FW_TWO_CHOICES:
		return fw_better_of_two(choice, set);
	default:
		return fw_slot(set->table, fw_draw_slot(choice, set, attempt));
	}
}

// Writes the answer when the backend is there and takes connections. Looks at the service again after the rest: its memory
// can have become another's meanwhile.
static __always_inline int fw_take(struct fw_choice *choice, __u32 backend)
{
	struct fw_backend *found = fw_find_backend(choice->service, backend);
	if (!found || !fw_takes_connections(found))
		return -1;
	choice->backend = backend;
	choice->port = found->port;
	choice->flags = found->flags;
	choice->address = found->address;
	return *(volatile __u32 *)&found->service == choice->service ? 0 : -1;
}

enum fw_attempt {
	FW_CHOSEN = 0,
	FW_NOTHING_TO_CHOOSE = 1,
	FW_TRY_AGAIN = 2,
};

// Not static: the verifier then walks through it once for itself, not again for every way that leads to a call. So with
// fw_choose.
__noinline int fw_choose_once(struct fw_choice *choice, __u32 attempt)
{
	if (!choice)
		return FW_NOTHING_TO_CHOOSE;
	struct fw_set_key key = { .service = choice->service, .scope = choice->scope };
	struct fw_backend_set *found = bpf_map_lookup_elem(&backend_sets, &key);
	if (!found)
		return FW_NOTHING_TO_CHOOSE;
	struct fw_backend_set set = *found;
	if (set.slot_count == 0)
		return FW_NOTHING_TO_CHOOSE;
	if (set.affinity_seconds && fw_take(choice, fw_remembered(choice, &set)) == 0)
		return FW_CHOSEN;
	if (fw_take(choice, fw_schedule(choice, &set, attempt)))
		return FW_TRY_AGAIN;
	if (set.affinity_seconds)
		fw_remember(choice, &set);
	return FW_CHOSEN;
}

// The backend of a new connection: the one remembered for the client, else one that the set's scheduler chooses, which is
// then remembered. 0, or -1 when there is nothing to balance over. Counts nothing: a caller that fails after it has nothing
// to give back. All of `choice` must have been initialised.
__noinline int fw_choose(struct fw_choice *choice)
{
	for (__u32 attempt = 0; choice && attempt < FW_CHOICE_ATTEMPTS; attempt++) {
		int result = fw_choose_once(choice, attempt);
		if (result != FW_TRY_AGAIN)
			return result == FW_CHOSEN ? 0 : -1;
	}
	return -1;
}
