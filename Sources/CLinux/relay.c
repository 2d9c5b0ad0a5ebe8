#define _GNU_SOURCE
#include "CLinux.h"
#include "raw.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/errqueue.h>
#include <linux/filter.h>

// linux/in6.h, which does not go together with netinet/in.h.
#ifndef IPV6_ORIGDSTADDR
#define IPV6_ORIGDSTADDR 74
#endif
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

// Slots at equal distances of 64 KiB would share the same few sets of a cache.
#define SLOT_STRIDE (CLINUX_RELAY_SLOT_BYTES + 192)
// Datagrams that one call may segment (UDP_MAX_SEGMENTS of linux/udp.h as it was before 6.9), and their bytes.
#define SEGMENT_LIMIT 64
#define SEGMENTED_BYTES 65000
// Messages of one sendmmsg.
#define MESSAGE_LIMIT 64

union receive_control {
    char space[CMSG_SPACE(sizeof(struct sockaddr_in6)) + CMSG_SPACE(sizeof(int))];
    struct cmsghdr alignment;
};

union send_control {
    char space[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(uint16_t))];
    struct cmsghdr alignment;
};

union endpoint {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
};

struct message {
    // The first slot and its byte, and where it ends.
    unsigned first;
    uint32_t offset;
    unsigned end;
    uint32_t end_offset;
    uint32_t datagrams, bytes;
};

struct clinux_relay {
    unsigned capacity;
    uint8_t *bytes;
    struct mmsghdr *received;
    struct iovec *receive_parts;
    union endpoint *peers;
    union receive_control *controls;
    // Of each slot: bytes of its datagrams but the last, 0: it holds one.
    uint32_t *segments;

    // What is to be sent: slots, and how far it is done.
    unsigned *chosen;
    unsigned chosen_count, position;
    uint32_t offset;
    int can_segment;

    struct message messages[MESSAGE_LIMIT];
    struct mmsghdr sent[MESSAGE_LIMIT];
    union send_control send_controls[MESSAGE_LIMIT];
    struct iovec *send_parts;
};

void clinux_relay_free(struct clinux_relay *relay) {
    if (!relay) return;
    free(relay->bytes);
    free(relay->received);
    free(relay->receive_parts);
    free(relay->peers);
    free(relay->controls);
    free(relay->segments);
    free(relay->chosen);
    free(relay->send_parts);
    free(relay);
}

struct clinux_relay *clinux_relay_new(unsigned capacity) {
    struct clinux_relay *relay = calloc(1, sizeof *relay);
    if (!relay) return NULL;
    relay->capacity = capacity;
    relay->bytes = malloc((size_t)capacity * SLOT_STRIDE);
    relay->received = calloc(capacity, sizeof *relay->received);
    relay->receive_parts = calloc(capacity, sizeof *relay->receive_parts);
    relay->peers = calloc(capacity, sizeof *relay->peers);
    relay->controls = calloc(capacity, sizeof *relay->controls);
    relay->segments = calloc(capacity, sizeof *relay->segments);
    relay->chosen = calloc(capacity, sizeof *relay->chosen);
    relay->send_parts = calloc(MESSAGE_LIMIT + capacity, sizeof *relay->send_parts);
    if (!relay->bytes || !relay->received || !relay->receive_parts || !relay->peers || !relay->controls
        || !relay->segments || !relay->chosen || !relay->send_parts) {
        clinux_relay_free(relay);
        errno = ENOMEM;
        return NULL;
    }
    for (unsigned i = 0; i < capacity; i++) {
        relay->receive_parts[i] = (struct iovec){relay->bytes + (size_t)i * SLOT_STRIDE, CLINUX_RELAY_SLOT_BYTES};
        relay->received[i].msg_hdr.msg_iov = &relay->receive_parts[i];
        relay->received[i].msg_hdr.msg_iovlen = 1;
    }
    return relay;
}

static void set_on(int socket, int level, int option) {
    int on = 1;
    // What is asked for this way is of use, and nothing depends on it.
    (void)setsockopt(socket, level, option, &on, sizeof on);
}

int clinux_prepare_flow_listener(int socket, int version) {
    int on = 1;
    set_on(socket, IPPROTO_UDP, UDP_GRO);
    return version == 4 ? setsockopt(socket, IPPROTO_IP, IP_RECVORIGDSTADDR, &on, sizeof on)
                        : setsockopt(socket, IPPROTO_IPV6, IPV6_ORIGDSTADDR, &on, sizeof on);
}

int clinux_prepare_flow_backend(int socket, int version) {
    int on = 1;
    set_on(socket, IPPROTO_UDP, UDP_GRO);
    return version == 4 ? setsockopt(socket, IPPROTO_IP, IP_RECVERR, &on, sizeof on)
                        : setsockopt(socket, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
}

int clinux_take_icmp_error(int socket) {
    // Room for the error, the address of who sent it, and what else the socket tells.
    union {
        char space[256];
        struct cmsghdr alignment;
    } control;
    for (;;) {
        struct msghdr message = {.msg_control = control.space, .msg_controllen = sizeof control.space};
        if (recvmsg(socket, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
            if (errno == EINTR) continue;
            return 0;
        }
        for (struct cmsghdr *item = CMSG_FIRSTHDR(&message); item; item = CMSG_NXTHDR(&message, item)) {
            int is_error = (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_RECVERR)
                || (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_RECVERR);
            if (!is_error) continue;
            struct sock_extended_err error;
            memcpy(&error, CMSG_DATA(item), sizeof error);
            int is_icmp = error.ee_origin == SO_EE_ORIGIN_ICMP || error.ee_origin == SO_EE_ORIGIN_ICMP6;
            if (is_icmp && error.ee_errno != 0) return (int)error.ee_errno;
        }
    }
}

int clinux_relay_receive(struct clinux_relay *relay, int socket, int with_destination) {
    for (unsigned i = 0; i < relay->capacity; i++) {
        struct msghdr *header = &relay->received[i].msg_hdr;
        header->msg_name = with_destination ? &relay->peers[i] : NULL;
        header->msg_namelen = with_destination ? sizeof relay->peers[i] : 0;
        header->msg_control = relay->controls[i].space;
        header->msg_controllen = sizeof relay->controls[i].space;
    }
    relay->chosen_count = relay->position = relay->offset = 0;
    int count = recvmmsg(socket, relay->received, relay->capacity, MSG_DONTWAIT, NULL);
    for (int i = 0; i < count; i++) {
        struct msghdr *header = &relay->received[i].msg_hdr;
        relay->segments[i] = 0;
        for (struct cmsghdr *item = CMSG_FIRSTHDR(header); item; item = CMSG_NXTHDR(header, item)) {
            if (item->cmsg_level != IPPROTO_UDP || item->cmsg_type != UDP_GRO) continue;
            int size;
            memcpy(&size, CMSG_DATA(item), sizeof size);
            if (size > 0 && (unsigned)size < relay->received[i].msg_len) relay->segments[i] = (uint32_t)size;
        }
    }
    return count;
}

static void split(const struct in6_addr *address, uint64_t *high, uint64_t *low) {
    uint64_t halves[2];
    memcpy(halves, address, sizeof halves);
    *high = be64toh(halves[0]);
    *low = be64toh(halves[1]);
}

static void join(uint64_t high, uint64_t low, struct in6_addr *address) {
    uint64_t halves[2] = {htobe64(high), htobe64(low)};
    memcpy(address, halves, sizeof halves);
}

void clinux_relay_flow(const struct clinux_relay *relay, unsigned slot, struct clinux_flow *flow) {
    memset(flow, 0, sizeof *flow);
    const struct msghdr *header = &relay->received[slot].msg_hdr;
    const union endpoint *peer = &relay->peers[slot];
    for (struct cmsghdr *item = CMSG_FIRSTHDR(header); item; item = CMSG_NXTHDR((struct msghdr *)header, item)) {
        union endpoint local;
        if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_ORIGDSTADDR) {
            memcpy(&local.four, CMSG_DATA(item), sizeof local.four);
            flow->version = 4;
            flow->peer_low = ntohl(peer->four.sin_addr.s_addr);
            flow->peer_port = ntohs(peer->four.sin_port);
            flow->local_low = ntohl(local.four.sin_addr.s_addr);
            flow->local_port = ntohs(local.four.sin_port);
            return;
        }
        if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_ORIGDSTADDR) {
            memcpy(&local.six, CMSG_DATA(item), sizeof local.six);
            flow->version = 6;
            split(&peer->six.sin6_addr, &flow->peer_high, &flow->peer_low);
            flow->peer_port = ntohs(peer->six.sin6_port);
            flow->scope = peer->six.sin6_scope_id;
            split(&local.six.sin6_addr, &flow->local_high, &flow->local_low);
            flow->local_port = ntohs(local.six.sin6_port);
            return;
        }
    }
}

unsigned clinux_relay_datagrams(const struct clinux_relay *relay, unsigned slot) {
    uint32_t segment = relay->segments[slot];
    return segment ? (relay->received[slot].msg_len + segment - 1) / segment : 1;
}

void clinux_relay_choose_none(struct clinux_relay *relay, int can_segment) {
    relay->chosen_count = relay->position = relay->offset = 0;
    relay->can_segment = can_segment;
}

void clinux_relay_choose(struct clinux_relay *relay, unsigned slot) { relay->chosen[relay->chosen_count++] = slot; }

static uint8_t *slot_bytes(struct clinux_relay *relay, unsigned slot) {
    return relay->bytes + (size_t)slot * SLOT_STRIDE;
}

static socklen_t peer_of(const struct clinux_flow *flow, union endpoint *peer) {
    memset(peer, 0, sizeof *peer);
    if (flow->version == 4) {
        peer->four.sin_family = AF_INET;
        peer->four.sin_port = htons(flow->peer_port);
        peer->four.sin_addr.s_addr = htonl((uint32_t)flow->peer_low);
        return sizeof peer->four;
    }
    peer->six.sin6_family = AF_INET6;
    peer->six.sin6_port = htons(flow->peer_port);
    peer->six.sin6_scope_id = flow->scope;
    join(flow->peer_high, flow->peer_low, &peer->six.sin6_addr);
    return sizeof peer->six;
}

// Returns the bytes of control data that were written.
static size_t put_source(char *space, const struct clinux_flow *flow) {
    struct cmsghdr *item = (struct cmsghdr *)space;
    if (flow->version == 4) {
        struct in_pktinfo info = {.ipi_spec_dst.s_addr = htonl((uint32_t)flow->local_low)};
        *item = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof info), .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO};
        memcpy(CMSG_DATA(item), &info, sizeof info);
        return CMSG_SPACE(sizeof info);
    }
    struct in6_pktinfo info = {.ipi6_ifindex = flow->scope};
    join(flow->local_high, flow->local_low, &info.ipi6_addr);
    *item = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof info), .cmsg_level = IPPROTO_IPV6, .cmsg_type = IPV6_PKTINFO};
    memcpy(CMSG_DATA(item), &info, sizeof info);
    return CMSG_SPACE(sizeof info);
}

// Lays out the next message from (`first`, `offset`) on. Returns its number of parts.
static unsigned lay_out(
    struct clinux_relay *relay, unsigned first, uint32_t offset, struct iovec *parts, struct message *message,
    uint16_t *segment_size) {
    unsigned slot = relay->chosen[first];
    uint32_t length = relay->received[slot].msg_len, segment = relay->segments[slot];
    *message = (struct message){.first = first, .offset = offset};
    *segment_size = 0;
    if (segment) {
        uint32_t rest = length - offset, limit = segment;
        if (relay->can_segment) {
            uint32_t count = SEGMENTED_BYTES / segment;
            limit = segment * (count == 0 ? 1 : count > SEGMENT_LIMIT ? SEGMENT_LIMIT : count);
        }
        uint32_t taken = rest < limit ? rest : limit;
        if (taken > segment) *segment_size = (uint16_t)segment;
        parts[0] = (struct iovec){slot_bytes(relay, slot) + offset, taken};
        message->datagrams = (taken + segment - 1) / segment;
        message->bytes = taken;
        message->end = taken == rest ? first + 1 : first;
        message->end_offset = taken == rest ? 0 : offset + taken;
        return 1;
    }
    parts[0] = (struct iovec){slot_bytes(relay, slot), length};
    message->datagrams = 1;
    message->bytes = length;
    unsigned next = first + 1;
    // A run of one size, whose last may be shorter.
    while (relay->can_segment && length > 0 && next < relay->chosen_count && message->datagrams < SEGMENT_LIMIT) {
        unsigned other = relay->chosen[next];
        uint32_t bytes = relay->received[other].msg_len;
        if (relay->segments[other] || bytes == 0 || bytes > length || message->bytes + bytes > SEGMENTED_BYTES) break;
        parts[message->datagrams++] = (struct iovec){slot_bytes(relay, other), bytes};
        message->bytes += bytes;
        *segment_size = (uint16_t)length;
        next++;
        if (bytes < length) break;
    }
    message->end = next;
    return message->datagrams;
}

static void put_segment_size(struct msghdr *header, char *space, uint16_t size) {
    struct cmsghdr *item = (struct cmsghdr *)(space + header->msg_controllen);
    *item = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof size), .cmsg_level = IPPROTO_UDP, .cmsg_type = UDP_SEGMENT};
    memcpy(CMSG_DATA(item), &size, sizeof size);
    header->msg_controllen += CMSG_SPACE(sizeof size);
}

// Lays out messages from where the choice stands; returns how many.
static unsigned lay_out_all(
    struct clinux_relay *relay, union endpoint *peer, socklen_t peer_length, const struct clinux_flow *source) {
    unsigned count = 0, part = 0, position = relay->position;
    uint32_t offset = relay->offset;
    // A message takes at most as many parts as it has slots, so that there is room for all.
    while (count < MESSAGE_LIMIT && position < relay->chosen_count) {
        uint16_t segment_size;
        struct message *message = &relay->messages[count];
        struct msghdr *header = &relay->sent[count].msg_hdr;
        char *space = relay->send_controls[count].space;
        unsigned parts = lay_out(relay, position, offset, relay->send_parts + part, message, &segment_size);
        *header = (struct msghdr){
            .msg_name = peer, .msg_namelen = peer_length, .msg_iov = relay->send_parts + part, .msg_iovlen = parts};
        memset(space, 0, sizeof relay->send_controls[count].space);
        if (source) header->msg_controllen = put_source(space, source);
        if (segment_size) put_segment_size(header, space, segment_size);
        if (header->msg_controllen) header->msg_control = space;
        part += parts;
        position = message->end;
        offset = message->end_offset;
        count++;
    }
    return count;
}

static void step_over(struct clinux_relay *relay, const struct message *message) {
    relay->position = message->end;
    relay->offset = message->end_offset;
}

static void lose_the_rest(struct clinux_relay *relay, struct clinux_relay_sent *sent) {
    relay->can_segment = 0;
    while (relay->position < relay->chosen_count) {
        struct message message;
        uint16_t segment_size;
        lay_out(relay, relay->position, relay->offset, relay->send_parts, &message, &segment_size);
        sent->lost += message.datagrams;
        step_over(relay, &message);
    }
}

static int is_of_the_way(int error) {
    return error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH;
}

static void send_chosen(
    struct clinux_relay *relay, int socket, union endpoint *peer, socklen_t peer_length,
    const struct clinux_flow *source, struct clinux_relay_sent *sent) {
    *sent = (struct clinux_relay_sent){0};
    while (relay->position < relay->chosen_count && sent->error == 0) {
        unsigned count = lay_out_all(relay, peer, peer_length, source), done = 0;
        while (done < count) {
            int result = sendmmsg(socket, relay->sent + done, count - done, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (result > 0) {
                for (int i = 0; i < result; i++, done++) {
                    sent->datagrams += relay->messages[done].datagrams;
                    sent->bytes += relay->messages[done].bytes;
                    step_over(relay, &relay->messages[done]);
                }
                continue;
            }
            int error = errno;
            if (error == EINTR) continue;
            if (!peer && is_of_the_way(error)) {
                // The call took the error of an earlier datagram; this one was not sent.
                sent->error = error;
                break;
            }
            if (error == EAGAIN) {
                lose_the_rest(relay, sent);
                break;
            }
            if (relay->messages[done].datagrams > 1 && relay->can_segment
                && (error == EINVAL || error == EMSGSIZE || error == EIO || error == EOPNOTSUPP)) {
                // Too long for the route in this form, or a device that cannot: one by one then.
                relay->can_segment = 0;
                break;
            }
            sent->lost += relay->messages[done].datagrams;
            step_over(relay, &relay->messages[done]);
            done++;
        }
    }
    sent->can_segment = relay->can_segment;
}

void clinux_relay_send(struct clinux_relay *relay, int socket, struct clinux_relay_sent *sent) {
    send_chosen(relay, socket, NULL, 0, NULL, sent);
}

void clinux_relay_send_back(
    struct clinux_relay *relay, int socket, const struct clinux_flow *flow, int with_source,
    struct clinux_relay_sent *sent) {
    union endpoint peer;
    socklen_t length = peer_of(flow, &peer);
    send_chosen(relay, socket, &peer, length, with_source ? flow : NULL, sent);
}

int clinux_raw_udp_socket(int version) {
    int checksum_offset = offsetof(struct udphdr, uh_sum);
    struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog filter = {1, &nothing};
    struct clinux_raw_option four[] = {{SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter}, {.level = -1}};
    struct clinux_raw_option six[] = {
        {SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter},
        // The kernel fills IPv6's checksum in.
        {IPPROTO_IPV6, IPV6_CHECKSUM, &checksum_offset, sizeof checksum_offset},
        {.level = -1},
    };
    return clinux_raw_sender(version, IPPROTO_UDP, version == 4 ? four : six);
}

static uint32_t sum_words(uint32_t sum, const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i + 1 < count; i += 2) sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
    if (count % 2) sum += (uint32_t)bytes[count - 1] << 8;
    return sum;
}

// RFC 768: over a header with the addresses, the UDP header and the payload.
static uint16_t udp_checksum(const struct clinux_flow *flow, const struct udphdr *udp, const struct iovec *payload) {
    uint32_t local = (uint32_t)flow->local_low, peer = (uint32_t)flow->peer_low;
    uint32_t sum = (local >> 16) + (local & 0xffff) + (peer >> 16) + (peer & 0xffff) + IPPROTO_UDP + ntohs(udp->uh_ulen);
    sum = sum_words(sum, (const uint8_t *)udp, sizeof *udp);
    sum = sum_words(sum, payload->iov_base, payload->iov_len);
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    uint16_t result = (uint16_t)~sum;
    return htons(result ? result : 0xffff);
}

void clinux_relay_send_raw(
    struct clinux_relay *relay, int socket, const struct clinux_flow *flow, struct clinux_relay_sent *sent) {
    *sent = (struct clinux_relay_sent){0};
    union endpoint peer;
    struct clinux_flow without_port = *flow;
    without_port.peer_port = 0;
    socklen_t length = peer_of(&without_port, &peer);
    union send_control control = {{0}};
    size_t control_length = put_source(control.space, flow);
    relay->can_segment = 0;
    while (relay->position < relay->chosen_count) {
        struct message message;
        struct iovec parts[2];
        uint16_t segment_size;
        lay_out(relay, relay->position, relay->offset, &parts[1], &message, &segment_size);
        struct udphdr udp = {
            .uh_sport = htons(flow->local_port),
            .uh_dport = htons(flow->peer_port),
            .uh_ulen = htons((uint16_t)(sizeof udp + message.bytes)),
        };
        if (flow->version == 4) udp.uh_sum = udp_checksum(flow, &udp, &parts[1]);
        parts[0] = (struct iovec){&udp, sizeof udp};
        struct msghdr header = {
            .msg_name = &peer, .msg_namelen = length, .msg_iov = parts, .msg_iovlen = 2,
            .msg_control = control.space, .msg_controllen = control_length};
        ssize_t result = sendmsg(socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (result < 0 && errno == EINTR) continue;
        if (result < 0) {
            sent->lost++;
        } else {
            sent->datagrams++;
            sent->bytes += message.bytes;
        }
        step_over(relay, &message);
    }
    sent->can_segment = 1;
}
