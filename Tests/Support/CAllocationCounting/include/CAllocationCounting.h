#pragma once
// Counts what a program allocates, retains and releases. Linking this replaces the C library's allocation functions in
// the program by ones that count, whatever begins it; the Swift runtime's calls are counted from
// allocation_counting_begin on, by the pointers it has for instruments. That works in an optimised program whose runtime
// is linked statically, where no preloaded library can stand before it.
#include <stdint.h>

/// Calls of the calling thread since it began.
struct allocation_counts {
    /// malloc, calloc, realloc, and those with an alignment. Swift's objects and buffers come from these as well.
    uint64_t allocations;
    /// swift_allocObject.
    uint64_t objects;
    /// swift_retain and swift_release, also those behind bridged objects, and with a number (one each).
    uint64_t retains, releases;
};

/// Call once, before the first count.
void allocation_counting_begin(void);
struct allocation_counts allocation_counting_now(void);
