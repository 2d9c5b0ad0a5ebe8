#define _GNU_SOURCE
#include "relay.h"

#include <errno.h>
#include <netinet/udp.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

// Datagrams that one call may segment (UDP_MAX_SEGMENTS of linux/udp.h as it was before 6.9), and their bytes.
#define SEGMENT_LIMIT 64
#define SEGMENTED_BYTES 65000

unsigned clinux_relay_lay_out(
    struct clinux_relay *relay, unsigned first, uint32_t offset, struct iovec *parts,
    struct clinux_relay_message *message, uint16_t *segment_size) {
    unsigned slot = relay->chosen[first];
    uint32_t length = relay->received[slot].msg_len, segment = relay->segments[slot];
    *message = (struct clinux_relay_message){.first = first, .offset = offset};
    *segment_size = 0;
    if (segment) {
        uint32_t rest = length - offset, limit = segment;
        if (relay->can_segment) {
            uint32_t count = SEGMENTED_BYTES / segment;
            limit = segment * (count == 0 ? 1 : count > SEGMENT_LIMIT ? SEGMENT_LIMIT : count);
        }
        uint32_t taken = rest < limit ? rest : limit;
        if (taken > segment) *segment_size = (uint16_t)segment;
        parts[0] = (struct iovec){clinux_relay_slot(relay, slot) + offset, taken};
        message->datagrams = (taken + segment - 1) / segment;
        message->bytes = taken;
        message->end = taken == rest ? first + 1 : first;
        message->end_offset = taken == rest ? 0 : offset + taken;
        return 1;
    }
    parts[0] = (struct iovec){clinux_relay_slot(relay, slot), length};
    message->datagrams = 1;
    message->bytes = length;
    unsigned next = first + 1;
    // A run of one size, whose last may be shorter.
    while (relay->can_segment && length > 0 && next < relay->chosen_count && message->datagrams < SEGMENT_LIMIT) {
        unsigned other = relay->chosen[next];
        uint32_t bytes = relay->received[other].msg_len;
        if (relay->segments[other] || bytes == 0 || bytes > length || message->bytes + bytes > SEGMENTED_BYTES) break;
        parts[message->datagrams++] = (struct iovec){clinux_relay_slot(relay, other), bytes};
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
    struct clinux_relay *relay, union clinux_endpoint *peer, socklen_t peer_length, const struct clinux_flow *source) {
    unsigned count = 0, part = 0, position = relay->position;
    uint32_t offset = relay->offset;
    // A message takes at most as many parts as it has slots, so that there is room for all.
    while (count < CLINUX_RELAY_MESSAGE_LIMIT && position < relay->chosen_count) {
        uint16_t segment_size;
        struct clinux_relay_message *message = &relay->messages[count];
        struct msghdr *header = &relay->sent[count].msg_hdr;
        char *space = relay->send_controls[count].space;
        unsigned parts = clinux_relay_lay_out(relay, position, offset, relay->send_parts + part, message, &segment_size);
        *header = (struct msghdr){
            .msg_name = peer, .msg_namelen = peer_length, .msg_iov = relay->send_parts + part, .msg_iovlen = parts};
        memset(space, 0, sizeof relay->send_controls[count].space);
        if (source) header->msg_controllen = clinux_flow_put_source(source, space);
        if (segment_size) put_segment_size(header, space, segment_size);
        if (header->msg_controllen) header->msg_control = space;
        part += parts;
        position = message->end;
        offset = message->end_offset;
        count++;
    }
    return count;
}

static void lose_the_rest(struct clinux_relay *relay, struct clinux_relay_sent *sent) {
    relay->can_segment = 0;
    while (relay->position < relay->chosen_count) {
        struct clinux_relay_message message;
        uint16_t segment_size;
        clinux_relay_lay_out(relay, relay->position, relay->offset, relay->send_parts, &message, &segment_size);
        sent->lost += message.datagrams;
        clinux_relay_step_over(relay, &message);
    }
}

static int is_of_the_way(int error) {
    return error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH;
}

static void send_chosen(
    struct clinux_relay *relay, int socket, union clinux_endpoint *peer, socklen_t peer_length,
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
                    clinux_relay_step_over(relay, &relay->messages[done]);
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
            clinux_relay_step_over(relay, &relay->messages[done]);
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
    union clinux_endpoint peer;
    socklen_t length = clinux_flow_peer(flow, flow->peer_port, &peer);
    send_chosen(relay, socket, &peer, length, with_source ? flow : NULL, sent);
}
