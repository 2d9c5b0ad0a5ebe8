// Which backend a client had before.
#pragma once

#include "choice.h"
#include "lookup.h"

// Whether a client that comes back by this scope's set may have the backend: the set could no longer name it.
static __always_inline int fw_in_scope(const struct fw_backend *backend, __u32 scope)
{
	if (scope == FW_LOCAL)
		return backend->flags & FW_BACKEND_LOCAL && !(backend->flags & FW_BACKEND_NOT_LOCAL_SET);
	return !(backend->flags & FW_BACKEND_NOT_CLUSTER_SET);
}

// The same endpoint behind the service port that is asked for; 0 when it is not behind it.
static __always_inline __u32 fw_sibling(__u32 service, const struct fw_backend *backend)
{
	struct fw_sibling_key key = { .service = service, .address = backend->address };
	__u32 *sibling = bpf_map_lookup_elem(&siblings, &key);
	return sibling ? *sibling : 0;
}

// The remembered backend, or what it is behind this service port, while it takes connections.
static __always_inline __u32 fw_still_there(const struct fw_choice *choice, __u32 backend)
{
	struct fw_backend *found = bpf_map_lookup_elem(&backends, &backend);
	if (found && found->service != choice->service) {
		backend = fw_sibling(choice->service, found);
		found = bpf_map_lookup_elem(&backends, &backend);
	}
	if (!found || found->weight == 0 || found->flags & FW_BACKEND_DRAINING || !fw_in_scope(found, choice->scope))
		return 0;
	return backend;
}

// The client's backend, its time renewed; 0 when there is none, and what was remembered is forgotten.
static __always_inline __u32 fw_remembered(const struct fw_choice *choice, const struct fw_backend_set *set)
{
	struct fw_affinity_key key = { .owner = set->affinity_owner, .client = choice->client };
	struct fw_affinity *memory = bpf_map_lookup_elem(&affinity, &key);
	if (!memory)
		return 0;
	__u64 now = bpf_ktime_get_ns();
	__u32 backend = 0;
	if ((__s64)(now - memory->seen) <= (__s64)(set->affinity_seconds * FW_NS_PER_SECOND))
		backend = fw_still_there(choice, memory->backend);
	if (backend)
		memory->seen = now;
	else
		bpf_map_delete_elem(&affinity, &key);
	return backend;
}

static __always_inline void fw_remember(const struct fw_choice *choice, const struct fw_backend_set *set)
{
	struct fw_affinity_key key = { .owner = set->affinity_owner, .client = choice->client };
	struct fw_affinity memory = { .backend = choice->backend, .seen = bpf_ktime_get_ns() };
	bpf_map_update_elem(&affinity, &key, &memory, BPF_ANY);
}
