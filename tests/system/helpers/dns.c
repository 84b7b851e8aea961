/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns: asks itself for names, as programs and servers do, in a network namespace of its own; in order:
 *
 *	unshare -n dns lo=1 answer=www.example@127.0.0.7 connect=127.0.0.7
 *
 *	lo=1			brings the loopback interface up
 *	answer=NAME@ADDRESS	a question for NAME goes to port 53 of 127.0.0.1, and its answer comes back: NAME is an alias of
 *				"alias.example", which has ADDRESS
 *	forge=NAME@ADDRESS	the answer alone: nobody asked
 *	connect=ADDRESS		a TCP connection to port 7980 of ADDRESS, and its end
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT 7980

static uint8_t message[1024];
static size_t len;
static uint16_t id = 100;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void add16(unsigned value)
{
	message[len++] = (uint8_t)(value >> 8);
	message[len++] = (uint8_t)value;
}

static void add_name(const char *name)
{
	for (size_t n; *name; name += n + (name[n] == '.')) {
		n = strcspn(name, ".");
		message[len++] = (uint8_t)n;
		memcpy(message + len, name, n);
		len += n;
	}
	message[len++] = 0;
}

static void make(const char *name, unsigned flags, unsigned type, const uint8_t *address,
		 unsigned size)
{
	size_t start;

	len = 0;
	add16(id);
	add16(flags);
	add16(1);
	add16(address ? 2 : 0);
	add16(0);
	add16(0);
	add_name(name);
	add16(type);
	add16(1);
	if (!address)
		return;
	add16(0xc00c); /* the name in the question */
	add16(5);
	add16(1);
	add16(0);
	add16(60);
	add16(strlen("alias.example") + 2);
	start = len;
	add_name("alias.example");
	add16(0xc000 | (unsigned)start);
	add16(type);
	add16(1);
	add16(0);
	add16(60);
	add16(size);
	memcpy(message + len, address, size);
	len += size;
}

static int udp(unsigned port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		fail("udp");
	return fd;
}

static void send_to(int from, int to)
{
	struct sockaddr_in at;
	socklen_t size = sizeof(at);
	uint8_t in[sizeof(message)];

	if (getsockname(to, (struct sockaddr *)&at, &size) < 0 ||
	    sendto(from, message, len, 0, (struct sockaddr *)&at, size) != (ssize_t)len ||
	    recv(to, in, sizeof(in), 0) != (ssize_t)len)
		fail("send");
}

static void resolve(char *text, int asks)
{
	char *at = strchr(text, '@');
	int server = udp(53), client = udp(0), is_6;
	uint8_t address[16];

	if (!at)
		exit(2);
	*at++ = '\0';
	is_6 = strchr(at, ':') != NULL;
	if (inet_pton(is_6 ? AF_INET6 : AF_INET, at, address) != 1)
		exit(2);
	id++;
	make(text, 0x0100, is_6 ? 28 : 1, NULL, 0);
	if (asks)
		send_to(client, server);
	make(text, 0x8180, is_6 ? 28 : 1, address, is_6 ? 16 : 4);
	send_to(server, client);
	close(client);
	close(server);
}

static void connect_to(const char *text)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	int is_6 = strchr(text, ':') != NULL, family = is_6 ? AF_INET6 : AF_INET, one = 1;
	struct sockaddr *to = is_6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
	socklen_t size = is_6 ? sizeof(v6) : sizeof(v4);
	int server = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0),
	    client = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), peer;

	if (inet_pton(family, text, is_6 ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr) != 1)
		exit(2);
	setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(server, to, size) < 0 || listen(server, 1) < 0 || connect(client, to, size) < 0 ||
	    (peer = accept(server, NULL, NULL)) < 0)
		fail(text);
	close(client);
	close(peer);
	close(server);
}

static void loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		fail("lo");
	close(fd);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (!value)
			return 2;
		*value++ = '\0';
		if (strcmp(argv[i], "lo") == 0)
			loopback_up();
		else if (strcmp(argv[i], "answer") == 0 || strcmp(argv[i], "forge") == 0)
			resolve(value, argv[i][0] == 'a');
		else if (strcmp(argv[i], "connect") == 0)
			connect_to(value);
		else
			return 2;
	}
	return 0;
}
