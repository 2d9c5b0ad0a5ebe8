// Balancing at connect() and sendmsg(): established traffic of the node's own sockets then costs nothing. Programs see
// the frontend that they asked for as their peer. Addresses of both families are read into one form; an IPv6 socket that
// asks for ::ffff:a.b.c.d is an IPv4 client.
#include <linux/errno.h>

#include "sockets.h"

char program_license[] SEC("license") = "GPL";

// Both read what the socket is bound to as the kernel keeps it for the family of the destination.
static __always_inline void fw_read4(struct bpf_sock_addr *context, struct fw_socket_request *request)
{
	struct bpf_sock *socket = context->sk;
	request->frontend = fw_ipv4(context->user_ip4);
	if (!socket)
		return;
	request->source = fw_ipv4(socket->src_ip4);
	request->source_port = bpf_htons(socket->src_port);
}

static __always_inline void fw_read6(struct bpf_sock_addr *context, struct fw_socket_request *request)
{
	struct bpf_sock *socket = context->sk;
	request->frontend = (struct fw_address){
		{ context->user_ip6[0], context->user_ip6[1], context->user_ip6[2], context->user_ip6[3] }
	};
	if (!socket)
		return;
	request->source = (struct fw_address){
		{ socket->src_ip6[0], socket->src_ip6[1], socket->src_ip6[2], socket->src_ip6[3] }
	};
	request->source_port = bpf_htons(socket->src_port);
}

static __always_inline void fw_write4(
	struct bpf_sock_addr *context, const struct fw_address *address, __u16 port)
{
	context->user_ip4 = address->words[3];
	context->user_port = port;
}

static __always_inline void fw_write6(
	struct bpf_sock_addr *context, const struct fw_address *address, __u16 port)
{
	context->user_ip6[0] = address->words[0];
	context->user_ip6[1] = address->words[1];
	context->user_ip6[2] = address->words[2];
	context->user_ip6[3] = address->words[3];
	context->user_port = port;
}

static __always_inline void fw_identify(struct bpf_sock_addr *context, struct fw_socket_request *request)
{
	request->frontend_port = context->user_port;
	request->protocol = context->protocol;
	request->cookie = bpf_get_socket_cookie(context);
	request->namespace_cookie = bpf_get_netns_cookie(context);
}

// The program's return value.
static __always_inline int fw_answer(int way)
{
	if (way != FW_WAY_REFUSED)
		return 1;
	fw_count_drop(FW_DROP_SOCKET_REJECTED);
	bpf_set_retval(-ECONNREFUSED);
	return 0;
}

// A socket counts once: what it held by an earlier connect() is given back, whatever it asks for now.
static __noinline int fw_connect(struct fw_socket_request *request)
{
	struct fw_choice choice = {};
	fw_forget_socket(request->cookie);
	int way = fw_decide(request, &choice);
	if (way == FW_WAY_BALANCED)
		fw_remember_socket(request, &choice);
	return way;
}

// A flow that cannot be remembered goes on as it asked: the packet programs remember it.
static __noinline int fw_send(struct fw_socket_request *request)
{
	if (fw_follow_flow(request))
		return FW_WAY_BALANCED;
	struct fw_choice choice = {};
	int way = fw_decide(request, &choice);
	return way == FW_WAY_BALANCED && fw_remember_flow(request, &choice) ? FW_WAY_ON : way;
}

static __always_inline int fw_is_balanced(__u32 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP;
}

SEC("cgroup/connect4")
int connect4(struct bpf_sock_addr *context)
{
	struct fw_socket_request request = {};
	if (!fw_is_balanced(context->protocol))
		return 1;
	fw_read4(context, &request);
	fw_identify(context, &request);
	int way = fw_connect(&request);
	if (way == FW_WAY_BALANCED)
		fw_write4(context, &request.peer, request.peer_port);
	return fw_answer(way);
}

SEC("cgroup/connect6")
int connect6(struct bpf_sock_addr *context)
{
	struct fw_socket_request request = {};
	if (!fw_is_balanced(context->protocol))
		return 1;
	fw_read6(context, &request);
	fw_identify(context, &request);
	int way = fw_connect(&request);
	if (way == FW_WAY_BALANCED)
		fw_write6(context, &request.peer, request.peer_port);
	return fw_answer(way);
}

// An IPv6 socket's datagrams to ::ffff:a.b.c.d are seen here.
SEC("cgroup/sendmsg4")
int sendmsg4(struct bpf_sock_addr *context)
{
	struct fw_socket_request request = {};
	fw_read4(context, &request);
	fw_identify(context, &request);
	int way = fw_send(&request);
	if (way == FW_WAY_BALANCED)
		fw_write4(context, &request.peer, request.peer_port);
	return fw_answer(way);
}

SEC("cgroup/sendmsg6")
int sendmsg6(struct bpf_sock_addr *context)
{
	struct fw_socket_request request = {};
	fw_read6(context, &request);
	fw_identify(context, &request);
	int way = fw_send(&request);
	if (way == FW_WAY_BALANCED)
		fw_write6(context, &request.peer, request.peer_port);
	return fw_answer(way);
}

// What the program asked for, when `address` and `port` are a backend that its socket was sent to.
static __noinline int fw_asked_for(__u64 cookie, struct fw_address *address, __u16 *port)
{
	struct fw_socket *socket = bpf_map_lookup_elem(&sockets, &cookie);
	if (!socket)
		return 0;
	if (socket->backend && socket->peer_port == *port && fw_same_address(&socket->peer, address)) {
		*address = socket->frontend;
		*port = socket->frontend_port;
		return 1;
	}
	if (socket->flow_count == 0)
		return 0;
	struct fw_socket_flow_key key = fw_flow_key(cookie, address, *port, FW_FLOW_ANSWERED);
	struct fw_socket_flow *flow = bpf_map_lookup_elem(&socket_flows, &key);
	if (!flow)
		return 0;
	*address = flow->address;
	*port = flow->port;
	return 1;
}

static __always_inline int fw_show4(struct bpf_sock_addr *context)
{
	struct fw_address address = fw_ipv4(context->user_ip4);
	__u16 port = context->user_port;
	if (fw_asked_for(bpf_get_socket_cookie(context), &address, &port))
		fw_write4(context, &address, port);
	return 1;
}

static __always_inline int fw_show6(struct bpf_sock_addr *context)
{
	struct fw_address address = {
		{ context->user_ip6[0], context->user_ip6[1], context->user_ip6[2], context->user_ip6[3] }
	};
	__u16 port = context->user_port;
	if (fw_asked_for(bpf_get_socket_cookie(context), &address, &port))
		fw_write6(context, &address, port);
	return 1;
}

SEC("cgroup/recvmsg4")
int recvmsg4(struct bpf_sock_addr *context)
{
	return fw_show4(context);
}

SEC("cgroup/recvmsg6")
int recvmsg6(struct bpf_sock_addr *context)
{
	return fw_show6(context);
}

SEC("cgroup/getpeername4")
int getpeername4(struct bpf_sock_addr *context)
{
	return fw_show4(context);
}

SEC("cgroup/getpeername6")
int getpeername6(struct bpf_sock_addr *context)
{
	return fw_show6(context);
}

// Once, when the last descriptor is closed: forks and descriptors passed on do not matter.
SEC("cgroup/sock_release")
int sock_release(struct bpf_sock *socket)
{
	fw_forget_socket(bpf_get_socket_cookie(socket));
	return 1;
}
