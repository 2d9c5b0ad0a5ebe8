#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/close_range.h>
#include <linux/membarrier.h>
#include <linux/sched.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

int clinux_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int clinux_enter_network_namespace(int descriptor) { return setns(descriptor, CLONE_NEWNET); }

int clinux_unshare_network_namespace(void) { return unshare(CLONE_NEWNET); }

int clinux_await_kernel_readers(void) { return (int)syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0); }

int clinux_processor_count(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    int count = CPU_COUNT(&set);
    return count > 0 ? count : 1;
}

int clinux_set_thread_name(const char *name) {
    char kept[16] = {0};
    strncpy(kept, name, sizeof kept - 1);
    int error = pthread_setname_np(pthread_self(), kept);
    if (error == 0) return 0;
    errno = error;
    return -1;
}

static char **pointers_into(const char *block, size_t count) {
    char **pointers = calloc(count + 1, sizeof *pointers);
    if (!pointers) return NULL;
    for (size_t i = 0; i < count; i++) {
        pointers[i] = (char *)block;
        block += strlen(block) + 1;
    }
    return pointers;
}

// A descriptor that is already in its place keeps its close-on-exec flag with dup2, so clear it.
static int place(int descriptor, int target) {
    if (descriptor == target) return fcntl(target, F_SETFD, 0);
    return dup2(descriptor, target);
}

struct birth {
    const struct clinux_spawn_request *request;
    char **arguments;
    char **environment;
    int failure; // written to when the program cannot be started
};

// Descriptors of other threads are let go of first: until then a listener that this process closes meanwhile still
// takes connections.
static int keep_own_descriptors(const struct clinux_spawn_request *request, int *failure) {
    // Moved out of the way, so that placing one cannot overwrite another.
    int input = fcntl(request->standard_input, F_DUPFD_CLOEXEC, 10);
    int output = fcntl(request->standard_output, F_DUPFD_CLOEXEC, 10);
    int error = fcntl(request->standard_error, F_DUPFD_CLOEXEC, 10);
    int space = request->network_namespace < 0 ? -1 : fcntl(request->network_namespace, F_DUPFD_CLOEXEC, 10);
    int report = fcntl(*failure, F_DUPFD_CLOEXEC, 10);
    if (input < 0 || output < 0 || error < 0 || report < 0) return -1;
    if (request->network_namespace >= 0 && (space < 0 || setns(space, CLONE_NEWNET) < 0)) return -1;
    if (place(input, 0) < 0 || place(output, 1) < 0 || place(error, 2) < 0) return -1;
    if (dup3(report, 3, O_CLOEXEC) < 0) return -1;
    *failure = 3;
    return (int)syscall(SYS_close_range, 4, ~0U, 0);
}

// No handler of this process may run in the new one; what is ignored stays ignored.
static void forget_handlers(void) {
    for (int number = 1; number < NSIG; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) != 0 || action.sa_handler == SIG_IGN) continue;
        action = (struct sigaction){.sa_handler = SIG_DFL};
        sigaction(number, &action, NULL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

// Runs in the new process, in this one's memory: system calls only, for the other threads' locks may be held for ever.
static int become(void *context) {
    struct birth *birth = context;
    if (keep_own_descriptors(birth->request, &birth->failure) == 0) {
        forget_handlers();
        execve(birth->request->path, birth->arguments, birth->environment);
    }
    int error = errno;
    ssize_t ignored = write(birth->failure, &error, sizeof error);
    (void)ignored;
    _exit(127);
}

// Shares the memory and holds the calling thread until the program has begun, as vfork(2) does: copying the page tables
// of a large process takes milliseconds.
static pid_t give_birth(struct birth *birth, int *pidfd) {
    enum { stack_size = 64 << 10 };
    char *stack = mmap(NULL, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) return -1;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = clone(become, stack + stack_size, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, birth, pidfd);
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    munmap(stack, stack_size);
    errno = error;
    return pid;
}

int clinux_spawn(const struct clinux_spawn_request *request, int *pidfd) {
    int failure[2] = {-1, -1};
    pid_t pid = -1;
    int child_error = 0;
    *pidfd = -1;
    char **arguments = pointers_into(request->arguments, request->argument_count);
    char **environment = pointers_into(request->environment, request->environment_count);
    if (!arguments || !environment || pipe2(failure, O_CLOEXEC) < 0) goto done;

    struct birth birth = {request, arguments, environment, failure[1]};
    pid = give_birth(&birth, pidfd);
    if (pid < 0) goto done;
    close(failure[1]);
    failure[1] = -1;
    ssize_t count;
    do count = read(failure[0], &child_error, sizeof child_error);
    while (count < 0 && errno == EINTR);
    if (count == sizeof child_error) {
        int code, status;
        clinux_wait(*pidfd, 1, &code, &status);
        close(*pidfd);
        *pidfd = -1;
        pid = -1;
        errno = child_error;
    }

done:;
    int saved = errno;
    if (failure[0] >= 0) close(failure[0]);
    if (failure[1] >= 0) close(failure[1]);
    free(arguments);
    free(environment);
    errno = saved;
    return pid;
}

int clinux_wait(int pidfd, int block, int *code, int *status) {
    siginfo_t info = {0};
    int result;
    do result = waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | (block ? 0 : WNOHANG));
    while (result < 0 && errno == EINTR);
    *code = info.si_code;
    *status = info.si_status;
    return result;
}

void clinux_trim_memory(void) { malloc_trim(0); }

static int release_code_of(struct dl_phdr_info *object, size_t size, void *page) {
    (void)size;
    uintptr_t mask = *(const uintptr_t *)page - 1;
    for (int index = 0; index < object->dlpi_phnum; index++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[index];
        // What can be written, now or before relocation, is not the file's alone.
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W) != 0) continue;
        uintptr_t start = (object->dlpi_addr + segment->p_vaddr + mask) & ~mask;
        uintptr_t end = (object->dlpi_addr + segment->p_vaddr + segment->p_memsz) & ~mask;
        if (start < end) madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 0;
}

void clinux_release_code(void) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    dl_iterate_phdr(release_code_of, &page);
}

int clinux_process(int pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int clinux_signal(int pidfd, int signal) { return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0); }
