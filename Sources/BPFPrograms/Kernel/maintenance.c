// Expiry, eviction and the ending of a gone backend's connections: run by the daemon, as often as its settings ask for.
#include "connections.h"
#include "sockets.h"

char program_license[] SEC("license") = "GPL";

#define FW_NS_PER_MILLISECOND 1000000ULL
// A connection's forward entry is written last: an entry of translation without one is an orphan only after a while.
#define FW_ORPHAN_NANOSECONDS FW_NS_PER_SECOND
#define FW_AGES 64

// The sweep that is going on: the callbacks of a walk cannot write to the program's context. One daemon runs one sweep
// at a time.
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fw_sweep);
} sweep SEC(".maps");

static __always_inline struct fw_sweep *fw_get_sweep(void)
{
	__u32 first = 0;
	return bpf_map_lookup_elem(&sweep, &first);
}

static __always_inline __u64 fw_idle_limit(const struct fw_settings *settings, __u8 protocol, __u8 state)
{
	__u32 seconds = settings->udp_seconds;

	if (protocol == IPPROTO_TCP)
		seconds = state == FW_NEW ? settings->tcp_opening_seconds
			: state == FW_ESTABLISHED ? settings->tcp_established_seconds : settings->tcp_closing_seconds;
	return seconds * FW_NS_PER_SECOND;
}

// The bucket of a histogram: the logarithm of the milliseconds, 0 for less than two.
static __always_inline __u32 fw_age_bucket(__u64 idle)
{
	__u64 milliseconds = idle / FW_NS_PER_MILLISECOND;
	__u32 bucket = 0;

	for (__u32 shift = 32; shift; shift >>= 1) {
		if (milliseconds >> shift) {
			milliseconds >>= shift;
			bucket += shift;
		}
	}
	return bucket;
}

// A processor may have seen a packet after the sweep had looked at the clock.
static __always_inline __u64 fw_idle(const struct fw_sweep *sweep, __u64 seen)
{
	return sweep->now > seen ? sweep->now - seen : 0;
}

// The client and the backend of such a connection would have to begin anew; of others nobody, or at worst one of them,
// waits for anything.
static __always_inline int fw_is_established(const struct fw_tuple *key, const struct fw_connection *forward)
{
	return key->protocol == IPPROTO_TCP && (forward->state == FW_ESTABLISHED || forward->state == FW_CLOSING);
}

static __always_inline int fw_is_due(
	const struct fw_sweep *sweep, const struct fw_settings *settings, const struct fw_tuple *key,
	const struct fw_connection *forward)
{
	if (sweep->gone_backend)
		return forward->backend == sweep->gone_backend;
	if (sweep->older_than)
		return forward->seen < sweep->older_than && (!sweep->most || sweep->ended < sweep->most)
			&& !(sweep->spares && fw_is_established(key, forward));
	return fw_idle(sweep, forward->seen) > fw_idle_limit(settings, key->protocol, forward->state);
}

static __noinline void fw_sweep_forward(
	struct fw_sweep *sweep, const struct fw_tuple *key, struct fw_connection *forward)
{
	const struct fw_settings *settings = fw_get_settings();
	struct fw_tuple own;
	__u32 bucket;

	if (!settings)
		return;
	sweep->entries++;
	if (fw_is_due(sweep, settings, key, forward)) {
		own = *key; // ending writes over the entry's memory
		if (fw_connection_end(&own)) {
			sweep->ended++;
			if (!sweep->gone_backend)
				fw_count_usage(sweep->older_than ? FW_EVICTED : FW_EXPIRED, 1);
		}
		return;
	}
	bucket = fw_age_bucket(fw_idle(sweep, forward->seen));
	if (bucket >= FW_AGES)
		return;
	if (fw_is_established(key, forward))
		sweep->established[bucket]++;
	else
		sweep->ages[bucket]++;
}

// Whether the connection that an entry of translation names does not know this entry.
static __always_inline int fw_is_orphan(const struct fw_tuple *key, const struct fw_connection *entry)
{
	struct fw_connection *forward = fw_connection_find(&entry->forward);
	struct fw_tuple expected;

	if (!forward || forward->role != FW_FORWARD)
		return 1;
	if (entry->role == FW_MASQUERADING)
		return !fw_same_tuple(key, &forward->becomes);
	fw_reverse(&expected, &forward->becomes);
	if (entry->role == FW_UNMASQUERADE)
		expected.destination = forward->node;
	return !fw_same_tuple(key, &expected);
}

static __noinline void fw_sweep_translation(
	struct fw_sweep *sweep, const struct fw_tuple *key, const struct fw_connection *entry)
{
	struct fw_tuple own;

	if (fw_idle(sweep, entry->opened) < FW_ORPHAN_NANOSECONDS || !fw_is_orphan(key, entry))
		return;
	own = *key;
	bpf_map_delete_elem(&connections, &own);
}

static long fw_sweep_connection(
	void *map, const struct fw_tuple *key, struct fw_connection *entry, void *context)
{
	struct fw_sweep *sweep = fw_get_sweep();

	(void)map;
	(void)context;
	if (!sweep)
		return 1;
	if (entry->role == FW_FORWARD)
		fw_sweep_forward(sweep, key, entry);
	else
		fw_sweep_translation(sweep, key, entry);
	return 0;
}

// A socket that was sent to the backend lives on, but is the backend's no more: nothing is left to give back when it
// closes.
static long fw_sweep_socket(void *map, const __u64 *key, struct fw_socket *socket, void *context)
{
	struct fw_sweep *sweep = fw_get_sweep();

	(void)map;
	(void)context;
	if (!sweep)
		return 1;
	if (socket->backend == sweep->gone_backend) {
		fw_forget_socket(*key);
		sweep->ended++;
	}
	return 0;
}

static long fw_sweep_flow(
	void *map, const struct fw_socket_flow_key *key, struct fw_socket_flow *flow, void *context)
{
	struct fw_sweep *sweep = fw_get_sweep();

	(void)map;
	(void)context;
	if (!sweep)
		return 1;
	if (key->kind == FW_FLOW_NUMBERED && flow->backend == sweep->gone_backend)
		fw_end_flow(key->cookie, flow->number);
	return 0;
}

SEC("syscall")
int fairway_maintenance(struct fw_sweep *asked)
{
	struct fw_sweep *sweep = fw_get_sweep();
	__u32 nothing = 0;

	if (!sweep)
		return -1;
	if (asked->backend) {
		fw_load_change(asked->backend, asked->change);
		return 0;
	}
	for (int bucket = 0; bucket < FW_AGES; bucket++)
		sweep->ages[bucket] = sweep->established[bucket] = 0;
	sweep->entries = sweep->ended = 0;
	sweep->now = asked->now ? asked->now : bpf_ktime_get_ns();
	sweep->older_than = asked->older_than;
	sweep->most = asked->most;
	sweep->spares = asked->spares;
	sweep->gone_backend = asked->gone_backend;
	bpf_for_each_map_elem(&connections, fw_sweep_connection, &nothing, 0);
	if (sweep->gone_backend) {
		bpf_for_each_map_elem(&sockets, fw_sweep_socket, &nothing, 0);
		bpf_for_each_map_elem(&socket_flows, fw_sweep_flow, &nothing, 0);
	}
	asked->now = sweep->now;
#pragma clang loop unroll(full)
	for (int bucket = 0; bucket < FW_AGES; bucket++) {
		asked->ages[bucket] = sweep->ages[bucket];
		asked->established[bucket] = sweep->established[bucket];
	}
	asked->entries = sweep->entries;
	asked->ended = sweep->ended;
	return 0;
}
