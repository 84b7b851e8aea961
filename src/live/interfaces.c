/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asked from the kernel by ioctl: /sys may have been mounted in another network namespace.
 */
#include "live/interfaces.h"

#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/str.h"

static bool has_frames(const char *name)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {};

	strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request) < 0)
		return true;
	return request.ifr_hwaddr.sa_family == ARPHRD_ETHER ||
	       request.ifr_hwaddr.sa_family == ARPHRD_LOOPBACK;
}

int skep_world_interface(const struct skep_world *world, const char *name,
			 struct skep_world_interface *ret_interface)
{
	uint32_t index = if_nametoindex(name);

	if (!index)
		return -ENOENT;
	*ret_interface = (struct skep_world_interface){
		.name = name,
		.index = index,
		.has_frames = has_frames(name),
	};
	return 0;
}

int skep_world_each_interface(const struct skep_world *world, const char *glob,
			      skep_world_name_fn fn, void *data)
{
	struct if_nameindex *all = if_nameindex();
	int r = 0;

	if (!all)
		return -errno;
	for (struct if_nameindex *i = all; i->if_index && r >= 0; i++)
		if (skep_glob_match(glob, i->if_name))
			r = fn(data, i->if_name);
	if_freenameindex(all);
	return r;
}
