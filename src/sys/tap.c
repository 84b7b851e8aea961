/* SPDX-License-Identifier: Apache-2.0 */
/* packet(7), and the classic filters of Documentation/networking/filter.rst. */
#include "sys/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define ROOM (512 * 1024)
#define LONGEST 65535

/* Either port of UDP in IPv4 or IPv6; offsets count from the header of IP. */
static int set_filter(int fd, uint16_t port)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 6, 8, 0), /* to 11 */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 4, 0, 13),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 11),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 9, 0),
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 0),
		BPF_JUMP(BPF_JMP | BPF_JA, 3, 0, 0), /* to 14 */
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 4),
		BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, 40),
		/* the sender's port, then the other */
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 2, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, LONGEST),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { ARRAY_SIZE(code), code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno
											   : 0;
}

int skep_tap_open(uint16_t port, int *ret_fd)
{
	struct sockaddr_ll all = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	/* Of no protocol it hears nothing before it has its filter. */
	_cleanup_close_ int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r, room = ROOM;

	if (fd < 0)
		return -errno;
	r = set_filter(fd, port);
	if (r < 0)
		return r;
	/* With less room more may be lost, which is counted. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
		(void)!setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (bind(fd, (struct sockaddr *)&all, sizeof(all)) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

size_t skep_tap_read(int fd, void *buffer, size_t size)
{
	struct sockaddr_ll from = {};
	ssize_t n;
	bool again;

	do {
		socklen_t len = sizeof(from);

		n = recvfrom(fd, buffer, size, 0, (struct sockaddr *)&from, &len);
		again = n < 0 ? errno == EINTR || errno == ENETDOWN
			      : n == 0 || (from.sll_hatype == ARPHRD_LOOPBACK &&
					   from.sll_pkttype == PACKET_OUTGOING);
	} while (again);
	return n < 0 ? 0 : (size_t)n;
}

uint64_t skep_tap_lost(int fd)
{
	struct tpacket_stats stats = {};
	socklen_t len = sizeof(stats);

	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) < 0)
		return 0;
	return stats.tp_drops;
}
