// A door to the choices of the kernel's programs, without a packet or a socket: compiled by the tests that use it.
#include "schedulers.h"

char program_license[] SEC("license") = "GPL";

#define PROBE_COUNTED 1 // the connection stays open: its backend's load goes up

struct choice_probe {
	struct fw_choice choice;
	__u32 flags;
	__u32 zero;
};

SEC("syscall")
int probe_choice(struct choice_probe *context)
{
	struct fw_choice choice = {
		.service = context->choice.service,
		.scope = context->choice.scope,
		.client = context->choice.client,
		.destination = context->choice.destination,
		.client_port = context->choice.client_port,
		.destination_port = context->choice.destination_port,
	};
	int status = fw_choose(&choice);
	if (status == 0 && context->flags & PROBE_COUNTED)
		fw_load_add(choice.backend);
	context->choice.backend = status == 0 ? choice.backend : 0;
	context->choice.port = choice.port;
	context->choice.flags = choice.flags;
	context->choice.address = choice.address;
	return 0;
}

SEC("syscall")
int probe_end(struct choice_probe *context)
{
	fw_load_take(context->choice.backend);
	return 0;
}
