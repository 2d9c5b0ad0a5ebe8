#pragma once
// Linked statically (module.modulemap): a node that never runs the ebpf mode needs no libbpf to start.
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/vfs.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/magic.h>
#include <linux/pkt_sched.h>

/// vsnprintf that leaves `arguments` as they are, so that a length can be asked for first.
static inline int cbpf_format(char *buffer, size_t size, const char *format, va_list arguments) {
	va_list copy;
	va_copy(copy, arguments);
	int length = vsnprintf(buffer, size, format, copy);
	va_end(copy);
	return length;
}

/// The kind of file system that a path is on (statfs(2), f_type); -1 and errno on failure.
static inline long cbpf_file_system_type(const char *path) {
	struct statfs facts;
	return statfs(path, &facts) == 0 ? (long)facts.f_type : -1;
}
