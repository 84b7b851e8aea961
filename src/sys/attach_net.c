/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network interfaces: XDP, traffic control, netkit. All by links, which end with the process; on kernels without links for
 * traffic control (before 6.6), and for programs that are actions, by filters, which are removed when the session ends.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "sys/explain.h"
#include "sys/feature.h"
#include "sys/filter.h"
#include "sys/kernel_priv.h"
#include "sys/named.h"

#define XDP_GENERIC (1u << 1) /* by the kernel, for any driver */
#define XDP_DRIVER (1u << 2)

/* "eth0:egress:before=id:7", read. */
struct place {
	char name[IF_NAMESIZE];
	uint32_t ifindex;
	bool generic, driver; /* XDP */
	bool ingress, egress, first, last;
	const char *
		relative; /* the program behind before= or after=; with a path it is the rest of the text */
	bool after;
};

static bool take(const char **at, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*at, word, len) != 0 || ((*at)[len] && (*at)[len] != ':'))
		return false;
	*at += len;
	return true;
}

/* One option; false: there is no such one for this kind. */
static bool read_option(const struct skep_spec_attach *a, const char **at, struct place *p)
{
	bool xdp = a->kind == SKEP_ATTACH_XDP, orders = !xdp && a->kind != SKEP_ATTACH_TC_ACTION;
	bool sides = !xdp && a->kind != SKEP_ATTACH_NETKIT;

	if (xdp)
		return (take(at, "generic") && (p->generic = true)) ||
		       (take(at, "driver") && (p->driver = true));
	if (sides && take(at, "ingress"))
		return p->ingress = true;
	if (sides && take(at, "egress"))
		return p->egress = true;
	if (orders && take(at, "first"))
		return p->first = true;
	if (take(at, "last"))
		return p->last = true;
	if (!orders || (strncmp(*at, "before=", 7) != 0 && strncmp(*at, "after=", 6) != 0))
		return false;
	/* The name of a program may hold colons, so it ends the text. */
	p->after = **at == 'a';
	p->relative = *at + (p->after ? 6 : 7);
	*at += strlen(*at);
	return *p->relative;
}

static int wrong_option(const struct skep_spec_attach *a, const struct skep_attach_target *t,
			const char *at, struct skep_diag *diag)
{
	skep_diag_error(diag, a->loc, "cannot attach %s to %s: '%s' is no option of it",
			a->probe ? a->probe : "the probe", t->name, at);
	skep_diag_hint(
		diag, "%s",
		a->kind == SKEP_ATTACH_XDP
			? "XDP has generic and driver"
			: "there are ingress, egress, first, last, before=PROGRAM and after=PROGRAM");
	return -EINVAL;
}

static int read_place(const struct skep_spec_attach *a, const struct skep_attach_target *t,
		      struct skep_diag *diag, struct place *ret)
{
	size_t len = strcspn(t->name, ":");
	const char *at = t->name + len;
	struct place p = {};

	snprintf(p.name, sizeof(p.name), "%.*s", (int)MIN(len, sizeof(p.name)), t->name);
	p.ifindex = len < sizeof(p.name) ? if_nametoindex(p.name) : 0;
	if (!p.ifindex) {
		skep_diag_error(diag, a->loc,
				"cannot attach %s: there is no network interface '%.*s'",
				a->probe ? a->probe : "the probe", (int)len, t->name);
		return -ENODEV;
	}
	while (*at == ':') {
		const char *option = ++at;

		if (!read_option(a, &at, &p))
			return wrong_option(a, t, option, diag);
	}
	*ret = p;
	return 0;
}

static int refused(const struct skep_spec_attach *a, const struct place *p, int error,
		   struct skep_diag *diag)
{
	skep_explain_attach(SKEP_DIAG_ERROR, a, p->name, error, diag);
	if (a->kind == SKEP_ATTACH_XDP && (error == -EBUSY || error == -EEXIST))
		skep_diag_hint(diag,
			       "an interface has room for one XDP program, and %s has one: "
			       "ip link show dev %s; tc:%s:ingress works beside it",
			       p->name, p->name, p->name);
	else if (a->kind == SKEP_ATTACH_XDP && p->driver)
		skep_diag_hint(diag, "its driver may not run XDP programs: %s:generic", p->name);
	else if (a->kind == SKEP_ATTACH_NETKIT && error == -EACCES)
		skep_diag_hint(diag, "programs are attached to the primary end of the pair only");
	else if (a->kind == SKEP_ATTACH_NETKIT)
		skep_diag_hint(diag,
			       "netkit interfaces came with Linux 6.7, and %s has to be one: "
			       "ip link add NAME type netkit",
			       p->name);
	return error;
}

int skep_attach_xdp(struct skep_loaded *loaded, const struct skep_spec_attach *a,
		    const struct skep_attach_target *t, struct skep_diag *diag)
{
	struct skep_bpf_link_create attr = {
		.prog_fd = (uint32_t)loaded->progs[a->prog].fd,
		.attach_type = SKEP_BPF_ATTACH_XDP,
	};
	struct place p;
	int r;

	r = read_place(a, t, diag, &p);
	if (r < 0)
		return r;
	attr.target_fd = p.ifindex;
	attr.flags = p.generic ? XDP_GENERIC : XDP_DRIVER;
	r = skep_bpf_link_create(&attr);
	if ((r == -EOPNOTSUPP || r == -EINVAL) && !p.generic && !p.driver) {
		attr.flags = XDP_GENERIC;
		r = skep_bpf_link_create(&attr);
		if (r >= 0)
			skep_diag_add(diag, SKEP_DIAG_NOTE, a->loc,
				      "the driver of %s does not run XDP programs: the kernel does "
				      "(generic mode), later and slower",
				      p.name);
	}
	return r < 0 ? refused(a, &p, r, diag) : skep_kernel_add_link(loaded, a->prog, r);
}

/*
 * Traffic control.
 */

/* A link of tcx or netkit, at its place among the others. */
static int link_ordered(struct skep_loaded *loaded, const struct skep_spec_attach *a,
			const struct place *p, uint32_t attach_type, struct skep_diag *diag)
{
	struct skep_bpf_link_create attr = {
		.prog_fd = (uint32_t)loaded->progs[a->prog].fd,
		.target_fd = p->ifindex,
		.attach_type = attach_type,
	};
	_cleanup_close_ int relative = -1;
	int r;

	if (p->first)
		attr.flags = SKEP_BPF_F_BEFORE;
	else if (p->last)
		attr.flags = SKEP_BPF_F_AFTER;
	if (p->relative) {
		relative = skep_named_prog(p->relative, diag);
		if (relative < 0)
			return relative;
		attr.flags = p->after ? SKEP_BPF_F_AFTER : SKEP_BPF_F_BEFORE;
		attr.tcx.relative_fd = (uint32_t)relative;
	}
	r = skep_bpf_link_create(&attr);
	if (r >= 0)
		return skep_kernel_add_link(loaded, a->prog, r);
	r = refused(a, p, r, diag);
	if (r == -ENOENT && p->relative)
		skep_diag_hint(diag, "%s is not attached there", p->relative);
	return r;
}

static void remove_filter(void *data)
{
	skep_filter_remove(data);
	free(data);
}

static int attach_filter(struct skep_loaded *loaded, const struct skep_spec_attach *a,
			 const struct place *p, bool ingress)
{
	struct skep_filter_place place = {
		.ifindex = p->ifindex,
		.ingress = ingress,
		.last = p->last,
		.is_action = a->kind == SKEP_ATTACH_TC_ACTION,
	};
	_cleanup_free_ struct skep_filter *filter = malloc(sizeof(*filter));
	int r;

	if (!filter)
		return -ENOMEM;
	r = skep_filter_add(&place, loaded->progs[a->prog].fd, "skep", filter);
	if (r < 0)
		return r;
	return skep_kernel_add_undo(loaded, a->prog, remove_filter, TAKE_PTR(filter));
}

/* What the section says, or where it says nothing the place; without either it is ingress. */
static int find_side(const struct skep_loaded *loaded, const struct skep_spec_attach *a,
		     const struct place *p, struct skep_diag *diag, bool *ret_ingress)
{
	bool ingress = a->kind != SKEP_ATTACH_TC_EGRESS;
	bool fixed = a->kind == SKEP_ATTACH_TC_EGRESS ||
		     loaded->spec->progs[a->prog].attach_type == SKEP_BPF_ATTACH_TCX_INGRESS;

	if ((p->ingress && p->egress) || (fixed && (ingress ? p->egress : p->ingress))) {
		skep_diag_error(diag, a->loc,
				"%s is for one side of %s and cannot be for the other",
				a->probe ? a->probe : "the probe", p->name);
		return -EINVAL;
	}
	*ret_ingress = fixed ? ingress : !p->egress;
	return 0;
}

int skep_attach_tc(struct skep_loaded *loaded, const struct skep_spec_attach *a,
		   const struct skep_attach_target *t, struct skep_diag *diag)
{
	bool is_action = a->kind == SKEP_ATTACH_TC_ACTION, ingress = true;
	struct place p;
	int r;

	r = read_place(a, t, diag, &p);
	if (r == 0)
		r = find_side(loaded, a, &p, diag, &ingress);
	if (r < 0)
		return r;
	if (!is_action && skep_feature_has(SKEP_FEATURE_TCX))
		return link_ordered(
			loaded, a, &p,
			ingress ? SKEP_BPF_ATTACH_TCX_INGRESS : SKEP_BPF_ATTACH_TCX_EGRESS, diag);
	if (p.relative) {
		skep_diag_error(diag, a->loc,
				"this kernel cannot put %s before or after another "
				"program (it came with Linux 6.6)",
				a->probe ? a->probe : "the probe");
		skep_diag_hint(diag, "it has %s:first and %s:last", p.name, p.name);
		return -EOPNOTSUPP;
	}
	r = attach_filter(loaded, a, &p, ingress);
	if (r == 0)
		return 0;
	skep_explain_attach(SKEP_DIAG_ERROR, a, p.name, r, diag);
	if (r == -ENOENT || r == -EOPNOTSUPP)
		skep_diag_hint(diag, "this kernel needs its modules %s for it: modprobe -a %s",
			       is_action ? "sch_ingress, cls_matchall and act_bpf"
					 : "sch_ingress and cls_bpf",
			       is_action ? "sch_ingress cls_matchall act_bpf"
					 : "sch_ingress cls_bpf");
	return r;
}

int skep_attach_netkit(struct skep_loaded *loaded, const struct skep_spec_attach *a,
		       const struct skep_attach_target *t, struct skep_diag *diag)
{
	struct place p;
	int r = read_place(a, t, diag, &p);

	return r < 0 ? r : link_ordered(loaded, a, &p, loaded->progs[a->prog].attach_type, diag);
}
