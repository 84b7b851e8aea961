/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and answers: rtnetlink(7), linux/rtnetlink.h, linux/pkt_cls.h. */
#include "sys/filter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROOM 512
#define ANSWER_BYTES 32768

struct request {
	struct nlmsghdr head;
	struct tcmsg tc;
	uint8_t attributes[ROOM];
};

static struct request request(uint16_t type, uint16_t flags, uint32_t ifindex, uint32_t parent)
{
	return (struct request){
		.head = {
			.nlmsg_len = NLMSG_LENGTH(sizeof(struct tcmsg)),
			.nlmsg_type = type,
			.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
		},
		.tc = { .tcm_ifindex = (int)ifindex, .tcm_parent = parent },
	};
}

/* All that is ever added fits by far. */
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

static void end_nest(struct request *q, struct rtattr *nest)
{
	nest->rta_len = (uint16_t)((uint8_t *)q + q->head.nlmsg_len - (uint8_t *)nest);
}

/* Called for each message that is no answer; a number other than 0 ends it. */
typedef int (*message_fn)(void *data, const struct nlmsghdr *message);

/* Reads to the answer: 0 or -errno. */
static int read_answers(int fd, message_fn fn, void *data)
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

static int ask(struct request *q, message_fn fn, void *data)
{
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	if (send(fd, q, q->head.nlmsg_len, 0) < 0)
		return -errno;
	return read_answers(fd, fn, data);
}

static int make_clsact(uint32_t ifindex, bool *ret_made)
{
	struct request q =
		request(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, ifindex, TC_H_CLSACT);
	int r;

	q.tc.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
	add(&q, TCA_KIND, "clsact", sizeof("clsact"));
	r = ask(&q, NULL, NULL);
	*ret_made = r == 0;
	return r == -EEXIST ? 0 : r;
}

static void drop_clsact(uint32_t ifindex)
{
	struct request q = request(RTM_DELQDISC, NLM_F_ACK, ifindex, TC_H_CLSACT);

	q.tc.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
	add(&q, TCA_KIND, "clsact", sizeof("clsact"));
	(void)!ask(&q, NULL, NULL);
}

/* The kernel tells what it has made of the request: which place and number it gave. */
static int take_echo(void *data, const struct nlmsghdr *message)
{
	struct skep_filter *filter = data;
	const struct tcmsg *tc = NLMSG_DATA(message);

	if (message->nlmsg_type == RTM_NEWTFILTER &&
	    message->nlmsg_len >= NLMSG_LENGTH(sizeof(*tc))) {
		filter->info = tc->tcm_info;
		filter->handle = tc->tcm_handle;
	}
	return 0;
}

static int add_filter(struct skep_filter *filter, int prog_fd, const char *name)
{
	struct request q =
		request(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK | NLM_F_ECHO,
			filter->ifindex, filter->parent);
	uint32_t fd = (uint32_t)prog_fd, flags = TCA_BPF_FLAG_ACT_DIRECT;
	struct rtattr *options;
	size_t len = strnlen(name, 64) + 1;

	q.tc.tcm_info = TC_H_MAKE(0, htons(ETH_P_ALL));
	add(&q, TCA_KIND, "bpf", sizeof("bpf"));
	options = add(&q, TCA_OPTIONS, NULL, 0);
	add(&q, TCA_BPF_FD, &fd, sizeof(fd));
	add(&q, TCA_BPF_NAME, name, len);
	add(&q, TCA_BPF_FLAGS, &flags, sizeof(flags));
	end_nest(&q, options);
	return ask(&q, take_echo, filter);
}

static int is_filter(void *data, const struct nlmsghdr *message)
{
	*(bool *)data |= message->nlmsg_type == RTM_NEWTFILTER;
	return 0;
}

static bool has_filters(uint32_t ifindex, uint32_t parent)
{
	struct request q = request(RTM_GETTFILTER, NLM_F_DUMP, ifindex, parent);
	bool found = false;

	/* When it cannot be told, somebody may have one. */
	return ask(&q, is_filter, &found) < 0 || found;
}

int skep_filter_add(uint32_t ifindex, bool ingress, int prog_fd, const char *name,
		    struct skep_filter *ret_filter)
{
	struct skep_filter filter = {
		.ifindex = ifindex,
		.parent = TC_H_MAKE(TC_H_CLSACT, ingress ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS),
	};
	int r;

	r = make_clsact(ifindex, &filter.made_clsact);
	if (r < 0)
		return r;
	r = add_filter(&filter, prog_fd, name);
	if (r < 0) {
		if (filter.made_clsact)
			drop_clsact(ifindex);
		return r;
	}
	*ret_filter = filter;
	return 0;
}

void skep_filter_remove(const struct skep_filter *filter)
{
	struct request q = request(RTM_DELTFILTER, NLM_F_ACK, filter->ifindex, filter->parent);

	q.tc.tcm_info = filter->info;
	q.tc.tcm_handle = filter->handle;
	add(&q, TCA_KIND, "bpf", sizeof("bpf"));
	(void)!ask(&q, NULL, NULL);
	if (filter->made_clsact &&
	    !has_filters(filter->ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)) &&
	    !has_filters(filter->ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS)))
		drop_clsact(filter->ifindex);
}
