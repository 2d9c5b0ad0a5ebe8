// Here for the header's sake: it must stand by itself as C.
#include "fairway_maps.h"
