/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/netlink.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_BYTES 32768

void skep_netlink_begin(struct skep_netlink *q, uint16_t type, uint16_t flags, const void *body,
			size_t size)
{
	*q = (struct skep_netlink){
		.head = {
			.nlmsg_len = (uint32_t)NLMSG_LENGTH(size),
			.nlmsg_type = type,
			.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags |
						  ((flags & NLM_F_DUMP) == NLM_F_DUMP ? 0 : NLM_F_ACK)),
		},
	};
	memcpy(NLMSG_DATA(&q->head), body, size);
}

struct rtattr *skep_netlink_add(struct skep_netlink *q, uint16_t type, const void *data, size_t len)
{
	struct rtattr *a = (struct rtattr *)((uint8_t *)q + NLMSG_ALIGN(q->head.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (uint16_t)RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(a), data, len);
	q->head.nlmsg_len = NLMSG_ALIGN(q->head.nlmsg_len) + (uint32_t)RTA_ALIGN(a->rta_len);
	return a;
}

void skep_netlink_end(struct skep_netlink *q, struct rtattr *nest)
{
	nest->rta_len = (uint16_t)((uint8_t *)q + q->head.nlmsg_len - (uint8_t *)nest);
}

/* Reads to the answer. */
static int read_answers(int fd, skep_netlink_fn fn, void *data)
{
	_Alignas(struct nlmsghdr) uint8_t buf[ANSWER_BYTES];

	for (;;) {
		ssize_t n = recv(fd, buf, sizeof(buf), 0);
		size_t left = n > 0 ? (size_t)n : 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EPIPE;
		for (struct nlmsghdr *m = (struct nlmsghdr *)buf; NLMSG_OK(m, left);
		     m = NLMSG_NEXT(m, left)) {
			if (m->nlmsg_type == NLMSG_ERROR)
				return ((struct nlmsgerr *)NLMSG_DATA(m))->error;
			if (m->nlmsg_type == NLMSG_DONE)
				return 0;
			if (fn && fn(data, m))
				return 0;
		}
	}
}

int skep_netlink_ask(struct skep_netlink *q, skep_netlink_fn fn, void *data)
{
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	if (send(fd, q, q->head.nlmsg_len, 0) < 0)
		return -errno;
	return read_answers(fd, fn, data);
}
