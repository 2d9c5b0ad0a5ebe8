// Takes one thing away from the kernel that a process sees: preloaded (LD_PRELOAD), it changes the number of a helper,
// a type of program or a command in calls of bpf(2), or the name of a qdisc that is sent to it, to one that no kernel
// has. It is the kernel that refuses then, in its own words. OLDER_KERNEL_LACKS says what: KIND:NUMBER, by linux/bpf.h,
// or qdisc:0.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define UNKNOWN 60000

static int lacks(const char *kind, long number)
{
	const char *lack = getenv("OLDER_KERNEL_LACKS");
	size_t length = strlen(kind);
	return lack && !strncmp(lack, kind, length) && lack[length] == ':' && atol(lack + length + 1) == number;
}

static void change_instruction(struct bpf_insn *instruction)
{
	if (instruction->code == (BPF_JMP | BPF_CALL) && instruction->src_reg == 0 && lacks("helper", instruction->imm))
		instruction->imm = UNKNOWN;
	if ((instruction->code & ~0x18) == (BPF_STX | BPF_ATOMIC) && lacks("atomic", instruction->imm))
		instruction->imm = UNKNOWN;
}

static long load(long (*call)(long, ...), const union bpf_attr *asked, size_t size)
{
	union bpf_attr attributes = { 0 };
	memcpy(&attributes, asked, size < sizeof attributes ? size : sizeof attributes);
	size_t bytes = attributes.insn_cnt * sizeof(struct bpf_insn);
	struct bpf_insn *instructions = malloc(bytes);
	if (!instructions)
		abort();
	memcpy(instructions, (const void *)attributes.insns, bytes);
	for (unsigned int index = 0; index < attributes.insn_cnt; index++)
		change_instruction(&instructions[index]);
	attributes.insns = (unsigned long)instructions;
	if (lacks("type", attributes.prog_type))
		attributes.prog_type = UNKNOWN;
	if (lacks("attach", attributes.expected_attach_type))
		attributes.expected_attach_type = UNKNOWN;
	long result = call(SYS_bpf, BPF_PROG_LOAD, &attributes, size < sizeof attributes ? size : sizeof attributes);
	free(instructions);
	return result;
}

long syscall(long number, ...)
{
	long (*call)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	long arguments[6];
	va_list list;
	va_start(list, number);
	for (int index = 0; index < 6; index++)
		arguments[index] = va_arg(list, long);
	va_end(list);
	if (number == SYS_bpf && arguments[0] == BPF_PROG_LOAD)
		return load(call, (const union bpf_attr *)arguments[1], (size_t)arguments[2]);
	if (number == SYS_bpf && lacks("command", arguments[0]))
		arguments[0] = UNKNOWN;
	return call(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

ssize_t send(int socket, const void *message, size_t size, int flags)
{
	ssize_t (*call)(int, const void *, size_t, int) = (ssize_t(*)(int, const void *, size_t, int))dlsym(RTLD_NEXT, "send");
	char *name = lacks("qdisc", 0) ? memmem(message, size, "clsact", 6) : 0;
	if (!name)
		return call(socket, message, size, flags);
	char *copy = malloc(size);
	if (!copy)
		abort();
	memcpy(copy, message, size);
	memcpy(copy + (name - (const char *)message), "nosuch", 6);
	ssize_t result = call(socket, copy, size, flags);
	free(copy);
	return result;
}
