#define _GNU_SOURCE
#include "raw.h"

#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

// linux/in6.h, which does not go together with netinet/in.h.
#ifndef IPV6_TRANSPARENT
#define IPV6_TRANSPARENT 75
#endif

int clinux_raw_sender(int version, int protocol, const struct clinux_raw_option *needed) {
    int four = version == 4, on = 1, small = 1;
    int handle = socket(four ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
    if (handle < 0) return -1;
    for (const struct clinux_raw_option *option = needed; option->level != -1; option++) {
        if (setsockopt(handle, option->level, option->name, option->value, option->size) == 0) continue;
        int cause = errno;
        close(handle);
        errno = cause;
        return -1;
    }
    (void)setsockopt(handle, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    // Without it, frontends that are addresses of this host can be spoken for.
    (void)setsockopt(
        handle, four ? IPPROTO_IP : IPPROTO_IPV6, four ? IP_TRANSPARENT : IPV6_TRANSPARENT, &on, sizeof on);
    return handle;
}
