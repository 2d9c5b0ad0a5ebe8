#include "CLinux.h"

#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>

int clinux_create_tun(int descriptor, char name[CLINUX_INTERFACE_NAME_BYTES]) {
    _Static_assert(CLINUX_INTERFACE_NAME_BYTES == IFNAMSIZ, "an interface's name has another length");
    struct ifreq request;
    memset(&request, 0, sizeof request);
    memcpy(request.ifr_name, name, IFNAMSIZ - 1);
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    if (ioctl(descriptor, TUNSETIFF, &request) != 0) return -1;
    memcpy(name, request.ifr_name, IFNAMSIZ);
    return 0;
}
