#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static socklen_t to_native(const struct clinux_address *address, struct sockaddr_storage *storage) {
    memset(storage, 0, sizeof *storage);
    if (address->version == 4) {
        struct sockaddr_in *native = (struct sockaddr_in *)storage;
        native->sin_family = AF_INET;
        native->sin_port = htons(address->port);
        memcpy(&native->sin_addr, address->bytes, 4);
        return sizeof *native;
    }
    struct sockaddr_in6 *native = (struct sockaddr_in6 *)storage;
    native->sin6_family = AF_INET6;
    native->sin6_port = htons(address->port);
    native->sin6_scope_id = address->scope;
    memcpy(&native->sin6_addr, address->bytes, 16);
    return sizeof *native;
}

static void from_native(const struct sockaddr_storage *storage, struct clinux_address *address) {
    memset(address, 0, sizeof *address);
    if (storage->ss_family == AF_INET) {
        const struct sockaddr_in *native = (const struct sockaddr_in *)storage;
        address->version = 4;
        address->port = ntohs(native->sin_port);
        memcpy(address->bytes, &native->sin_addr, 4);
    } else if (storage->ss_family == AF_INET6) {
        const struct sockaddr_in6 *native = (const struct sockaddr_in6 *)storage;
        address->version = 6;
        address->port = ntohs(native->sin6_port);
        address->scope = native->sin6_scope_id;
        memcpy(address->bytes, &native->sin6_addr, 16);
    }
}

int clinux_bind(int socket, const struct clinux_address *address) {
    struct sockaddr_storage storage;
    socklen_t length = to_native(address, &storage);
    return bind(socket, (struct sockaddr *)&storage, length);
}

int clinux_connect(int socket, const struct clinux_address *address) {
    struct sockaddr_storage storage;
    socklen_t length = to_native(address, &storage);
    return connect(socket, (struct sockaddr *)&storage, length);
}

int clinux_accept(int socket, struct clinux_address *peer) {
    struct sockaddr_storage storage = {0};
    socklen_t length = sizeof storage;
    int accepted = accept4(socket, (struct sockaddr *)&storage, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted >= 0) from_native(&storage, peer);
    return accepted;
}

int clinux_local_address(int socket, struct clinux_address *address) {
    struct sockaddr_storage storage = {0};
    socklen_t length = sizeof storage;
    int result = getsockname(socket, (struct sockaddr *)&storage, &length);
    if (result == 0) from_native(&storage, address);
    return result;
}

// linux/netfilter_ipv4.h and linux/netfilter_ipv6/ip6_tables.h give both this number; they do not go together with
// netinet/in.h.
#define ORIGINAL_DESTINATION 80

int clinux_original_destination(int socket, int version, struct clinux_address *address) {
    struct sockaddr_storage storage = {0};
    socklen_t length = sizeof storage;
    int level = version == 4 ? IPPROTO_IP : IPPROTO_IPV6;
    int result = getsockopt(socket, level, ORIGINAL_DESTINATION, &storage, &length);
    if (result == 0) from_native(&storage, address);
    return result;
}

int clinux_reset_on_close(int socket) {
    struct linger none = {.l_onoff = 1, .l_linger = 0};
    return setsockopt(socket, SOL_SOCKET, SO_LINGER, &none, sizeof none);
}

long clinux_splice(int from, int to, size_t count) {
    return splice(from, NULL, to, NULL, count, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

int clinux_tell_local_addresses(int socket, int version) {
    int on = 1;
    return version == 4 ? setsockopt(socket, IPPROTO_IP, IP_PKTINFO, &on, sizeof on)
                        : setsockopt(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
}

union control {
    char space[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(struct in_pktinfo))];
    struct cmsghdr alignment;
};

long clinux_receive_datagram(
    int socket, void *bytes, size_t count, struct clinux_address *peer, struct clinux_address *local,
    int *truncated) {
    union control control;
    struct sockaddr_storage storage = {0};
    struct iovec part = {.iov_base = bytes, .iov_len = count};
    struct msghdr message = {
        .msg_name = &storage,
        .msg_namelen = sizeof storage,
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.space,
        .msg_controllen = sizeof control.space,
    };
    memset(local, 0, sizeof *local);
    ssize_t received = recvmsg(socket, &message, 0);
    if (received < 0) return received;
    from_native(&storage, peer);
    *truncated = (message.msg_flags & MSG_TRUNC) != 0;
    for (struct cmsghdr *item = CMSG_FIRSTHDR(&message); item; item = CMSG_NXTHDR(&message, item)) {
        if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(item), sizeof info);
            memcpy(local->bytes, &info.ipi_addr, 4);
            local->version = 4;
        } else if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(item), sizeof info);
            memcpy(local->bytes, &info.ipi6_addr, 16);
            local->version = 6;
        }
    }
    return received;
}

long clinux_send_datagram(
    int socket, const void *bytes, size_t count, const struct clinux_address *peer,
    const struct clinux_address *local) {
    union control control = {{0}};
    struct sockaddr_storage storage;
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {.msg_name = &storage, .msg_iov = &part, .msg_iovlen = 1};
    message.msg_namelen = to_native(peer, &storage);
    if (local->version != 0) {
        message.msg_control = control.space;
        message.msg_controllen = sizeof control.space;
        struct cmsghdr *item = CMSG_FIRSTHDR(&message);
        // No interface: the route back decides, as it does for a reply of the kernel's own. A
        // link-local peer names its interface in the scope of its address.
        if (local->version == 4) {
            struct in_pktinfo info = {0};
            memcpy(&info.ipi_spec_dst, local->bytes, 4);
            item->cmsg_level = IPPROTO_IP;
            item->cmsg_type = IP_PKTINFO;
            item->cmsg_len = CMSG_LEN(sizeof info);
            memcpy(CMSG_DATA(item), &info, sizeof info);
            message.msg_controllen = CMSG_SPACE(sizeof info);
        } else {
            struct in6_pktinfo info = {0};
            memcpy(&info.ipi6_addr, local->bytes, 16);
            item->cmsg_level = IPPROTO_IPV6;
            item->cmsg_type = IPV6_PKTINFO;
            item->cmsg_len = CMSG_LEN(sizeof info);
            memcpy(CMSG_DATA(item), &info, sizeof info);
            message.msg_controllen = CMSG_SPACE(sizeof info);
        }
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL);
}

static int close_keeping_errno(int socket) {
    int cause = errno;
    close(socket);
    errno = cause;
    return -1;
}

/// Abstract names begin with a NUL and have no other end than the address's length.
static socklen_t abstract_address(const char *name, struct sockaddr_un *address) {
    size_t length = strlen(name);
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (length > sizeof address->sun_path - 1) length = sizeof address->sun_path - 1;
    memcpy(address->sun_path + 1, name, length);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
}

int clinux_listen_abstract(const char *name) {
    struct sockaddr_un address;
    socklen_t length = abstract_address(name, &address);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0) return -1;
    if (bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 128) != 0) {
        return close_keeping_errno(listener);
    }
    return listener;
}

int clinux_abstract_listener(const char *name, int *pid, uint32_t *user) {
    struct sockaddr_un address;
    socklen_t length = abstract_address(name, &address);
    // Nonblocking: a full backlog is not waited for.
    int caller = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (caller < 0) return -1;
    if (connect(caller, (struct sockaddr *)&address, length) != 0) return close_keeping_errno(caller);
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    if (getsockopt(caller, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return close_keeping_errno(caller);
    *pid = credentials.pid;
    *user = credentials.uid;
    close(caller);
    return 0;
}
