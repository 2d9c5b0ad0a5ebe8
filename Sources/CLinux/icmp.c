#define _GNU_SOURCE
#include "flow.h"
#include "raw.h"

#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <string.h>

// linux/icmp.h, which does not go together with the C library's headers.
#ifndef ICMP_FILTER
#define ICMP_FILTER 1
#endif

int clinux_icmp_socket(int version) {
    // A raw socket gets a copy of every ICMP message unless it says otherwise.
    struct icmp6_filter none_of_six;
    ICMP6_FILTER_SETBLOCKALL(&none_of_six);
    uint32_t none_of_four = UINT32_MAX;
    struct clinux_raw_option four[] = {{SOL_RAW, ICMP_FILTER, &none_of_four, sizeof none_of_four}, {.level = -1}};
    struct clinux_raw_option six[] = {{IPPROTO_ICMPV6, ICMP6_FILTER, &none_of_six, sizeof none_of_six}, {.level = -1}};
    return version == 4 ? clinux_raw_sender(4, IPPROTO_ICMP, four) : clinux_raw_sender(6, IPPROTO_ICMPV6, six);
}

static uint16_t checksum(const void *bytes, size_t count) {
    uint32_t sum = 0;
    for (size_t i = 0; i + 1 < count; i += 2) {
        uint16_t word;
        memcpy(&word, (const char *)bytes + i, sizeof word);
        sum += word;
    }
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static int send_error(int handle, void *bytes, size_t count, const struct clinux_flow *flow) {
    union {
        char space[CLINUX_SOURCE_SPACE];
        struct cmsghdr alignment;
    } control = {{0}};
    union clinux_endpoint peer;
    struct iovec part = {bytes, count};
    // A raw socket takes no port.
    struct msghdr message = {
        .msg_name = &peer,
        .msg_namelen = clinux_flow_peer(flow, 0, &peer),
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.space,
        .msg_controllen = clinux_flow_put_source(flow, control.space),
    };
    return sendmsg(handle, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -1 : 0;
}

static int send_four(int handle, const struct clinux_flow *flow, int host) {
    struct {
        struct icmphdr error;
        struct iphdr ip;
        struct udphdr udp;
    } __attribute__((packed)) packet = {
        .error = {.type = ICMP_DEST_UNREACH, .code = host ? ICMP_HOST_UNREACH : ICMP_PORT_UNREACH},
        .ip = {
            .version = 4,
            .ihl = 5,
            .tot_len = htons(sizeof packet.ip + sizeof packet.udp),
            .ttl = 64,
            .protocol = IPPROTO_UDP,
            .saddr = htonl((uint32_t)flow->peer_low),
            .daddr = htonl((uint32_t)flow->local_low),
        },
        .udp = {
            .source = htons(flow->peer_port), .dest = htons(flow->local_port), .len = htons(sizeof packet.udp)},
    };
    packet.ip.check = checksum(&packet.ip, sizeof packet.ip);
    packet.error.checksum = checksum(&packet, sizeof packet);
    return send_error(handle, &packet, sizeof packet, flow);
}

static int send_six(int handle, const struct clinux_flow *flow, int host) {
    struct {
        struct icmp6_hdr error;
        struct ip6_hdr ip;
        struct udphdr udp;
    } __attribute__((packed)) packet = {
        // The kernel adds the checksum (RFC 3542).
        .error = {
            .icmp6_type = ICMP6_DST_UNREACH,
            .icmp6_code = host ? ICMP6_DST_UNREACH_ADDR : ICMP6_DST_UNREACH_NOPORT},
        .udp = {
            .source = htons(flow->peer_port), .dest = htons(flow->local_port), .len = htons(sizeof packet.udp)},
    };
    packet.ip.ip6_flow = htonl(6u << 28);
    packet.ip.ip6_plen = htons(sizeof packet.udp);
    packet.ip.ip6_nxt = IPPROTO_UDP;
    packet.ip.ip6_hlim = 64;
    struct in6_addr peer, local;
    clinux_join_address(flow->peer_high, flow->peer_low, &peer);
    clinux_join_address(flow->local_high, flow->local_low, &local);
    packet.ip.ip6_src = peer;
    packet.ip.ip6_dst = local;
    return send_error(handle, &packet, sizeof packet, flow);
}

int clinux_send_icmp_error(int handle, const struct clinux_flow *flow, int host) {
    return flow->version == 4 ? send_four(handle, flow, host) : send_six(handle, flow, host);
}
