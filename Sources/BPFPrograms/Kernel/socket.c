// Written with its first program.
#include "schedulers.h"
#include "parsing.h"

char program_license[] SEC("license") = "GPL";
