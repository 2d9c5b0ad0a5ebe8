// One choice of a backend to be made, and what came of it.
#pragma once

#include "maps.h"

struct fw_choice {
	// Asked.
	__u32 service;
	__u32 scope; // fw_scope
	struct fw_address client; // the address hashed by sh and mh and remembered by affinity
	struct fw_address destination;
	__u16 client_port; // network order; 0 where it is not known yet
	__u16 destination_port;
	__u32 zero;
	// Answered.
	__u32 backend;
	__u16 port; // network order
	__u16 flags; // FW_BACKEND_
	struct fw_address address;
};
