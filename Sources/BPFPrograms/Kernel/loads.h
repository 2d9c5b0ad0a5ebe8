// Open connections of each backend. A count is given back exactly once: by whoever clears the FW_*_COUNTED of its
// entry, or deletes an entry that has it.
#pragma once

#include "maps.h"

static __always_inline __u64 fw_load(__u32 backend)
{
	struct fw_load *load = bpf_map_lookup_elem(&loads, &backend);
	return load ? load->connections : 0;
}

// Whether it was counted: not when the backend is already gone.
static __always_inline int fw_load_add(__u32 backend)
{
	struct fw_load *load = bpf_map_lookup_elem(&loads, &backend);
	if (!load)
		return 0;
	__sync_fetch_and_add(&load->connections, 1);
	return 1;
}

// Nothing happens when the backend is gone, and its load with it.
static __always_inline void fw_load_change(__u32 backend, __s64 change)
{
	struct fw_load *load = bpf_map_lookup_elem(&loads, &backend);
	if (load)
		__sync_fetch_and_add(&load->connections, change);
}

static __always_inline void fw_load_take(__u32 backend)
{
	fw_load_change(backend, -1);
}
