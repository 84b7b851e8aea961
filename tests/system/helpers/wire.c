/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire: two network namespaces of its own with a cable between them, and packets on it that a test can count.
 *
 *	wire run COMMAND...	makes them, runs the command at the far end; all is gone when it ends
 *	wire near WORD...	within that command: does at the near end what each word says, in order
 *	wire far WORD...	the same at the far end
 *	wire here WORD...	the same in the namespace where it is started
 *	wire at near|far COMMAND...	within that command: runs another at this end
 *
 *	udp:ADDRESS:PORT[:BYTES]   sends a datagram of so many bytes (5)
 *	tcp:ADDRESS:PORT	   tries to connect, and prints "connected" or the error
 *	bind:ADDRESS:PORT	   tries to take this address, and prints "bound" or the error
 *	serve:PORT		   accepts connections at 127.0.0.1 from here on, until the process ends
 *	frame:HEX		   puts these bytes on the cable as they are, source and destination included
 *
 *	near	02:00:00:00:00:01  10.77.0.1/24  fd77::1/64	far	02:00:00:00:00:02  10.77.0.2/24  fd77::2/64
 *
 * An IPv6 address stands in brackets. Each end's interface is called like the end.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define NETNS "/proc/self/ns/net"
#define FRAME_MAX 1514

static void die(const char *what)
{
	fprintf(stderr, "wire: %s: %s\n", what, strerror(errno));
	exit(99);
}

/* Of a guest, where it is not built in. */
static void load_module(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST)
		die(path);
	close(fd);
}

/* --- the cable --------------------------------------------------------------------------------------------- */

struct request {
	struct nlmsghdr head;
	struct ifinfomsg info;
	uint8_t room[512];
};

static struct rtattr *add(struct request *q, uint16_t type, const void *data, size_t len)
{
	struct rtattr *a = (struct rtattr *)((uint8_t *)q + NLMSG_ALIGN(q->head.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (uint16_t)RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(a), data, len);
	q->head.nlmsg_len = NLMSG_ALIGN(q->head.nlmsg_len) + (uint32_t)RTA_ALIGN(a->rta_len);
	return a;
}

static void end(struct request *q, struct rtattr *nest)
{
	nest->rta_len = (uint16_t)((uint8_t *)q + q->head.nlmsg_len - (uint8_t *)nest);
}

static void name_end(struct request *q, const char *name, uint8_t number)
{
	uint8_t mac[6] = { 2, 0, 0, 0, 0, number };

	add(q, IFLA_IFNAME, name, strlen(name) + 1);
	add(q, IFLA_ADDRESS, mac, sizeof(mac));
}

/* The pair, here, its other end where @far is. */
static void make_cable(int far)
{
	struct request q = {
		.head = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
			  .nlmsg_type = RTM_NEWLINK,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK },
	};
	struct rtattr *link, *data, *peer;
	uint8_t answer[4096];
	struct nlmsgerr *err = NLMSG_DATA((struct nlmsghdr *)answer);
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	name_end(&q, "near", 1);
	link = add(&q, IFLA_LINKINFO, NULL, 0);
	add(&q, IFLA_INFO_KIND, "veth", 4);
	data = add(&q, IFLA_INFO_DATA, NULL, 0);
	peer = add(&q, VETH_INFO_PEER, NULL, 0);
	q.head.nlmsg_len += sizeof(struct ifinfomsg);
	name_end(&q, "far", 2);
	add(&q, IFLA_NET_NS_FD, &far, sizeof(far));
	end(&q, peer);
	end(&q, data);
	end(&q, link);
	if (fd < 0 || send(fd, &q, q.head.nlmsg_len, 0) < 0 ||
	    recv(fd, answer, sizeof(answer), 0) < 0)
		die("netlink");
	errno = -err->error;
	if (errno)
		die("a pair of interfaces (veth)");
	close(fd);
}

static void set_up(const char *name, unsigned number)
{
	struct {
		struct in6_addr address;
		uint32_t prefix;
		int index;
	} v6 = { .prefix = 64 };
	struct ifreq r = {};
	struct sockaddr_in *in = (struct sockaddr_in *)&r.ifr_addr;
	int v4 = socket(AF_INET, SOCK_DGRAM, 0), s6 = socket(AF_INET6, SOCK_DGRAM, 0);

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	if (number) {
		in->sin_family = AF_INET;
		in->sin_addr.s_addr = htonl(0x0a4d0000 + number);
		if (ioctl(v4, SIOCSIFADDR, &r) < 0)
			die("address");
		in->sin_addr.s_addr = htonl(0xffffff00);
		if (ioctl(v4, SIOCSIFNETMASK, &r) < 0)
			die("netmask");
	}
	r.ifr_flags = IFF_UP;
	if (ioctl(v4, SIOCSIFFLAGS, &r) < 0)
		die("up");
	if (number && s6 >= 0) {
		inet_pton(AF_INET6, number == 1 ? "fd77::1" : "fd77::2", &v6.address);
		v6.index = (int)if_nametoindex(name);
		if (ioctl(s6, SIOCSIFADDR, &v6) < 0)
			die("IPv6 address");
	}
	close(v4);
	close(s6);
}

/* No questions to neighbours but those that a test asks for. */
static void calm(void)
{
	static const char *const files[] = { "accept_dad", "accept_ra", "router_solicitations" };
	char path[128];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		FILE *f;

		snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/default/%s", files[i]);
		f = fopen(path, "we");
		if (f) {
			fputs("0", f);
			fclose(f);
		}
	}
}

static int new_space(void)
{
	int fd;

	if (unshare(CLONE_NEWNET) < 0)
		die("a network namespace");
	calm();
	set_up("lo", 0);
	fd = open(NETNS, O_RDONLY); /* not close-on-exec: the command hands it on */
	if (fd < 0)
		die(NETNS);
	return fd;
}

static int run(char **command)
{
	char text[16];
	int far, near, status;
	pid_t pid;

	load_module("/modules/veth.ko");
	load_module("/modules/sch_ingress.ko");
	load_module("/modules/cls_bpf.ko");
	far = new_space();
	near = new_space();
	make_cable(far);
	set_up("near", 1);
	if (setns(far, CLONE_NEWNET) < 0)
		die("setns");
	set_up("far", 2);
	snprintf(text, sizeof(text), "%d", near);
	setenv("WIRE_NEAR", text, 1);
	snprintf(text, sizeof(text), "%d", far);
	setenv("WIRE_FAR", text, 1);
	snprintf(text, sizeof(text), "%d", (int)getpid());
	setenv("WIRE_PID", text, 1);
	pid = fork();
	if (pid == 0) {
		execvp(command[0], command);
		die(command[0]);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		die("fork");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void enter(const char *end_name)
{
	const char *number = getenv(end_name), *pid = getenv("WIRE_PID");
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/fd/%s", pid ? pid : "?", number ? number : "?");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		die(path);
	close(fd);
}

/* --- packets ----------------------------------------------------------------------------------------------- */

/* "10.77.0.2:53:100", "[fd77::2]:53" */
static socklen_t parse(const char *text, struct sockaddr_storage *at, unsigned *ret_bytes)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)at;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)at;
	char address[64];
	unsigned port = 0;

	*ret_bytes = 5;
	memset(at, 0, sizeof(*at));
	if (sscanf(text, "[%63[^]]]:%u:%u", address, &port, ret_bytes) >= 2 &&
	    inet_pton(AF_INET6, address, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		return sizeof(*v6);
	}
	if (sscanf(text, "%63[^:]:%u:%u", address, &port, ret_bytes) >= 2 &&
	    inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		return sizeof(*v4);
	}
	errno = EINVAL;
	die(text);
	return 0;
}

static void send_udp(const char *text)
{
	struct sockaddr_storage at;
	unsigned bytes;
	socklen_t len = parse(text, &at, &bytes);
	char *data = calloc(1, bytes + 1);
	int fd = socket(at.ss_family, SOCK_DGRAM, 0);

	/* An answer that nobody listens there may have come by now. */
	if (fd < 0)
		printf("%s\n", strerror(errno));
	else if (sendto(fd, data, bytes, 0, (struct sockaddr *)&at, len) < 0 &&
		 errno != ECONNREFUSED)
		printf("%s\n", strerror(errno));
	free(data);
	close(fd);
}

static void try_tcp(const char *text)
{
	struct sockaddr_storage at;
	unsigned bytes;
	socklen_t len = parse(text, &at, &bytes);
	struct timeval limit = { .tv_usec = 300000 };
	int fd = socket(at.ss_family, SOCK_STREAM, 0);

	if (fd < 0) {
		printf("%s\n", strerror(errno));
		return;
	}
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&at, len) == 0)
		printf("connected\n");
	else
		printf("%s\n", errno == EINPROGRESS ? "no answer" : strerror(errno));
	close(fd);
}

static void try_bind(const char *text)
{
	struct sockaddr_storage at;
	unsigned bytes;
	socklen_t len = parse(text, &at, &bytes);
	int fd = socket(at.ss_family, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) < 0)
		printf("%s\n", strerror(errno));
	else
		printf("bound\n");
	if (fd >= 0)
		close(fd);
}

/* The kernel completes connections by itself. */
static void serve(const char *text)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(text)),
		.sin_addr = { htonl(INADDR_LOOPBACK) },
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 8) < 0)
		die("serve");
}

static void send_frame(const char *interface, const char *hex)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET };
	uint8_t data[FRAME_MAX];
	size_t n = 0;
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	for (unsigned byte; n < sizeof(data) && sscanf(hex, "%2x", &byte) == 1; hex += 2)
		data[n++] = (uint8_t)byte;
	at.sll_ifindex = (int)if_nametoindex(interface);
	if (fd < 0 || sendto(fd, data, n, 0, (struct sockaddr *)&at, sizeof(at)) < 0)
		die("frame");
	close(fd);
}

static void act(const char *interface, const char *word)
{
	const char *what = strchr(word, ':');

	if (!what) {
		errno = EINVAL;
		die(word);
	}
	what++;
	if (strncmp(word, "udp:", 4) == 0)
		send_udp(what);
	else if (strncmp(word, "tcp:", 4) == 0)
		try_tcp(what);
	else if (strncmp(word, "bind:", 5) == 0)
		try_bind(what);
	else if (strncmp(word, "serve:", 6) == 0)
		serve(what);
	else
		send_frame(interface, what);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const char *end_name = argc > 1 ? argv[1] : "";

	if (argc > 2 && strcmp(end_name, "run") == 0)
		return run(argv + 2);
	if (argc > 3 && strcmp(end_name, "at") == 0) {
		enter(strcmp(argv[2], "near") == 0 ? "WIRE_NEAR" : "WIRE_FAR");
		execvp(argv[3], argv + 3);
		die(argv[3]);
	}
	if (strcmp(end_name, "near") == 0)
		enter("WIRE_NEAR");
	else if (strcmp(end_name, "far") == 0)
		enter("WIRE_FAR");
	else if (strcmp(end_name, "here") != 0)
		return 99;
	for (int i = 2; i < argc; i++)
		act(end_name, argv[i]);
	return 0;
}
