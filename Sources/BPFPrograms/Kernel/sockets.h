// What is remembered of sockets that were sent to backends, and given back when they are closed.
#pragma once

#include "socket_flows.h"

// Gives back all that a socket holds: it is closed, or connects again.
static __noinline int fw_forget_socket(__u64 cookie)
{
	struct fw_socket *found = bpf_map_lookup_elem(&sockets, &cookie);
	if (!found)
		return 0;
	__u32 backend = found->backend, flags = found->flags, flow_count = found->flow_count;
	fw_end_flows(cookie, flow_count);
	if (bpf_map_delete_elem(&sockets, &cookie))
		return 0;
	fw_count_usage(FW_USED_SOCKETS, -1);
	if (flags & FW_SOCKET_COUNTED)
		fw_load_take(backend);
	return 0;
}

// -1 when there is no room.
static __always_inline int fw_insert_socket(__u64 cookie, const struct fw_socket *socket)
{
	if (bpf_map_update_elem(&sockets, &cookie, socket, BPF_NOEXIST)) {
		fw_count_usage(FW_FULL_SOCKETS, 1);
		return -1;
	}
	fw_count_usage(FW_USED_SOCKETS, 1);
	return 0;
}

// A connected socket. One without room goes to its backend all the same, uncounted, and sees the backend as its peer.
static __noinline int fw_remember_socket(const struct fw_socket_request *request, const struct fw_choice *choice)
{
	struct fw_socket socket = {
		.frontend = request->frontend,
		.peer = choice->address,
		.frontend_port = request->frontend_port,
		.peer_port = choice->port,
		.protocol = request->protocol,
		.namespace_cookie = request->namespace_cookie,
		.opened = bpf_ktime_get_ns(),
		.service = choice->service,
		.backend = choice->backend,
		.flags = fw_load_add(choice->backend) ? FW_SOCKET_COUNTED : 0,
	};
	fw_count_connection(choice->backend);
	if (fw_insert_socket(request->cookie, &socket) && socket.flags)
		fw_load_take(choice->backend);
	return 0;
}

// The entry of a socket that sends without being connected, made with its first flow.
static __noinline struct fw_socket *fw_sending_socket(const struct fw_socket_request *request)
{
	struct fw_socket *found = bpf_map_lookup_elem(&sockets, &request->cookie);
	if (found)
		return found;
	struct fw_socket socket = {
		.protocol = request->protocol,
		.namespace_cookie = request->namespace_cookie,
		.opened = bpf_ktime_get_ns(),
	};
	if (fw_insert_socket(request->cookie, &socket))
		return 0;
	return bpf_map_lookup_elem(&sockets, &request->cookie);
}

// Remembers a new flow; -1 when there is no room, counted.
static __always_inline int fw_remember_flow(const struct fw_socket_request *request, const struct fw_choice *choice)
{
	struct fw_socket *socket = fw_sending_socket(request);
	if (!socket)
		return -1;
	if (fw_add_flow(socket, request, choice) == 0)
		return 0;
	fw_count_usage(FW_FULL_SOCKETS, 1);
	return -1;
}
