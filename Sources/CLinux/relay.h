#ifndef CLINUX_RELAY_H
#define CLINUX_RELAY_H

#include "flow.h"

// Slots at equal distances of 64 KiB would share the same few sets of a cache.
#define CLINUX_RELAY_SLOT_STRIDE (CLINUX_RELAY_SLOT_BYTES + 192)
// Messages of one sendmmsg.
#define CLINUX_RELAY_MESSAGE_LIMIT 64

union clinux_receive_control {
    char space[CMSG_SPACE(sizeof(struct sockaddr_in6)) + CMSG_SPACE(sizeof(int))];
    struct cmsghdr alignment;
};

union clinux_send_control {
    char space[CLINUX_SOURCE_SPACE + CMSG_SPACE(sizeof(uint16_t))];
    struct cmsghdr alignment;
};

// Datagrams of one size that leave at one go.
struct clinux_relay_message {
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
    union clinux_endpoint *peers;
    union clinux_receive_control *controls;
    // Of each slot: bytes of its datagrams but the last, 0: it holds one.
    uint32_t *segments;

    // What is to be sent: slots, and how far it is done.
    unsigned *chosen;
    unsigned chosen_count, position;
    uint32_t offset;
    int can_segment;

    struct clinux_relay_message messages[CLINUX_RELAY_MESSAGE_LIMIT];
    struct mmsghdr sent[CLINUX_RELAY_MESSAGE_LIMIT];
    union clinux_send_control send_controls[CLINUX_RELAY_MESSAGE_LIMIT];
    struct iovec *send_parts;
};

// Lays out the next message from the chosen slot `first` and its byte `offset` on. Returns its number of parts;
// `segment_size`: bytes of each of its datagrams but the last, 0: it is one.
unsigned clinux_relay_lay_out(
    struct clinux_relay *relay, unsigned first, uint32_t offset, struct iovec *parts,
    struct clinux_relay_message *message, uint16_t *segment_size);

static inline void clinux_relay_step_over(struct clinux_relay *relay, const struct clinux_relay_message *message) {
    relay->position = message->end;
    relay->offset = message->end_offset;
}

static inline uint8_t *clinux_relay_slot(struct clinux_relay *relay, unsigned slot) {
    return relay->bytes + (size_t)slot * CLINUX_RELAY_SLOT_STRIDE;
}

#endif
