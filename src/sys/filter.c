/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and answers: rtnetlink(7), linux/rtnetlink.h, linux/pkt_cls.h, linux/tc_act/tc_bpf.h. */
#include "sys/filter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/tc_act/tc_bpf.h>
#include <string.h>

#include "sys/netlink.h"

#define LAST_PRIORITY 0xffffu

static struct skep_netlink request(uint16_t type, uint16_t flags, const struct tcmsg *tc)
{
	struct skep_netlink q;

	skep_netlink_begin(&q, type, flags, tc, sizeof(*tc));
	return q;
}

static struct tcmsg clsact(uint32_t ifindex)
{
	return (struct tcmsg){
		.tcm_ifindex = (int)ifindex,
		.tcm_parent = TC_H_CLSACT,
		.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0),
	};
}

static struct tcmsg filter_place(const struct skep_filter *filter)
{
	return (struct tcmsg){
		.tcm_ifindex = (int)filter->ifindex,
		.tcm_parent = filter->parent,
		.tcm_info = filter->info,
		.tcm_handle = filter->handle,
	};
}

static const char *kind_of(const struct skep_filter *filter)
{
	return filter->is_action ? "matchall" : "bpf";
}

static int make_clsact(uint32_t ifindex, bool *ret_made)
{
	struct tcmsg tc = clsact(ifindex);
	struct skep_netlink q = request(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, &tc);
	int r;

	skep_netlink_add(&q, TCA_KIND, "clsact", sizeof("clsact"));
	r = skep_netlink_ask(&q, NULL, NULL);
	*ret_made = r == 0;
	return r == -EEXIST ? 0 : r;
}

static void drop_clsact(uint32_t ifindex)
{
	struct tcmsg tc = clsact(ifindex);
	struct skep_netlink q = request(RTM_DELQDISC, 0, &tc);

	skep_netlink_add(&q, TCA_KIND, "clsact", sizeof("clsact"));
	(void)!skep_netlink_ask(&q, NULL, NULL);
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

/* The program is the filter, and what it returns is what becomes of the packet. */
static void add_classifier(struct skep_netlink *q, uint32_t fd, const char *name, size_t len)
{
	struct rtattr *options = skep_netlink_add(q, TCA_OPTIONS, NULL, 0);
	uint32_t flags = TCA_BPF_FLAG_ACT_DIRECT;

	skep_netlink_add(q, TCA_BPF_FD, &fd, sizeof(fd));
	skep_netlink_add(q, TCA_BPF_NAME, name, len);
	skep_netlink_add(q, TCA_BPF_FLAGS, &flags, sizeof(flags));
	skep_netlink_end(q, options);
}

/* A filter that matches everything, and the program as its action. */
static void add_action(struct skep_netlink *q, uint32_t fd, const char *name, size_t len)
{
	struct rtattr *options = skep_netlink_add(q, TCA_OPTIONS, NULL, 0);
	struct rtattr *actions = skep_netlink_add(q, TCA_MATCHALL_ACT, NULL, 0);
	struct rtattr *first = skep_netlink_add(q, 1, NULL, 0), *parts;
	struct tc_act_bpf parameters = { .action = TC_ACT_PIPE };

	skep_netlink_add(q, TCA_ACT_KIND, "bpf", sizeof("bpf"));
	parts = skep_netlink_add(q, TCA_ACT_OPTIONS, NULL, 0);
	skep_netlink_add(q, TCA_ACT_BPF_PARMS, &parameters, sizeof(parameters));
	skep_netlink_add(q, TCA_ACT_BPF_FD, &fd, sizeof(fd));
	skep_netlink_add(q, TCA_ACT_BPF_NAME, name, len);
	skep_netlink_end(q, parts);
	skep_netlink_end(q, first);
	skep_netlink_end(q, actions);
	skep_netlink_end(q, options);
}

static int add_filter(struct skep_filter *filter, int prog_fd, const char *name)
{
	struct tcmsg tc = filter_place(filter);
	struct skep_netlink q =
		request(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ECHO, &tc);
	const char *kind = kind_of(filter);
	size_t len = strnlen(name, 64) + 1;

	skep_netlink_add(&q, TCA_KIND, kind, strlen(kind) + 1);
	if (filter->is_action)
		add_action(&q, (uint32_t)prog_fd, name, len);
	else
		add_classifier(&q, (uint32_t)prog_fd, name, len);
	return skep_netlink_ask(&q, take_echo, filter);
}

static int is_filter(void *data, const struct nlmsghdr *message)
{
	*(bool *)data |= message->nlmsg_type == RTM_NEWTFILTER;
	return 0;
}

static bool has_filters(uint32_t ifindex, uint32_t minor)
{
	struct tcmsg tc = {
		.tcm_ifindex = (int)ifindex,
		.tcm_parent = TC_H_MAKE(TC_H_CLSACT, minor),
	};
	struct skep_netlink q = request(RTM_GETTFILTER, NLM_F_DUMP, &tc);
	bool found = false;

	/* When it cannot be told, somebody may have one. */
	return skep_netlink_ask(&q, is_filter, &found) < 0 || found;
}

int skep_filter_add(const struct skep_filter_place *place, int prog_fd, const char *name,
		    struct skep_filter *ret_filter)
{
	struct skep_filter filter = {
		.ifindex = place->ifindex,
		.parent =
			TC_H_MAKE(TC_H_CLSACT, place->ingress ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS),
		/* Priority 0: the kernel chooses one before all others. */
		.info = TC_H_MAKE(place->last ? LAST_PRIORITY << 16 : 0, htons(ETH_P_ALL)),
		.is_action = place->is_action,
	};
	int r;

	r = make_clsact(filter.ifindex, &filter.made_clsact);
	if (r < 0)
		return r;
	r = add_filter(&filter, prog_fd, name);
	if (r < 0) {
		if (filter.made_clsact)
			drop_clsact(filter.ifindex);
		return r;
	}
	*ret_filter = filter;
	return 0;
}

void skep_filter_remove(const struct skep_filter *filter)
{
	struct tcmsg tc = filter_place(filter);
	struct skep_netlink q = request(RTM_DELTFILTER, 0, &tc);
	const char *kind = kind_of(filter);

	skep_netlink_add(&q, TCA_KIND, kind, strlen(kind) + 1);
	(void)!skep_netlink_ask(&q, NULL, NULL);
	if (filter->made_clsact && !has_filters(filter->ifindex, TC_H_MIN_INGRESS) &&
	    !has_filters(filter->ifindex, TC_H_MIN_EGRESS))
		drop_clsact(filter->ifindex);
}
