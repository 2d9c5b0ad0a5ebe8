#define _GNU_SOURCE
#include "CLinux.h"
#include "raw.h"

#include <arpa/inet.h>
#include <endian.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>

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

static void put_address(struct in6_addr *address, uint64_t high, uint64_t low) {
    uint64_t halves[2] = {htobe64(high), htobe64(low)};
    memcpy(address, halves, sizeof halves);
}

static int send_error(
    int handle, void *bytes, size_t count, struct sockaddr *peer, socklen_t peer_length, int level, int type,
    const void *info, size_t info_size) {
    union {
        char space[CMSG_SPACE(sizeof(struct in6_pktinfo))];
        struct cmsghdr alignment;
    } control = {{0}};
    control.alignment = (struct cmsghdr){.cmsg_len = CMSG_LEN(info_size), .cmsg_level = level, .cmsg_type = type};
    memcpy(CMSG_DATA(&control.alignment), info, info_size);
    struct iovec part = {bytes, count};
    struct msghdr message = {
        .msg_name = peer,
        .msg_namelen = peer_length,
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.space,
        .msg_controllen = CMSG_SPACE(info_size),
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
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_addr.s_addr = packet.ip.saddr};
    struct in_pktinfo info = {.ipi_spec_dst.s_addr = packet.ip.daddr};
    return send_error(
        handle, &packet, sizeof packet, (struct sockaddr *)&peer, sizeof peer, IPPROTO_IP, IP_PKTINFO, &info,
        sizeof info);
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
    struct sockaddr_in6 peer = {.sin6_family = AF_INET6, .sin6_scope_id = flow->scope};
    struct in6_pktinfo info = {.ipi6_ifindex = flow->scope};
    put_address(&peer.sin6_addr, flow->peer_high, flow->peer_low);
    put_address(&info.ipi6_addr, flow->local_high, flow->local_low);
    packet.ip.ip6_src = peer.sin6_addr;
    packet.ip.ip6_dst = info.ipi6_addr;
    return send_error(
        handle, &packet, sizeof packet, (struct sockaddr *)&peer, sizeof peer, IPPROTO_IPV6, IPV6_PKTINFO, &info,
        sizeof info);
}

int clinux_send_icmp_error(int handle, const struct clinux_flow *flow, int host) {
    return flow->version == 4 ? send_four(handle, flow, host) : send_six(handle, flow, host);
}
