// What is to become of a socket that a program wants to send somewhere.
#pragma once

#include <linux/in.h>

#include "schedulers.h"

struct fw_socket_request {
	struct fw_address frontend; // asked for
	struct fw_address source;   // the address that the socket is bound to; zero: none yet
	struct fw_address peer;     // answered: where it is sent instead
	__u64 cookie;
	__u64 namespace_cookie;
	__u16 frontend_port; // network order, as the others
	__u16 source_port;
	__u16 peer_port;
	__u8 protocol;
	__u8 zero;
};

enum fw_way {
	FW_WAY_ON = 0,      // as it asked: no Service, or one that the packet programs decide on
	FW_WAY_REFUSED = 1,
	FW_WAY_BALANCED = 2,
};

// A process of another namespace is a pod where pods are told from others at all: what kind it is decides on
// masquerading, which a socket has no need of, and on the policies, which are a pod's there.
static __always_inline __u32 fw_socket_origin(const struct fw_settings *settings, __u64 namespace_cookie)
{
	if (namespace_cookie == settings->node_namespace)
		return FW_FROM_NODE;
	return settings->detect ? FW_FROM_POD : FW_FROM_OUTSIDE;
}

// Which interface the packets of another namespace arrive on is not known here. Where pods are told by that alone, and
// are treated otherwise than what is none, the packet programs decide.
static __always_inline int fw_origin_matters(
	const struct fw_settings *settings, const struct fw_frontend *frontend, __u64 namespace_cookie)
{
	return settings->detect == FW_DETECT_INTERFACES && namespace_cookie != settings->node_namespace
		&& (frontend->verdicts[FW_FROM_POD] & FW_ACTION_MASK)
			!= (frontend->verdicts[FW_FROM_OUTSIDE] & FW_ACTION_MASK);
}

// Who affinity and sh know the client as, before the kernel has given its socket an address.
static __always_inline struct fw_address fw_socket_client(
	const struct fw_settings *settings, const struct fw_socket_request *request)
{
	if (!fw_is_wildcard(&request->source))
		return request->source;
	if (request->namespace_cookie == settings->node_namespace)
		return fw_is_ipv4(&request->frontend) ? settings->ipv4 : settings->ipv6;
	return (struct fw_address){ { 0, 0, request->namespace_cookie >> 32, (__u32)request->namespace_cookie } };
}

// Ports of a socket that has none yet are as good as random; Maglev is not to send them all one way.
static __always_inline __u16 fw_socket_client_port(const struct fw_socket_request *request)
{
	return request->source_port ? request->source_port : (__u16)bpf_get_prandom_u32();
}

static __always_inline int fw_choose_for_socket(
	const struct fw_settings *settings, const struct fw_socket_request *request, struct fw_choice *choice)
{
	choice->client = fw_socket_client(settings, request);
	choice->client_port = fw_socket_client_port(request);
	choice->destination = request->frontend;
	choice->destination_port = request->frontend_port;
	return fw_choose(choice);
}

// The way of a new connection or flow; `choice` is filled when it is balanced. A set that leads nowhere at the moment goes
// on as it asked: the packet programs see every retry of it.
static __noinline int fw_decide(struct fw_socket_request *request, struct fw_choice *choice)
{
	const struct fw_settings *settings = fw_get_settings();
	if (!settings)
		return FW_WAY_ON;
	struct fw_frontend_key key = {
		.address = request->frontend, .port = request->frontend_port, .protocol = request->protocol };
	struct fw_frontend frontend = {};
	if (!fw_read_frontend(&key, &frontend))
		return fw_is_cluster_ip(&request->frontend) ? FW_WAY_REFUSED : FW_WAY_ON;
	if (frontend.sources || fw_origin_matters(settings, &frontend, request->namespace_cookie))
		return FW_WAY_ON;
	__u32 action = frontend.verdicts[fw_socket_origin(settings, request->namespace_cookie)] & FW_ACTION_MASK;
	if (action == FW_REJECT)
		return FW_WAY_REFUSED;
	if (action != FW_BALANCE_CLUSTER && action != FW_BALANCE_LOCAL)
		return FW_WAY_ON;
	choice->service = frontend.service;
	choice->scope = action == FW_BALANCE_LOCAL ? FW_LOCAL : FW_CLUSTER;
	if (fw_choose_for_socket(settings, request, choice))
		return FW_WAY_ON;
	request->peer = choice->address;
	request->peer_port = choice->port;
	return FW_WAY_BALANCED;
}
