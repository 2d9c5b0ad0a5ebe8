// Keys and values of the maps that the kernel programs and the daemon share: the only place where their
// layout is written down. No struct has padding; each is asserted by a test on both sides.
//
// Addresses are always 16 bytes in network order, IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2), so that one
// set of maps and one piece of code serve both families. Ports are in network order, everything else in
// the host's.
#pragma once

#include <linux/types.h>

// Raise with any change of a key, a value or their meaning: a restart adopts maps of its own schema only.
#define FW_SCHEMA 2

// Names of maps, as libbpf and the pin folder have them.
//
//   frontends          fw_frontend_key -> fw_frontend
//   backend_sets       fw_set_key      -> fw_backend_set
//   slots              fw_slot_key     -> __u32, a backend
//   backends           __u32           -> fw_backend
//   loads              __u32, a backend -> fw_load
//   cursors            fw_set_key      -> __u64, counted up by rr and wrr
//   sources            fw_source_key   -> __u8       longest prefix match
//   nodeport_addresses fw_address      -> __u8
//   cluster_ips        fw_address      -> __u8
//   service_ranges     fw_prefix       -> __u8       longest prefix match
//   address_filter     __u32, a word   -> __u64, see FW_FILTER_BITS
//   pod_ranges         fw_prefix       -> __u8       longest prefix match
//   interfaces         __u32, ifindex  -> fw_interface
//   settings           __u32 0         -> fw_settings
//   affinity           fw_affinity_key -> fw_affinity
//   siblings           fw_sibling_key  -> __u32, a backend; of whole Services with affinity only
//   connections        fw_tuple        -> fw_connection
//   fragments          fw_fragment_key -> fw_fragment
//   sockets            __u64, a socket's cookie -> fw_socket
//   socket_flows       fw_socket_flow_key -> fw_socket_flow
//   counters           __u32, a backend -> fw_counters, one for each processor
//   drops              __u32, fw_drop  -> __u64, one for each processor
//   reject_budget      __u32 0         -> __u64, ns up to which ICMP answers are spent, one for each processor
//   usage              __u32, fw_usage -> __u64      entries of the tables that can fill up

struct fw_address {
	__u32 words[4]; // network order
};

struct fw_prefix {
	__u32 length; // bits of the address that count; an IPv4 prefix has 96 more
	struct fw_address address;
};

// Where a Service is reached at. A NodePort has no address: :: for IPv6, ::ffff:0.0.0.0 for IPv4.
struct fw_frontend_key {
	struct fw_address address;
	__u16 port; // network order
	__u8 protocol;
	__u8 zero;
};

enum fw_action {
	FW_PASS = 0,   // untouched
	FW_REJECT = 1, // ECONNREFUSED, or ICMP port unreachable
	FW_DROP = 2,
	FW_BALANCE_CLUSTER = 3,
	FW_BALANCE_LOCAL = 4,
};
#define FW_ACTION_MASK 0x0f
#define FW_MASQUERADE 0x80 // the backend sees the node's address

enum fw_origin {
	FW_FROM_POD = 0,
	FW_FROM_NODE = 1,
	FW_FROM_OUTSIDE = 2,
	FW_ORIGINS = 3,
};

struct fw_frontend {
	__u32 service; // a service port in one family
	__u32 sources; // of map sources; 0: any source may
	__u8 verdicts[FW_ORIGINS]; // an fw_action, perhaps with FW_MASQUERADE
	__u8 zero;
};

enum fw_scope {
	FW_CLUSTER = 0,
	FW_LOCAL = 1,
};

struct fw_set_key {
	__u32 service;
	__u32 scope; // fw_scope
};

// How a slot is drawn.
enum fw_scheduler {
	FW_RANDOM = 0,       // any slot
	FW_IN_TURN = 1,      // rr and wrr: the next slot; the planner has laid them out
	FW_SOURCE_HASH = 2,  // sh
	FW_DESTINATION_HASH = 3, // dh
	FW_MAGLEV = 4,       // mh: the slots are a Maglev table, drawn by a hash of source address and port
	FW_LEAST_CONNECTIONS = 5, // lc: slots are the backends, each once; so for the rest
	FW_WEIGHTED_LEAST_CONNECTIONS = 6, // wlc: least connections / weight
	FW_SHORTEST_EXPECTED_DELAY = 7,    // sed: least (connections + 1) / weight
	FW_NEVER_QUEUE = 8,  // nq: one without connections, else sed
	FW_TWO_CHOICES = 9,  // twos: of two slots at random the one with less connections / weight
};

// Backends of one set that lc, wlc, sed and nq compare: a choice costs some 30 ns for each. Of a larger
// set this many, beginning at a random slot.
#define FW_COMPARED_BACKENDS 128

// Replaced as a whole, so that a packet sees the old one or the new one.
struct fw_backend_set {
	__u32 table;      // of its slots
	__u32 slot_count; // 0: nothing to balance over
	__u32 affinity_seconds; // 0: clients are not remembered
	__u32 affinity_owner;   // who remembers: a service port, or a whole Service
	__u8 scheduler;   // fw_scheduler
	__u8 zero[3];
};

// A table that changes its length gets a new number; one that keeps it is changed in place.
struct fw_slot_key {
	__u32 table;
	__u32 index; // 0..<slot_count
};

#define FW_BACKEND_LOCAL 1    // on this node, or perhaps
#define FW_BACKEND_DRAINING 2 // takes no new connection, keeps those it has
// Not in the set of one scope, though it is in the other's (hints, or a terminating one that only the local set falls
// back to): a client that affinity remembers does not come back to it by the set that it is not in.
#define FW_BACKEND_NOT_CLUSTER_SET 4
#define FW_BACKEND_NOT_LOCAL_SET 8

// A backend belongs to one service port: the same pod behind two has two, with a load each.
struct fw_backend {
	struct fw_address address;
	__u16 port;   // network order
	__u16 weight; // 0 takes no new connection
	__u32 flags;
	__u32 service;
};

// Made with the backend, apart from it, so that a weight can change without losing the count.
struct fw_load {
	__u64 connections; // open now, counted atomically
};

struct fw_source_key {
	__u32 length;  // 32 + bits of the address that count
	__u32 sources; // network order: the first bits of the prefix
	struct fw_address address;
};

#define FW_INTERFACE_POD 1   // what arrives on it comes from a pod (detect-local by interface)
#define FW_INTERFACE_QDISC 2 // its clsact qdisc is the daemon's, to be removed with the programs
#define FW_INTERFACE_BARE 4 // its packets begin with the IP header: tun, wireguard, ppp, IP tunnels

struct fw_interface {
	struct fw_address ipv4; // what connections that leave by it are masqueraded to; zero: the node's
	struct fw_address ipv6;
	__u32 flags;
	__u32 zero;
};

// Addresses that frontends have, and those that NodePorts are served at, as a Bloom filter of one hash: the bit of an
// address that is none of them is most likely clear, and then a packet to it needs none of the other lookups. Bits are
// set before an address is and stay when it goes. So many, because 100 000 addresses fill a tenth of them; 128 KiB.
#define FW_FILTER_BITS (1 << 20)

#define FW_DETECT_PREFIXES 1   // a source in pod_ranges is a pod
#define FW_DETECT_INTERFACES 2 // what arrives on an interface with FW_INTERFACE_POD is from a pod

struct fw_settings {
	__u32 schema;
	__u32 detect; // FW_DETECT_; 0: no pod is known as one
	__u64 node_namespace; // cookie of the network namespace of the node
	struct fw_address ipv4; // the node's; zero: it has none
	struct fw_address ipv6;
	__u16 first_port; // host order: ports that masquerading hands out, last included
	__u16 last_port;
	__u32 is_filtered; // address_filter and the ranges below are kept up; 0: every address may be a Service's
	// Of each family the prefix that all service_ranges are in, as address and mask; 0 in the mask and not in the
	// address: none.
	struct fw_address range_ipv4;
	struct fw_address mask_ipv4;
	struct fw_address range_ipv6;
	struct fw_address mask_ipv6;
	// Idle times after which a connection is forgotten.
	__u32 tcp_established_seconds;
	__u32 tcp_opening_seconds; // no answer yet
	__u32 tcp_closing_seconds; // after FIN or RST
	__u32 udp_seconds;
	__u32 generation; // counted up after frontends were changed or removed
	__u32 zero;
};

struct fw_affinity_key {
	__u32 owner;
	struct fw_address client; // a process of another namespace whose address is not known: 0, 0, cookie
};

struct fw_affinity {
	__u32 backend; // of the owner, a whole Service: perhaps behind another of its ports, see fw_sibling_key
	__u32 zero;
	__u64 seen; // ns, bpf_ktime_get_ns
};

// Affinity of a whole Service: the backend remembered is behind the service port that the client asked first; behind
// another it is the one with the same address. Written for each backend of each service port whose sets name an
// owner that other service ports share, and for no others; of several with one address any.
struct fw_sibling_key {
	__u32 service; // asked for
	struct fw_address address; // of the backend remembered
};

struct fw_tuple {
	struct fw_address source;
	struct fw_address destination;
	__u16 source_port; // network order; ICMP echo: the identifier in both
	__u16 destination_port;
	__u8 protocol;
	__u8 zero[3];
};

// Why a tuple is in the connection table. A masqueraded connection has all four, others the first and
// the last. The middle is what the node's own stack sees: client:q <-> backend, where q is the client's
// port or, if that is taken there, another.
enum fw_role {
	FW_FORWARD = 0,    // ingress: client:p -> frontend becomes client:q -> backend
	FW_UNMASQUERADE = 1, // ingress: backend -> node:q becomes backend -> client:q
	FW_MASQUERADING = 2, // egress: client:q -> backend becomes node:q -> backend
	FW_REPLY = 3,      // egress (ingress when the client is the node): backend -> client:q becomes frontend -> client:p
};

enum fw_state {
	FW_NEW = 0,         // no answer yet
	FW_ESTABLISHED = 1,
	FW_CLOSING = 2,     // one FIN seen
	FW_CLOSED = 3,      // both, or RST
};

#define FW_CONNECTION_COUNTED 1 // in its backend's load; taken back by whoever clears the bit
#define FW_CONNECTION_NODE 2    // opened by a process of this node: replies are translated at ingress
#define FW_CONNECTION_MASQUERADED 4
#define FW_CONNECTION_FIN_FORWARD 8
#define FW_CONNECTION_FIN_REPLY 16
#define FW_CONNECTION_ENDING 32 // whoever sets it deletes the entries

struct fw_connection {
	struct fw_tuple becomes; // what the packet is rewritten to
	struct fw_tuple forward; // of the entry that keeps the state: role FW_FORWARD
	__u64 seen;   // ns; kept up in the forward entry only, as state and all flags but NODE and MASQUERADED are
	__u64 opened; // ns
	struct fw_address node; // masqueraded to
	__u32 service;
	__u32 backend;
	__u32 flags; // changed atomically
	__u8 role;
	__u8 state;
	__u16 generation; // of the settings, low bits: when the frontend was last found to lead to the service
};

struct fw_fragment_key {
	struct fw_address source;
	struct fw_address destination;
	__u32 identification; // network order
	__u8 protocol;
	__u8 zero[3];
};

struct fw_fragment {
	__u16 source_port;
	__u16 destination_port;
	__u32 zero;
	__u64 seen;
};

#define FW_SOCKET_COUNTED 1

// A socket that a socket program sent to a backend.
struct fw_socket {
	struct fw_address frontend; // what the program asked for
	struct fw_address peer;     // the backend's address
	__u16 frontend_port;        // network order
	__u16 peer_port;
	__u8 protocol;
	__u8 zero[3];
	__u64 namespace_cookie;
	__u64 opened;
	__u32 service;
	__u32 backend; // 0: not connected, see socket_flows; so are frontend and peer
	__u32 flags;
	__u32 flow_count; // of an unconnected UDP socket: entries in socket_flows are numbered below the lesser of it and the limit
};

// Flows of one unconnected UDP socket that are remembered; with more the oldest is given up.
#define FW_SOCKET_FLOW_LIMIT 16

// Each flow has three entries: by what was asked and by who answers, so that both directions cost one lookup, and by
// number, to find them all when the socket is closed.
enum fw_flow_kind {
	FW_FLOW_ASKED = 0,    // the frontend -> the backend
	FW_FLOW_ANSWERED = 1, // the backend -> the frontend; of two frontends with one backend the one asked last
	FW_FLOW_NUMBERED = 2, // ::number, port 0 -> the frontend
};

struct fw_socket_flow_key {
	__u64 cookie;
	struct fw_address address;
	__u16 port;
	__u8 kind; // fw_flow_kind
	__u8 zero[5];
};

struct fw_socket_flow {
	struct fw_address address;
	__u16 port;
	__u16 flags; // FW_SOCKET_COUNTED, in the numbered entry
	__u32 backend;
	__u32 service;
	__u16 number; // 0..<FW_SOCKET_FLOW_LIMIT
	__u16 generation; // as a connection's
};

struct fw_counters {
	__u64 connections;
	__u64 packets_in; // from clients
	__u64 packets_out;
	__u64 bytes_in; // with IP headers; of sockets only the connections are counted
	__u64 bytes_out;
};

enum fw_drop {
	FW_DROP_POLICY = 0,           // the verdict says so
	FW_DROP_SOURCE = 1,           // not in the allowed ranges
	FW_DROP_UNALLOCATED = 2,      // an address of the Service ranges that no Service has
	FW_DROP_NO_BACKEND = 3,       // a set whose slots lead nowhere
	FW_DROP_TABLE_FULL = 4,       // no room in the connection table
	FW_DROP_PORTS_EXHAUSTED = 5,  // no port left to masquerade with
	FW_DROP_MALFORMED = 6,        // of a Service's address, too short or wrong in its lengths
	FW_DROP_FRAGMENT = 7,         // a later fragment whose first was not seen
	FW_DROP_UNSUPPORTED = 8,      // SCTP to another port
	FW_DROP_REJECTED = 9,         // answered with ICMP
	FW_DROP_SOCKET_REJECTED = 10, // connect() refused
	FW_DROP_STRAY = 11,           // a reset of a connection that is not in the table
	FW_DROP_REJECT_LIMITED = 12,  // would have been answered with ICMP, but too many were
	FW_DROP_UNANSWERED = 13,      // to be rejected, and never answered: an ICMP error, from or to no single host
	FW_DROP_REASONS = 14,
};

enum fw_usage {
	FW_USED_CONNECTIONS = 0, // forward entries
	FW_USED_SOCKETS = 1,
	FW_FULL_CONNECTIONS = 2, // times that the table was full
	FW_FULL_SOCKETS = 3,     // sockets, and datagrams of unconnected ones, that went on without being remembered
	FW_EXPIRED = 4,
	FW_EVICTED = 5,
	FW_USAGES = 6,
};

// What the maintenance program is asked and answers; its context.
struct fw_sweep {
	__u64 now;           // ns; 0: the clock's
	__u64 older_than;    // evict what was not seen since; 0: expire by timeouts only
	__u64 most;          // evict so many; 0: any number
	__u32 spares;        // 1: not established TCP
	__u32 gone_backend;  // end the connections of this backend; 0: none
	__u32 backend;       // add `change` to the load of this backend, and nothing else; 0: none
	__u32 zero;
	__s64 change;
	__u64 ages[64];      // forward entries but those of established TCP by log2 of their idle milliseconds
	__u64 established[64];
	__u64 entries;
	__u64 ended;
};
