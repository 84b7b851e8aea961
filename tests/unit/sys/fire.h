/* SPDX-License-Identifier: Apache-2.0 */
/* What makes hooks fire, each in this process, its network namespace, and the cgroup that it is in. */
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/macros.h"

union fire_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un un;
};

static inline union fire_address fire_local(int family, uint16_t port, socklen_t *ret_len)
{
	union fire_address a = {};

	a.any.sa_family = (sa_family_t)family;
	if (family == AF_INET) {
		a.v4.sin_port = htons(port);
		a.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		*ret_len = sizeof(a.v4);
	} else if (family == AF_INET6) {
		a.v6.sin6_port = htons(port);
		a.v6.sin6_addr = in6addr_loopback;
		*ret_len = sizeof(a.v6);
	} else {
		a.un.sun_path[1] = 'a' + (char)(port % 26); /* an abstract name */
		*ret_len = offsetof(struct sockaddr_un, sun_path) + 2;
	}
	return a;
}

/* A datagram to ourselves, with names asked for on the way. */
static inline void fire_datagram(int family)
{
	socklen_t len, got = sizeof(union fire_address);
	union fire_address to = fire_local(family, 4711, &len), from;
	int a = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int b = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct pollfd ready = { .fd = a, .events = POLLIN };
	union fire_address own = fire_local(family, 4712, &len);
	char byte;

	(void)!bind(a, &to.any, len);
	(void)!bind(b, &own.any, len);
	(void)!sendto(b, "x", 1, 0, &to.any, len);
	if (poll(&ready, 1, 1000) == 1)
		(void)!recvfrom(a, &byte, 1, 0, &from.any, &got);
	close(a);
	close(b);
}

/* A stream to ourselves. */
static inline void fire_stream(int family)
{
	socklen_t len, got;
	union fire_address to = fire_local(family, 4713, &len), name;
	int listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	int client = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)!setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	(void)!bind(listener, &to.any, len);
	(void)!listen(listener, 1);
	if (connect(client, &to.any, len) == 0) {
		got = sizeof(name);
		(void)!getpeername(client, &name.any, &got);
		got = sizeof(name);
		(void)!getsockname(listener, &name.any, &got);
	}
	got = sizeof(one);
	(void)!getsockopt(client, SOL_SOCKET, SO_REUSEADDR, &one, &got);
	close(client);
	close(listener);
}

#define FIRE_SHARED_PORT 4714

/* A datagram to a socket that shares its port. */
static inline void fire_shared(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len;
	union fire_address to = fire_local(AF_INET, FIRE_SHARED_PORT, &len);

	(void)!sendto(fd, "x", 1, 0, &to.any, len);
	close(fd);
}

static inline void fire_ipv4(void)
{
	fire_datagram(AF_INET);
	fire_stream(AF_INET);
}

static inline void fire_ipv6(void)
{
	fire_datagram(AF_INET6);
	fire_stream(AF_INET6);
}

static inline void fire_unix(void)
{
	fire_datagram(AF_UNIX);
	fire_stream(AF_UNIX);
}

static inline void fire_call(void)
{
	for (int i = 0; i < 3; i++)
		syscall(SYS_getppid);
}

static inline void fire_open(void)
{
	char byte;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	fd = open("/proc/sys/kernel/ostype", O_RDONLY | O_CLOEXEC);
	(void)!read(fd, &byte, 1);
	close(fd);
}

static inline void fire_faults(void)
{
	size_t size = 64 * 4096;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (size_t i = 0; i < size; i += 4096)
		((volatile char *)p)[i] = 1;
	munmap(p, size);
}

/* A frame that the kernel has to look into. */
static inline void fire_frame(void)
{
	static const uint8_t frame[64] = {
		[12] = 8,   [14] = 0x45, [17] = 50,  [22] = 64, [23] = 17,
		[26] = 127, [29] = 1,	 [30] = 127, [33] = 1
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_IP),
		.sll_ifindex = (int)if_nametoindex("lo"),
		.sll_halen = 6,
	};

	(void)!sendto(fd, frame, sizeof(frame), 0, (struct sockaddr *)&to, sizeof(to));
	close(fd);
}

/* A datagram that is routed by 10.99.0.0/16. */
static inline void fire_route(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };

	to.sin_addr.s_addr = htonl(0x0a630001);
	(void)!sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
	close(fd);
}

static inline void fire_lo_up(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)!ioctl(fd, SIOCGIFFLAGS, &request);
	request.ifr_flags |= IFF_UP;
	(void)!ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
}
