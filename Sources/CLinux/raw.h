#ifndef CLINUX_RAW_H
#define CLINUX_RAW_H

#include <sys/socket.h>

struct clinux_raw_option {
    int level, name;
    const void *value;
    socklen_t size;
};

// A raw socket that only sends, also from addresses that are not this host's, where that is allowed. `needed` keeps away
// from it what it would get a copy of. Returns the descriptor, or -1 with errno; options after the last are of level -1.
int clinux_raw_sender(int version, int protocol, const struct clinux_raw_option *needed);

#endif
