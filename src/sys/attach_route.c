/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routes with a program for what takes them (lwt_in, lwt_out, lwt_xmit, lwt_seg6local). The route is made for it, must
 * not be there yet, and is taken away in the end. linux/lwtunnel.h, linux/seg6_local.h, rtnetlink(7).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/lwtunnel.h>
#include <linux/seg6_local.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "isa/progkind.h"
#include "sys/explain.h"
#include "sys/kernel_priv.h"
#include "sys/netlink.h"

#define END_BPF 15 /* SEG6_LOCAL_ACTION_END_BPF */

struct route {
	uint8_t family, prefix_len;
	uint8_t address[16], gateway[16];
	size_t address_len;
	bool has_gateway;
	uint32_t ifindex, table; /* table 0: main */
};

static bool read_address(const char *text, struct route *r, uint8_t *out)
{
	r->family = strchr(text, ':') ? AF_INET6 : AF_INET;
	r->address_len = r->family == AF_INET6 ? 16 : 4;
	return inet_pton(r->family, text, out) == 1;
}

static bool read_prefix(char *text, struct route *r)
{
	char *slash = strchr(text, '/');
	unsigned long len;

	if (slash)
		*slash = 0;
	if (!read_address(text, r, r->address))
		return false;
	len = slash ? strtoul(slash + 1, NULL, 10) : r->address_len * 8;
	r->prefix_len = (uint8_t)len;
	return len <= r->address_len * 8;
}

/* "10.1.0.0/16 dev eth0 via 10.0.0.1 table 7"; NULL, or what is wrong. */
static const char *read_route(char *text, struct route *r)
{
	char *rest, *word = strtok_r(text, " ", &rest), *value;
	uint8_t family;

	if (!word || !read_prefix(word, r))
		return "it does not begin with a network (10.1.0.0/16)";
	family = r->family;
	while ((word = strtok_r(NULL, " ", &rest))) {
		value = strtok_r(NULL, " ", &rest);
		if (!value)
			return "its last word says nothing";
		if (!strcmp(word, "dev"))
			r->ifindex = if_nametoindex(value);
		else if (!strcmp(word, "via"))
			r->has_gateway = read_address(value, r, r->gateway);
		else if (!strcmp(word, "table"))
			r->table = (uint32_t)strtoul(value, NULL, 10);
		else
			return "only dev, via and table can follow the network";
		if (!strcmp(word, "dev") && !r->ifindex)
			return "there is no such network interface";
		if (!strcmp(word, "via") && (!r->has_gateway || r->family != family))
			return "its gateway is no address of that family";
	}
	return r->ifindex ? NULL : "it names no network interface (dev eth0)";
}

static void add_program(struct skep_netlink *q, const struct skep_spec_prog *p, int prog_fd)
{
	static const uint16_t places[] = {
		[SKEP_PROG_LWT_IN] = LWT_BPF_IN,
		[SKEP_PROG_LWT_OUT] = LWT_BPF_OUT,
		[SKEP_PROG_LWT_XMIT] = LWT_BPF_XMIT,
	};
	uint16_t kind = LWTUNNEL_ENCAP_BPF;
	uint32_t fd = (uint32_t)prog_fd, action = END_BPF;
	struct rtattr *outer, *inner;
	char name[16];

	skep_bpf_name(p->name, name);
	if (p->type == SKEP_PROG_LWT_SEG6LOCAL)
		kind = LWTUNNEL_ENCAP_SEG6_LOCAL;
	skep_netlink_add(q, RTA_ENCAP_TYPE, &kind, sizeof(kind));
	outer = skep_netlink_add(q, RTA_ENCAP | NLA_F_NESTED, NULL, 0);
	if (p->type == SKEP_PROG_LWT_SEG6LOCAL) {
		skep_netlink_add(q, SEG6_LOCAL_ACTION, &action, sizeof(action));
		inner = skep_netlink_add(q, SEG6_LOCAL_BPF | NLA_F_NESTED, NULL, 0);
		skep_netlink_add(q, SEG6_LOCAL_BPF_PROG, &fd, sizeof(fd));
		skep_netlink_add(q, SEG6_LOCAL_BPF_PROG_NAME, name, strlen(name) + 1);
	} else {
		inner = skep_netlink_add(q, (uint16_t)(places[p->type] | NLA_F_NESTED), NULL, 0);
		skep_netlink_add(q, LWT_BPF_PROG_FD, &fd, sizeof(fd));
		skep_netlink_add(q, LWT_BPF_PROG_NAME, name, strlen(name) + 1);
	}
	skep_netlink_end(q, inner);
	skep_netlink_end(q, outer);
}

static struct skep_netlink request(const struct route *r, uint16_t type, uint16_t flags)
{
	struct rtmsg route = {
		.rtm_family = r->family,
		.rtm_dst_len = r->prefix_len,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope =
			r->has_gateway || r->family == AF_INET6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
		.rtm_type = RTN_UNICAST,
	};
	struct skep_netlink q;

	skep_netlink_begin(&q, type, flags, &route, sizeof(route));
	skep_netlink_add(&q, RTA_DST, r->address, r->address_len);
	skep_netlink_add(&q, RTA_OIF, &r->ifindex, sizeof(r->ifindex));
	if (r->has_gateway)
		skep_netlink_add(&q, RTA_GATEWAY, r->gateway, r->address_len);
	if (r->table)
		skep_netlink_add(&q, RTA_TABLE, &r->table, sizeof(r->table));
	return q;
}

static void remove_route(void *data)
{
	struct skep_netlink q = request(data, RTM_DELROUTE, 0);

	(void)!skep_netlink_ask(&q, NULL, NULL);
	free(data);
}

static void hint(int error, const char *name, struct skep_diag *diag)
{
	if (error == -EEXIST)
		skep_diag_hint(diag,
			       "there is such a route, which has room for no program of ours: "
			       "ip route del %s",
			       name);
	else if (error == -EOPNOTSUPP || error == -EINVAL)
		skep_diag_hint(diag, "the kernel may be built without CONFIG_LWTUNNEL_BPF, or for "
				     "lwt_seg6local CONFIG_IPV6_SEG6_BPF, and that wants IPv6");
	else if (error == -ENETUNREACH || error == -ENETDOWN)
		skep_diag_hint(diag,
			       "the interface has to be up, and its gateway be reached by it");
}

int skep_attach_route(struct skep_loaded *loaded, const struct skep_spec_attach *a,
		      const struct skep_attach_target *t, struct skep_diag *diag)
{
	_cleanup_free_ struct route *route = calloc(1, sizeof(*route));
	_cleanup_free_ char *text = strdup(t->name);
	struct skep_netlink q;
	const char *wrong;
	int r;

	if (!route || !text)
		return -ENOMEM;
	wrong = read_route(text, route);
	if (wrong) {
		skep_diag_error(diag, a->loc, "cannot attach %s: '%s' is no route: %s",
				a->probe ? a->probe : "the probe", t->name, wrong);
		return -EINVAL;
	}
	q = request(route, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
	add_program(&q, &loaded->spec->progs[a->prog], loaded->progs[a->prog].fd);
	r = skep_netlink_ask(&q, NULL, NULL);
	if (r < 0) {
		skep_explain_attach(SKEP_DIAG_ERROR, a, t->name, r, diag);
		hint(r, t->name, diag);
		return r;
	}
	return skep_kernel_add_undo(loaded, a->prog, remove_route, TAKE_PTR(route));
}
