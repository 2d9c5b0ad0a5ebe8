#pragma once
// What Swift's Glibc module does not export: epoll, eventfd and signalfd, and calls that exist
// only with _GNU_SOURCE or as bare system calls. Functions return -1 and set errno on failure.
//
// No header of sockets here: Glibc's module holds those, and a type must not have two homes.
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

/// Moves the calling thread into the network namespace that `descriptor` stands for.
int clinux_enter_network_namespace(int descriptor);
/// Gives the calling thread a new, empty network namespace.
int clinux_unshare_network_namespace(void);

/// Processors that the calling thread may run on, at least 1.
int clinux_processor_count(void);

/// Names the calling thread (15 bytes at most are kept).
int clinux_set_thread_name(const char *name);

/// Returns after a grace period of the kernel's RCU.
int clinux_await_kernel_readers(void);

/// What a new process is made of. The argument and environment blocks are strings that each end
/// with a NUL, one after the other.
struct clinux_spawn_request {
    const char *path;
    const char *arguments;
    size_t argument_count;
    const char *environment;
    size_t environment_count;
    /// Become 0, 1 and 2 of the new process.
    int standard_input, standard_output, standard_error;
    /// Entered before the program starts; -1 stays in the caller's.
    int network_namespace;
};
/// Starts a process with every other descriptor closed and no signal blocked.
/// Returns its pid and stores a close-on-exec pidfd; a failure to execute is reported as errno.
int clinux_spawn(const struct clinux_spawn_request *request, int *pidfd);
/// Reaps the process of a pidfd once it ended. `code` is CLD_EXITED, CLD_KILLED or CLD_DUMPED, and
/// `status` the exit status or the signal. With `block` 0 a process that still runs gives `code` 0.
int clinux_wait(int pidfd, int block, int *code, int *status);
/// Gives freed memory back to the kernel, that of every thread.
void clinux_trim_memory(void);
/// Unmaps the pages of the program's and its libraries' code and constants; those that are used come back from the page
/// cache one fault later. Leaves whatever was ever writable alone.
void clinux_release_code(void);

/// A close-on-exec pidfd of a process that is somebody else's.
int clinux_process(int pid);
/// Sends a signal to the process of a pidfd.
int clinux_signal(int pidfd, int signal);

/// A close-on-exec pipe: the end to read, then the end to write.
int clinux_pipe(int ends[2]);

/// An internet address and port, apart from the kernel's sockaddr types.
struct clinux_address {
    /// 4 or 6 (or 0 where there is none).
    int version;
    /// Network byte order; IPv4 uses the first 4.
    uint8_t bytes[16];
    /// Host byte order.
    uint16_t port;
    /// The interface's index for a link-local IPv6 address, else 0.
    uint32_t scope;
};
int clinux_bind(int socket, const struct clinux_address *address);
int clinux_connect(int socket, const struct clinux_address *address);
/// Accepts a nonblocking, close-on-exec connection.
int clinux_accept(int socket, struct clinux_address *peer);
int clinux_local_address(int socket, struct clinux_address *address);
/// Where a connection went before netfilter redirected it (SO_ORIGINAL_DST, IP6T_SO_ORIGINAL_DST).
int clinux_original_destination(int socket, int version, struct clinux_address *address);
/// Makes close() reset the connection and drop what was not sent yet (SO_LINGER with no time).
int clinux_reset_on_close(int socket);
/// Moves bytes between a socket and a pipe, either way, without waiting (splice(2)).
long clinux_splice(int from, int to, size_t count);

/// Asks the kernel to tell the local address of every datagram of an IPv4 or IPv6 socket.
int clinux_tell_local_addresses(int socket, int version);
/// Receives one datagram; `local.version` is 0 when the kernel did not tell.
long clinux_receive_datagram(
    int socket, void *bytes, size_t count, struct clinux_address *peer, struct clinux_address *local,
    int *truncated);
/// Sends one datagram to `peer` from `local`, where that has a version.
long clinux_send_datagram(
    int socket, const void *bytes, size_t count, const struct clinux_address *peer,
    const struct clinux_address *local);

/// Binds a nonblocking, close-on-exec stream socket to an abstract name (unix(7)) and listens on it.
int clinux_listen_abstract(const char *name);
/// Which process, and of which user, called listen() on that name; pid 0: one not visible from here.
int clinux_abstract_listener(const char *name, int *pid, uint32_t *user);

/// Binds with SO_REUSEPORT and without SO_REUSEADDR, which would let anybody's datagram socket take the address over.
int clinux_bind_shared(int socket, const struct clinux_address *address);
/// Asks for a receive buffer of that many bytes (the kernel doubles it); above rmem_max it needs CAP_NET_ADMIN.
int clinux_set_receive_buffer(int socket, int byte_count);

/// Memory for datagrams that are received, and answered, many with one system call (recvmmsg(2), sendmmsg(2)).
struct clinux_datagrams;
/// NULL when there is no memory.
struct clinux_datagrams *clinux_datagrams_new(unsigned capacity, size_t receive_size, size_t send_size);
void clinux_datagrams_free(struct clinux_datagrams *batch);
/// Receives what waits, at most `capacity`; forgets the responses of before. Returns how many.
int clinux_datagrams_receive(struct clinux_datagrams *batch, int socket, int with_local_address);
/// One that was received; `count` 0: it did not fit.
const uint8_t *clinux_datagrams_request(const struct clinux_datagrams *batch, unsigned index, size_t *count);
/// Room for the response to that one, `send_size` bytes.
uint8_t *clinux_datagrams_response(struct clinux_datagrams *batch, unsigned index);
void clinux_datagrams_set_response(struct clinux_datagrams *batch, unsigned index, uint32_t count);
/// Where that one came from and to which local address (version 0: not told).
void clinux_datagrams_path(
    const struct clinux_datagrams *batch, unsigned index, struct clinux_address *peer, struct clinux_address *local);
/// Sends the responses among the first `count` back where their requests came from. Returns how many were refused.
unsigned clinux_datagrams_send(struct clinux_datagrams *batch, int socket, unsigned count);
/// Room for the name of an interface with its NUL (IFNAMSIZ of linux/if.h).
#define CLINUX_INTERFACE_NAME_BYTES 16
/// Makes a TUN interface that lives as long as `descriptor`, an open /dev/net/tun. A `%d` in `name` becomes
/// the first number that is free; the interface's name is stored there.
int clinux_create_tun(int descriptor, char name[CLINUX_INTERFACE_NAME_BYTES]);

/// Which flow a datagram belongs to: where it came from, and which address and port it was sent to. Host byte order; an
/// IPv4 address has the low 32 bits.
struct clinux_flow {
    uint64_t peer_high, peer_low, local_high, local_low;
    /// The interface of a link-local IPv6 peer, else 0.
    uint32_t scope;
    uint16_t peer_port, local_port;
    /// 4 or 6; 0: not known.
    uint32_t version;
};

/// Asks the kernel to tell the address and port that each datagram was sent to (IP_RECVORIGDSTADDR), and for those of one
/// flow and size at one go (UDP_GRO, where the kernel has it).
int clinux_prepare_flow_listener(int socket, int version);
/// Asks for ICMP errors (IP_RECVERR), and for datagrams of one size at one go (UDP_GRO).
int clinux_prepare_flow_backend(int socket, int version);
/// Takes the next error that ICMP brought for a socket; returns its errno, or 0 when there is none.
int clinux_take_icmp_error(int socket);

/// Memory for datagrams that are passed on unchanged, many with one system call.
struct clinux_relay;
/// Bytes of one slot: the longest datagram, or many of one size that came at one go.
#define CLINUX_RELAY_SLOT_BYTES 65536
/// NULL when there is no memory.
struct clinux_relay *clinux_relay_new(unsigned capacity);
void clinux_relay_free(struct clinux_relay *relay);
/// Receives what waits, into the slots from 0 on; forgets what was chosen before. Returns how many slots were filled.
int clinux_relay_receive(struct clinux_relay *relay, int socket, int with_destination);
void clinux_relay_flow(const struct clinux_relay *relay, unsigned slot, struct clinux_flow *flow);
/// Datagrams in a slot.
unsigned clinux_relay_datagrams(const struct clinux_relay *relay, unsigned slot);
/// Begins a new choice of what is to be sent; `can_segment`: runs of one size may leave at one go (UDP_SEGMENT).
void clinux_relay_choose_none(struct clinux_relay *relay, int can_segment);
/// Adds a slot to what is to be sent.
void clinux_relay_choose(struct clinux_relay *relay, unsigned slot);

struct clinux_relay_sent {
    uint32_t datagrams, lost;
    uint64_t bytes;
    /// Why it stopped before the end; the rest is still chosen. 0: all was dealt with.
    int error;
    /// 0: the kernel does not segment to this peer.
    int can_segment;
};
/// Sends what is chosen to the peer of a connected socket; an error of the way to it stops.
void clinux_relay_send(struct clinux_relay *relay, int socket, struct clinux_relay_sent *sent);
/// Sends what is chosen to `flow`'s peer, from its local address where `with_source`. What the kernel refuses is lost.
void clinux_relay_send_back(
    struct clinux_relay *relay, int socket, const struct clinux_flow *flow, int with_source,
    struct clinux_relay_sent *sent);

/// A raw socket that sends UDP from any address and port, also those that other sockets have, and receives nothing; needs
/// CAP_NET_RAW, and CAP_NET_ADMIN for addresses that are not local.
int clinux_raw_udp_socket(int version);
/// As clinux_relay_send_back by such a socket, from the flow's local address and port.
void clinux_relay_send_raw(
    struct clinux_relay *relay, int socket, const struct clinux_flow *flow, struct clinux_relay_sent *sent);

/// A raw socket that sends ICMP errors from any address and receives nothing; needs CAP_NET_RAW, and CAP_NET_ADMIN for
/// addresses that are not local.
int clinux_icmp_socket(int version);
/// Tells `flow`'s peer that its datagram to the flow's local address could not be delivered (RFC 792, RFC 4443).
/// `host` 0: no such port, else the host cannot be reached.
int clinux_send_icmp_error(int socket, const struct clinux_flow *flow, int host);
