#pragma once
// Linked statically (module.modulemap): a node that never runs the ebpf mode needs no libbpf to start.
#include <netinet/in.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/pkt_sched.h>
