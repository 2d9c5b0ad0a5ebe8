#include "CAllocationCounting.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

// Of the thread: others may do as they like.
static _Thread_local struct allocation_counts counts;

struct allocation_counts allocation_counting_now(void) { return counts; }

// The C library's own, under the names by which it lets others stand before them.
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

void *malloc(size_t size) {
    counts.allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    counts.allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
    counts.allocations++;
    return __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size) {
    counts.allocations++;
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    counts.allocations++;
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    counts.allocations++;
    void *memory = __libc_memalign(alignment, size);
    if (!memory) return ENOMEM;
    *result = memory;
    return 0;
}

// The Swift runtime's (stdlib/public/runtime/HeapObject.cpp): it goes through the pointers while the flag is set.
typedef void *(*allocate_function)(const void *metadata, size_t size, size_t alignment_mask);
typedef void *(*retain_function)(void *object);
typedef void *(*retain_n_function)(void *object, uint32_t count);
typedef void (*release_function)(void *object);
typedef void (*release_n_function)(void *object, uint32_t count);

extern atomic_bool _swift_enableSwizzlingOfAllocationAndRefCountingFunctions_forInstrumentsOnly;
extern _Atomic(allocate_function) _swift_allocObject;
extern _Atomic(retain_function) _swift_retain;
extern _Atomic(retain_function) _swift_tryRetain;
extern _Atomic(retain_n_function) _swift_retain_n;
extern _Atomic(release_function) _swift_release;
extern _Atomic(release_n_function) _swift_release_n;

static allocate_function allocate;
static retain_function retain, try_retain;
static retain_n_function retain_n;
static release_function release;
static release_n_function release_n;

static void *count_object(const void *metadata, size_t size, size_t alignment_mask) {
    counts.objects++;
    return allocate(metadata, size, alignment_mask);
}

static void *count_retain(void *object) {
    counts.retains++;
    return retain(object);
}

static void *count_try_retain(void *object) {
    counts.retains++;
    return try_retain(object);
}

static void *count_retain_n(void *object, uint32_t count) {
    counts.retains++;
    return retain_n(object, count);
}

static void count_release(void *object) {
    counts.releases++;
    release(object);
}

static void count_release_n(void *object, uint32_t count) {
    counts.releases++;
    release_n(object, count);
}

void allocation_counting_begin(void) {
    allocate = atomic_exchange(&_swift_allocObject, count_object);
    retain = atomic_exchange(&_swift_retain, count_retain);
    try_retain = atomic_exchange(&_swift_tryRetain, count_try_retain);
    retain_n = atomic_exchange(&_swift_retain_n, count_retain_n);
    release = atomic_exchange(&_swift_release, count_release);
    release_n = atomic_exchange(&_swift_release_n, count_release_n);
    atomic_store(&_swift_enableSwizzlingOfAllocationAndRefCountingFunctions_forInstrumentsOnly, true);
}
