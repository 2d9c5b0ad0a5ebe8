#define _GNU_SOURCE
#include "relay.h"

#include <errno.h>
#include <stdlib.h>

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
    relay->bytes = malloc((size_t)capacity * CLINUX_RELAY_SLOT_STRIDE);
    relay->received = calloc(capacity, sizeof *relay->received);
    relay->receive_parts = calloc(capacity, sizeof *relay->receive_parts);
    relay->peers = calloc(capacity, sizeof *relay->peers);
    relay->controls = calloc(capacity, sizeof *relay->controls);
    relay->segments = calloc(capacity, sizeof *relay->segments);
    relay->chosen = calloc(capacity, sizeof *relay->chosen);
    relay->send_parts = calloc(CLINUX_RELAY_MESSAGE_LIMIT + capacity, sizeof *relay->send_parts);
    if (!relay->bytes || !relay->received || !relay->receive_parts || !relay->peers || !relay->controls
        || !relay->segments || !relay->chosen || !relay->send_parts) {
        clinux_relay_free(relay);
        errno = ENOMEM;
        return NULL;
    }
    for (unsigned i = 0; i < capacity; i++) {
        relay->receive_parts[i] = (struct iovec){clinux_relay_slot(relay, i), CLINUX_RELAY_SLOT_BYTES};
        relay->received[i].msg_hdr.msg_iov = &relay->receive_parts[i];
        relay->received[i].msg_hdr.msg_iovlen = 1;
    }
    return relay;
}

void clinux_relay_choose_none(struct clinux_relay *relay, int can_segment) {
    relay->chosen_count = relay->position = relay->offset = 0;
    relay->can_segment = can_segment;
}

void clinux_relay_choose(struct clinux_relay *relay, unsigned slot) { relay->chosen[relay->chosen_count++] = slot; }
