#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// Room for one of the two, whichever family the socket has.
union path_control {
    char space[CMSG_SPACE(sizeof(struct in6_pktinfo))];
    struct cmsghdr alignment;
};

struct clinux_datagrams {
    unsigned capacity;
    size_t receive_size, send_size;
    struct mmsghdr *messages, *replies;
    struct iovec *parts, *reply_parts;
    struct sockaddr_in6 *peers;
    union path_control *controls;
    uint8_t *received, *sent;
    // Of the reply in each slot; 0: none.
    uint32_t *reply_counts;
};

void clinux_datagrams_free(struct clinux_datagrams *batch) {
    if (!batch) return;
    free(batch->messages);
    free(batch->replies);
    free(batch->parts);
    free(batch->reply_parts);
    free(batch->peers);
    free(batch->controls);
    free(batch->received);
    free(batch->sent);
    free(batch->reply_counts);
    free(batch);
}

struct clinux_datagrams *clinux_datagrams_new(unsigned capacity, size_t receive_size, size_t send_size) {
    struct clinux_datagrams *batch = calloc(1, sizeof *batch);
    if (!batch) return NULL;
    batch->capacity = capacity;
    batch->receive_size = receive_size;
    batch->send_size = send_size;
    batch->messages = calloc(capacity, sizeof *batch->messages);
    batch->replies = calloc(capacity, sizeof *batch->replies);
    batch->parts = calloc(capacity, sizeof *batch->parts);
    batch->reply_parts = calloc(capacity, sizeof *batch->reply_parts);
    batch->peers = calloc(capacity, sizeof *batch->peers);
    batch->controls = calloc(capacity, sizeof *batch->controls);
    batch->received = calloc(capacity, receive_size);
    batch->sent = calloc(capacity, send_size);
    batch->reply_counts = calloc(capacity, sizeof *batch->reply_counts);
    if (!batch->messages || !batch->replies || !batch->parts || !batch->reply_parts || !batch->peers
        || !batch->controls || !batch->received || !batch->sent || !batch->reply_counts) {
        clinux_datagrams_free(batch);
        errno = ENOMEM;
        return NULL;
    }
    for (unsigned i = 0; i < capacity; i++) {
        batch->parts[i] = (struct iovec){batch->received + i * receive_size, receive_size};
        batch->messages[i].msg_hdr.msg_iov = &batch->parts[i];
        batch->messages[i].msg_hdr.msg_iovlen = 1;
        batch->messages[i].msg_hdr.msg_name = &batch->peers[i];
    }
    return batch;
}

int clinux_datagrams_receive(struct clinux_datagrams *batch, int socket, int with_local_address) {
    for (unsigned i = 0; i < batch->capacity; i++) {
        struct msghdr *header = &batch->messages[i].msg_hdr;
        header->msg_namelen = sizeof batch->peers[i];
        header->msg_control = with_local_address ? batch->controls[i].space : NULL;
        header->msg_controllen = with_local_address ? sizeof batch->controls[i].space : 0;
        batch->reply_counts[i] = 0;
    }
    return recvmmsg(socket, batch->messages, batch->capacity, MSG_DONTWAIT, NULL);
}

const uint8_t *clinux_datagrams_request(const struct clinux_datagrams *batch, unsigned index, size_t *count) {
    const struct mmsghdr *message = &batch->messages[index];
    // One that was cut off is as good as none.
    *count = message->msg_hdr.msg_flags & MSG_TRUNC ? 0 : message->msg_len;
    return batch->parts[index].iov_base;
}

uint8_t *clinux_datagrams_response(struct clinux_datagrams *batch, unsigned index) {
    return batch->sent + index * batch->send_size;
}

void clinux_datagrams_set_response(struct clinux_datagrams *batch, unsigned index, uint32_t count) {
    batch->reply_counts[index] = count;
}

void clinux_datagrams_path(
    const struct clinux_datagrams *batch, unsigned index, struct clinux_address *peer, struct clinux_address *local) {
    const struct sockaddr_in6 *native = &batch->peers[index];
    memset(peer, 0, sizeof *peer);
    memset(local, 0, sizeof *local);
    if (native->sin6_family == AF_INET) {
        const struct sockaddr_in *four = (const struct sockaddr_in *)native;
        peer->version = 4;
        peer->port = ntohs(four->sin_port);
        memcpy(peer->bytes, &four->sin_addr, 4);
    } else {
        peer->version = 6;
        peer->port = ntohs(native->sin6_port);
        peer->scope = native->sin6_scope_id;
        memcpy(peer->bytes, &native->sin6_addr, 16);
    }
    const struct msghdr *header = &batch->messages[index].msg_hdr;
    struct cmsghdr *item = header->msg_controllen ? CMSG_FIRSTHDR(header) : NULL;
    if (item && item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_PKTINFO) {
        struct in_pktinfo info;
        memcpy(&info, CMSG_DATA(item), sizeof info);
        local->version = 4;
        memcpy(local->bytes, &info.ipi_addr, 4);
    } else if (item && item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_PKTINFO) {
        struct in6_pktinfo info;
        memcpy(&info, CMSG_DATA(item), sizeof info);
        local->version = 6;
        memcpy(local->bytes, &info.ipi6_addr, 16);
    }
}

// What was received says where the datagram came in. The reply leaves from the same address, but by the route back.
static void turn_around(struct msghdr *header) {
    struct cmsghdr *item = header->msg_controllen ? CMSG_FIRSTHDR(header) : NULL;
    if (!item) {
        header->msg_controllen = 0;
    } else if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_PKTINFO) {
        struct in_pktinfo *info = (struct in_pktinfo *)CMSG_DATA(item);
        info->ipi_spec_dst = info->ipi_addr;
        info->ipi_ifindex = 0;
    } else if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_PKTINFO) {
        ((struct in6_pktinfo *)CMSG_DATA(item))->ipi6_ifindex = 0;
    } else {
        header->msg_controllen = 0;
    }
}

unsigned clinux_datagrams_send(struct clinux_datagrams *batch, int socket, unsigned count) {
    unsigned ready = 0, sent = 0, failed = 0;
    for (unsigned i = 0; i < count; i++) {
        if (!batch->reply_counts[i]) continue;
        batch->reply_parts[ready] = (struct iovec){batch->sent + i * batch->send_size, batch->reply_counts[i]};
        struct msghdr *header = &batch->replies[ready].msg_hdr;
        *header = batch->messages[i].msg_hdr;
        header->msg_iov = &batch->reply_parts[ready];
        header->msg_flags = 0;
        turn_around(header);
        ready++;
    }
    while (sent < ready) {
        int result = sendmmsg(socket, batch->replies + sent, ready - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (result > 0) {
            sent += (unsigned)result;
        } else if (errno != EINTR) {
            // This one cannot be sent (no route back, a full queue): its client asks again; the others go on.
            sent++;
            failed++;
        }
    }
    return failed;
}

int clinux_bind_shared(int socket, const struct clinux_address *address) {
    int on = 1;
    // Asked for any port, the kernel may give one that others share already: a socket that shares only afterwards gets
    // one that nobody has.
    if (address->port == 0 && clinux_bind(socket, address) != 0) return -1;
    if (setsockopt(socket, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) return -1;
    return address->port == 0 ? 0 : clinux_bind(socket, address);
}

int clinux_set_receive_buffer(int socket, int byte_count) {
    // With CAP_NET_ADMIN beyond net.core.rmem_max.
    if (setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &byte_count, sizeof byte_count) == 0) return 0;
    return setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &byte_count, sizeof byte_count);
}
