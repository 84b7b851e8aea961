/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network interfaces and cgroups. All by links, which end with the process; on kernels without links for traffic
 * control (before 6.6) by filters, which are removed when the session ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>

#include "sys/explain.h"
#include "sys/feature.h"
#include "sys/filter.h"
#include "sys/kernel_priv.h"

#define XDP_GENERIC (1u << 1) /* by the kernel, for any driver */
#define XDP_DRIVER (1u << 2)

static int find_interface(const struct skep_spec_attach *a, const struct skep_attach_target *t,
			  struct skep_diag *diag, uint32_t *ret_index)
{
	*ret_index = if_nametoindex(t->name);
	if (*ret_index)
		return 0;
	skep_diag_error(diag, a->loc, "cannot attach %s: there is no network interface '%s'",
			a->probe ? a->probe : "the probe", t->name);
	return -ENODEV;
}

static int refused(const struct skep_spec_attach *a, const struct skep_attach_target *t, int error,
		   struct skep_diag *diag)
{
	skep_explain_attach(SKEP_DIAG_ERROR, a, t->name, error, diag);
	if (a->kind == SKEP_ATTACH_XDP && (error == -EBUSY || error == -EEXIST))
		skep_diag_hint(diag,
			       "an interface has room for one XDP program, and %s has one: "
			       "ip link show dev %s; tc:%s:ingress works beside it",
			       t->name, t->name, t->name);
	return error;
}

int skep_attach_xdp(struct skep_loaded *loaded, const struct skep_spec_attach *a,
		    const struct skep_attach_target *t, struct skep_diag *diag)
{
	struct skep_bpf_link_create attr = {
		.prog_fd = (uint32_t)loaded->progs[a->prog].fd,
		.attach_type = SKEP_BPF_ATTACH_XDP,
		.flags = XDP_DRIVER,
	};
	int r;

	r = find_interface(a, t, diag, &attr.target_fd);
	if (r < 0)
		return r;
	r = skep_bpf_link_create(&attr);
	if (r == -EOPNOTSUPP || r == -EINVAL) {
		attr.flags = XDP_GENERIC;
		r = skep_bpf_link_create(&attr);
		if (r >= 0)
			skep_diag_add(diag, SKEP_DIAG_NOTE, a->loc,
				      "the driver of %s does not run XDP programs: the kernel does "
				      "(generic mode), later and slower",
				      t->name);
	}
	return r < 0 ? refused(a, t, r, diag) : skep_kernel_add_link(loaded, a->prog, r);
}

static int attach_filter(struct skep_loaded *loaded, const struct skep_spec_attach *a,
			 uint32_t ifindex)
{
	struct klink link = { .fd = -1, .prog = a->prog };
	int r;

	link.filter = malloc(sizeof(*link.filter));
	if (!link.filter)
		return -ENOMEM;
	r = skep_filter_add(ifindex, a->kind == SKEP_ATTACH_TC_INGRESS, loaded->progs[a->prog].fd,
			    "skep", link.filter);
	if (r == 0 && skep_vec_push(&loaded->links, link))
		return 0;
	if (r == 0) {
		skep_filter_remove(link.filter);
		r = -ENOMEM;
	}
	free(link.filter);
	return r;
}

int skep_attach_tc(struct skep_loaded *loaded, const struct skep_spec_attach *a,
		   const struct skep_attach_target *t, struct skep_diag *diag)
{
	struct skep_bpf_link_create attr = {
		.prog_fd = (uint32_t)loaded->progs[a->prog].fd,
		.attach_type = a->kind == SKEP_ATTACH_TC_INGRESS ? SKEP_BPF_ATTACH_TCX_INGRESS
								 : SKEP_BPF_ATTACH_TCX_EGRESS,
	};
	int r;

	r = find_interface(a, t, diag, &attr.target_fd);
	if (r < 0)
		return r;
	if (skep_feature_has(SKEP_FEATURE_TCX)) {
		r = skep_bpf_link_create(&attr);
		return r < 0 ? refused(a, t, r, diag) : skep_kernel_add_link(loaded, a->prog, r);
	}
	r = attach_filter(loaded, a, attr.target_fd);
	if (r == 0)
		return 0;
	skep_explain_attach(SKEP_DIAG_ERROR, a, t->name, r, diag);
	if (r == -ENOENT || r == -EOPNOTSUPP)
		skep_diag_hint(diag,
			       "this kernel needs its modules sch_ingress and cls_bpf for it: "
			       "modprobe sch_ingress cls_bpf");
	return r;
}

int skep_attach_cgroup(struct skep_loaded *loaded, const struct skep_spec_attach *a,
		       const struct skep_attach_target *t, struct skep_diag *diag)
{
	_cleanup_close_ int dir = open(t->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct skep_bpf_link_create attr = {
		.prog_fd = (uint32_t)loaded->progs[a->prog].fd,
		.target_fd = (uint32_t)dir,
		.attach_type = loaded->progs[a->prog].attach_type,
	};
	int r = dir < 0 ? -errno : skep_bpf_link_create(&attr);

	if (r >= 0)
		return skep_kernel_add_link(loaded, a->prog, r);
	skep_explain_attach(SKEP_DIAG_ERROR, a, t->name, r, diag);
	if (r == -EPERM)
		skep_diag_hint(diag, "a program there allows no others below it (bpftool cgroup "
				     "tree shows it), or this process may not");
	return r;
}
