#ifndef CLINUX_FLOW_H
#define CLINUX_FLOW_H

#include "CLinux.h"

#include <endian.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

union clinux_endpoint {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
};

// Room for the source of a datagram of either family.
#define CLINUX_SOURCE_SPACE CMSG_SPACE(sizeof(struct in6_pktinfo))

// The flow's peer with this port, as the kernel takes it. Returns the bytes of the address.
socklen_t clinux_flow_peer(const struct clinux_flow *flow, uint16_t port, union clinux_endpoint *peer);
// Writes control data that says that a datagram leaves from the flow's local address (IP_PKTINFO). Returns its bytes.
size_t clinux_flow_put_source(const struct clinux_flow *flow, char *space);

static inline void clinux_split_address(const struct in6_addr *address, uint64_t *high, uint64_t *low) {
    uint64_t halves[2];
    memcpy(halves, address, sizeof halves);
    *high = be64toh(halves[0]);
    *low = be64toh(halves[1]);
}

static inline void clinux_join_address(uint64_t high, uint64_t low, struct in6_addr *address) {
    uint64_t halves[2] = {htobe64(high), htobe64(low)};
    memcpy(address, halves, sizeof halves);
}

#endif
