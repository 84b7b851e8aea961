/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs of interfaces that were attached by netlink: XDP, and filters of traffic control. Of our own network namespace.
 * Messages: rtnetlink(7), linux/if_link.h, linux/pkt_cls.h.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/inventory_priv.h"

#define ANSWER_BYTES (64u << 10)
#define NAME_BYTES 64

struct interface {
	int index;
	char name[NAME_BYTES];
};

struct net {
	struct skep_inventory_kept *k;
	int fd;
	uint8_t *answer;
	struct {
		SKEP_VEC(struct interface);
	} interfaces;
	const char *name; /* of the interface whose filters come */
	const char *kind;
};

/* Asks for all of a sort; calls @each with every message of the answer. */
static int dump(struct net *net, struct nlmsghdr *request,
		void (*each)(struct net *net, const struct nlmsghdr *message))
{
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	if (send(net->fd, request, request->nlmsg_len, 0) < 0)
		return -errno;
	for (;;) {
		ssize_t n = recv(net->fd, net->answer, ANSWER_BYTES, 0);
		int len = (int)n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		for (struct nlmsghdr *m = (struct nlmsghdr *)net->answer;
		     NLMSG_OK(m, (unsigned)len); m = NLMSG_NEXT(m, len)) {
			if (m->nlmsg_type == NLMSG_DONE || m->nlmsg_type == NLMSG_ERROR)
				return 0;
			each(net, m);
		}
	}
}

static const struct rtattr *find(const struct rtattr *a, int len, unsigned type)
{
	for (; RTA_OK(a, len); a = RTA_NEXT(a, len))
		if ((a->rta_type & NLA_TYPE_MASK) == type)
			return a;
	return NULL;
}

static uint32_t number(const struct rtattr *a)
{
	uint32_t n = 0;

	if (a && RTA_PAYLOAD(a) >= sizeof(n))
		memcpy(&n, RTA_DATA(a), sizeof(n));
	return n;
}

static void add_xdp(struct net *net, const struct rtattr *xdp, const char *name)
{
	static const struct {
		unsigned type;
		const char *kind;
	} ways[] = { { IFLA_XDP_SKB_PROG_ID, "xdp generic" },
		     { IFLA_XDP_DRV_PROG_ID, "xdp" },
		     { IFLA_XDP_HW_PROG_ID, "xdp offloaded" } };

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		uint32_t id = number(find(RTA_DATA(xdp), (int)RTA_PAYLOAD(xdp), ways[i].type));
		bool known = false;

		for (size_t p = 0; id && p < net->k->places.len; p++)
			known |= net->k->places.data[p].prog == id &&
				 skep_streq(net->k->places.data[p].text, name);
		if (id && !known)
			skep_inventory_add_place(net->k, id, 0, ways[i].kind, name);
	}
}

static void look_at_interface(struct net *net, const struct nlmsghdr *m)
{
	const struct ifinfomsg *link = NLMSG_DATA(m);
	int len = (int)IFLA_PAYLOAD(m);
	const struct rtattr *name = find(IFLA_RTA(link), len, IFLA_IFNAME);
	const struct rtattr *xdp = find(IFLA_RTA(link), len, IFLA_XDP);
	struct interface interface = { .index = link->ifi_index };

	snprintf(interface.name, sizeof(interface.name), "%.*s", name ? (int)RTA_PAYLOAD(name) : 1,
		 name ? (const char *)RTA_DATA(name) : "?");
	skep_vec_add(&net->interfaces, interface);
	if (xdp)
		add_xdp(net, xdp, interface.name);
}

static void look_at_filter(struct net *net, const struct nlmsghdr *m)
{
	const struct tcmsg *tc = NLMSG_DATA(m);
	int len = (int)TCA_PAYLOAD(m);
	const struct rtattr *kind = find(TCA_RTA(tc), len, TCA_KIND);
	const struct rtattr *options = find(TCA_RTA(tc), len, TCA_OPTIONS);
	uint32_t id;

	if (!kind || !options || !skep_streq(RTA_DATA(kind), "bpf"))
		return;
	id = number(find(RTA_DATA(options), (int)RTA_PAYLOAD(options), TCA_BPF_ID));
	if (id)
		skep_inventory_add_place(net->k, id, 0, net->kind, net->name);
}

static void take_filters(struct net *net)
{
	static const struct {
		uint32_t parent;
		const char *kind;
	} hooks[] = { { TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), "tc ingress" },
		      { TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS), "tc egress" },
		      { 0, "tc" } };

	for (size_t i = 0; i < net->interfaces.len * ARRAY_SIZE(hooks); i++) {
		const struct interface *interface = &net->interfaces.data[i / ARRAY_SIZE(hooks)];
		struct {
			struct nlmsghdr head;
			struct tcmsg tc;
		} request = {
			.head = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETTFILTER },
			.tc = { .tcm_ifindex = interface->index,
				.tcm_parent = hooks[i % ARRAY_SIZE(hooks)].parent },
		};

		net->name = interface->name;
		net->kind = hooks[i % ARRAY_SIZE(hooks)].kind;
		(void)!dump(net, &request.head, look_at_filter);
	}
}

void skep_inventory_take_net(struct skep_inventory_kept *k, bool filters)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg link;
	} request = { .head = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETLINK } };
	struct net net = {
		.k = k,
		.fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE),
		.answer = malloc(ANSWER_BYTES),
	};

	if (net.fd >= 0 && net.answer && dump(&net, &request.head, look_at_interface) == 0 &&
	    filters)
		take_filters(&net);
	if (net.fd >= 0)
		close(net.fd);
	skep_vec_fini(&net.interfaces);
	free(net.answer);
}
