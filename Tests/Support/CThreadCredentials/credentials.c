#define _GNU_SOURCE
#include "CThreadCredentials.h"

#include <sys/syscall.h>
#include <unistd.h>

// By system call: the C library's functions change all threads of the process.
int thread_become_nobody(void) {
    const long nobody = 65534;
    if (syscall(SYS_setgroups, 0L, (void *)0) != 0 || syscall(SYS_setresgid, nobody, nobody, nobody) != 0) return -1;
    return (int)syscall(SYS_setresuid, nobody, nobody, nobody);
}
