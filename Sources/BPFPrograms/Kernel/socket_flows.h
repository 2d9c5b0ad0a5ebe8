// Where the datagrams of an unconnected UDP socket go: a flow for each frontend that it sends to. The kernel holds the
// socket's lock around its programs, so that nobody else changes a socket's flows meanwhile.
#pragma once

#include "socket_requests.h"

static __always_inline struct fw_socket_flow_key fw_flow_key(
	__u64 cookie, const struct fw_address *address, __u16 port, __u8 kind)
{
	return (struct fw_socket_flow_key){ .cookie = cookie, .address = *address, .port = port, .kind = kind };
}

static __always_inline struct fw_socket_flow_key fw_flow_number_key(__u64 cookie, __u32 number)
{
	return (struct fw_socket_flow_key){ .cookie = cookie, .address = { { 0, 0, 0, number } }, .kind = FW_FLOW_NUMBERED };
}

// Takes away one direction of a flow, if it is still that flow's: another may have taken its key.
static __always_inline void fw_delete_flow(const struct fw_socket_flow_key *key, __u32 number)
{
	struct fw_socket_flow *found = bpf_map_lookup_elem(&socket_flows, key);
	if (found && found->number == number)
		bpf_map_delete_elem(&socket_flows, key);
}

// Gives up a flow and the count that it has.
static __noinline int fw_end_flow(__u64 cookie, __u32 number)
{
	struct fw_socket_flow_key key = fw_flow_number_key(cookie, number);
	struct fw_socket_flow *found = bpf_map_lookup_elem(&socket_flows, &key);
	if (!found)
		return 0;
	struct fw_socket_flow flow = *found;
	if (bpf_map_delete_elem(&socket_flows, &key))
		return 0;
	if (flow.flags & FW_SOCKET_COUNTED)
		fw_load_take(flow.backend);
	key = fw_flow_key(cookie, &flow.address, flow.port, FW_FLOW_ASKED);
	struct fw_socket_flow *asked = bpf_map_lookup_elem(&socket_flows, &key);
	if (!asked || asked->number != number)
		return 0;
	struct fw_socket_flow_key answered = fw_flow_key(cookie, &asked->address, asked->port, FW_FLOW_ANSWERED);
	bpf_map_delete_elem(&socket_flows, &key);
	fw_delete_flow(&answered, number);
	return 0;
}

static long fw_end_numbered_flow(__u32 number, __u64 *cookie)
{
	fw_end_flow(*cookie, number);
	return 0;
}

static __always_inline void fw_end_flows(__u64 cookie, __u32 flow_count)
{
	if (flow_count)
		bpf_loop(flow_count < FW_SOCKET_FLOW_LIMIT ? flow_count : FW_SOCKET_FLOW_LIMIT, fw_end_numbered_flow, &cookie, 0);
}

// The three entries; -1 when there is no room for them.
static __noinline int fw_write_flow(
	const struct fw_socket_request *request, const struct fw_choice *choice, __u32 number)
{
	struct fw_socket_flow flow = { .address = request->frontend, .port = request->frontend_port,
		.backend = choice->backend, .service = choice->service, .number = (__u16)number,
		.generation = fw_earlier_generation() };
	struct fw_socket_flow_key key = fw_flow_key(request->cookie, &choice->address, choice->port, FW_FLOW_ANSWERED);
	if (bpf_map_update_elem(&socket_flows, &key, &flow, BPF_ANY))
		return -1;
	key = fw_flow_number_key(request->cookie, number);
	flow.flags = fw_load_add(choice->backend) ? FW_SOCKET_COUNTED : 0;
	if (bpf_map_update_elem(&socket_flows, &key, &flow, BPF_ANY)) {
		if (flow.flags)
			fw_load_take(choice->backend);
		return -1;
	}
	key = fw_flow_key(request->cookie, &request->frontend, request->frontend_port, FW_FLOW_ASKED);
	flow.address = choice->address;
	flow.port = choice->port;
	return bpf_map_update_elem(&socket_flows, &key, &flow, BPF_ANY) ? -1 : 0;
}

// What is left of a flow that found no room for all of its entries.
static __always_inline void fw_undo_flow(
	const struct fw_socket_request *request, const struct fw_choice *choice, __u32 number)
{
	struct fw_socket_flow_key answered = fw_flow_key(request->cookie, &choice->address, choice->port, FW_FLOW_ANSWERED);
	fw_delete_flow(&answered, number);
	fw_end_flow(request->cookie, number);
}

// Numbers go round. The count stays between once and twice the limit then: it only says which number is next and
// whether it is taken.
static __always_inline int fw_add_flow(
	struct fw_socket *socket, const struct fw_socket_request *request, const struct fw_choice *choice)
{
	__u32 count = socket->flow_count, number = count % FW_SOCKET_FLOW_LIMIT;
	if (count >= FW_SOCKET_FLOW_LIMIT)
		fw_end_flow(request->cookie, number);
	if (fw_write_flow(request, choice, number)) {
		fw_undo_flow(request, choice, number);
		return -1;
	}
	socket->flow_count = count + 1 == 2 * FW_SOCKET_FLOW_LIMIT ? FW_SOCKET_FLOW_LIMIT : count + 1;
	fw_count_connection(choice->backend);
	return 0;
}

// Sends the datagram to the flow's backend, while that is there and the frontend leads to it: a draining one keeps its
// flows. A flow whose backend is gone, or whose frontend leads elsewhere, is given up.
static __noinline int fw_follow_flow(struct fw_socket_request *request)
{
	struct fw_socket_flow_key key =
		fw_flow_key(request->cookie, &request->frontend, request->frontend_port, FW_FLOW_ASKED);
	struct fw_socket_flow *flow = bpf_map_lookup_elem(&socket_flows, &key);
	if (!flow)
		return 0;
	struct fw_frontend_key asked = {
		.address = request->frontend, .port = request->frontend_port, .protocol = IPPROTO_UDP };
	if (!fw_find_backend(flow->service, flow->backend)
		|| !fw_still_leads(&asked, flow->service, &flow->generation)) {
		fw_end_flow(request->cookie, flow->number);
		return 0;
	}
	request->peer = flow->address;
	request->peer_port = flow->port;
	return 1;
}
