#define _GNU_SOURCE
#include "relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/udp.h>

#include <linux/errqueue.h>

// linux/in6.h, which does not go together with netinet/in.h.
#ifndef IPV6_ORIGDSTADDR
#define IPV6_ORIGDSTADDR 74
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

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

void clinux_relay_flow(const struct clinux_relay *relay, unsigned slot, struct clinux_flow *flow) {
    memset(flow, 0, sizeof *flow);
    const struct msghdr *header = &relay->received[slot].msg_hdr;
    const union clinux_endpoint *peer = &relay->peers[slot];
    for (struct cmsghdr *item = CMSG_FIRSTHDR(header); item; item = CMSG_NXTHDR((struct msghdr *)header, item)) {
        union clinux_endpoint local;
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
            clinux_split_address(&peer->six.sin6_addr, &flow->peer_high, &flow->peer_low);
            flow->peer_port = ntohs(peer->six.sin6_port);
            flow->scope = peer->six.sin6_scope_id;
            clinux_split_address(&local.six.sin6_addr, &flow->local_high, &flow->local_low);
            flow->local_port = ntohs(local.six.sin6_port);
            return;
        }
    }
}

unsigned clinux_relay_datagrams(const struct clinux_relay *relay, unsigned slot) {
    uint32_t segment = relay->segments[slot];
    return segment ? (relay->received[slot].msg_len + segment - 1) / segment : 1;
}
