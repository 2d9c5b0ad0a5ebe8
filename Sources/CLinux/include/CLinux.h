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
