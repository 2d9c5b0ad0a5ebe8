// Compiled with -Wpadded by a test: bytes that nobody writes would make equal keys differ.
#include "fairway_maps.h"
