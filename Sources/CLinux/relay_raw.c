#define _GNU_SOURCE
#include "raw.h"
#include "relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/udp.h>
#include <stddef.h>

#include <linux/filter.h>

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
    union clinux_endpoint peer;
    // A raw socket takes no port.
    socklen_t length = clinux_flow_peer(flow, 0, &peer);
    union clinux_send_control control = {{0}};
    size_t control_length = clinux_flow_put_source(flow, control.space);
    relay->can_segment = 0;
    while (relay->position < relay->chosen_count) {
        struct clinux_relay_message message;
        struct iovec parts[2];
        uint16_t segment_size;
        clinux_relay_lay_out(relay, relay->position, relay->offset, &parts[1], &message, &segment_size);
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
        clinux_relay_step_over(relay, &message);
    }
    sent->can_segment = 1;
}
