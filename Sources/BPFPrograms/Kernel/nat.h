// Which packets are translated, and to what.
#pragma once

#include "connections.h"
#include "fragments.h"
#include "icmp.h"
#include "reject.h"
#include "schedulers.h"
