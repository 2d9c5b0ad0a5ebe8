// The packet programs.
#include "nat.h"

char program_license[] SEC("license") = "GPL";
