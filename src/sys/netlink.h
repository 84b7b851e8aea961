/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Netlink: one request to the kernel's routing and traffic control, and its answer. rtnetlink(7).
 *
 *	skep_netlink_begin(&q, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &route, sizeof(route));
 *	skep_netlink_add(&q, RTA_OIF, &ifindex, sizeof(ifindex));
 *	nest = skep_netlink_add(&q, RTA_ENCAP, NULL, 0);
 *	…
 *	skep_netlink_end(&q, nest);
 *	r = skep_netlink_ask(&q, NULL, NULL);
 */
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "base/macros.h"

#define SKEP_NETLINK_ROOM 1024

struct skep_netlink {
	struct nlmsghdr head;
	uint8_t room[SKEP_NETLINK_ROOM];
};

/* @flags: beside that it is a request, which wants an answer. */
void skep_netlink_begin(struct skep_netlink *q, uint16_t type, uint16_t flags, const void *body,
			size_t size);
/* The caller knows that all fits. */
struct rtattr *skep_netlink_add(struct skep_netlink *q, uint16_t type, const void *data,
				size_t len);
/* Ends an attribute that holds those added since. */
void skep_netlink_end(struct skep_netlink *q, struct rtattr *nest);

/* Called for each message that is no answer; a number other than 0 ends it. */
typedef int (*skep_netlink_fn)(void *data, const struct nlmsghdr *message);
/* -errno: also what the kernel answered. @fn may be NULL. */
int skep_netlink_ask(struct skep_netlink *q, skep_netlink_fn fn, void *data) _must_check_;
