#define _GNU_SOURCE
#include "flow.h"

#include <arpa/inet.h>

socklen_t clinux_flow_peer(const struct clinux_flow *flow, uint16_t port, union clinux_endpoint *peer) {
    memset(peer, 0, sizeof *peer);
    if (flow->version == 4) {
        peer->four.sin_family = AF_INET;
        peer->four.sin_port = htons(port);
        peer->four.sin_addr.s_addr = htonl((uint32_t)flow->peer_low);
        return sizeof peer->four;
    }
    peer->six.sin6_family = AF_INET6;
    peer->six.sin6_port = htons(port);
    peer->six.sin6_scope_id = flow->scope;
    clinux_join_address(flow->peer_high, flow->peer_low, &peer->six.sin6_addr);
    return sizeof peer->six;
}

size_t clinux_flow_put_source(const struct clinux_flow *flow, char *space) {
    struct cmsghdr *item = (struct cmsghdr *)space;
    if (flow->version == 4) {
        struct in_pktinfo info = {.ipi_spec_dst.s_addr = htonl((uint32_t)flow->local_low)};
        *item = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof info), .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO};
        memcpy(CMSG_DATA(item), &info, sizeof info);
        return CMSG_SPACE(sizeof info);
    }
    struct in6_pktinfo info = {.ipi6_ifindex = flow->scope};
    clinux_join_address(flow->local_high, flow->local_low, &info.ipi6_addr);
    *item = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof info), .cmsg_level = IPPROTO_IPV6, .cmsg_type = IPV6_PKTINFO};
    memcpy(CMSG_DATA(item), &info, sizeof info);
    return CMSG_SPACE(sizeof info);
}
