/* SPDX-License-Identifier: Apache-2.0 */
/* Probes of kernel and user functions, one event each, through perf's own kinds of them. */
#include <errno.h>

#include "sys/explain.h"
#include "sys/kernel_priv.h"
#include "sys/perf.h"

/*
 * The two kinds differ only in their name and in what the two words of configuration mean, which
 * fits both alike.
 */
static int probe_attr(const char *pmu, bool on_return, const struct skep_attach_target *t,
		      struct perf_event_attr *ret_attr)
{
	struct perf_event_attr attr = {
		.config1 = skep_bpf_ptr(t->name), /* function, or path of the binary */
		.config2 = t->offset,
	};
	unsigned bit;
	int r;

	r = skep_perf_pmu_type(pmu, &attr.type);
	/* The kernel is built without them, or a container hides /sys. */
	if (r == -ENOENT)
		return -EOPNOTSUPP;
	if (r < 0)
		return r;
	if (on_return) {
		r = skep_perf_pmu_retprobe_bit(pmu, &bit);
		if (r < 0)
			return r;
		attr.config |= 1ull << bit;
	}
	/* The kernel has 32 bits for it (format/ref_ctr_offset of this kind of event). */
	if (t->semaphore > UINT32_MAX)
		return -ERANGE;
	attr.config |= t->semaphore << 32;
	*ret_attr = attr;
	return 0;
}

int skep_attach_probe(struct skep_loaded *loaded, const struct skep_spec_attach *a,
		      const struct skep_attach_target *t, struct skep_diag *diag)
{
	bool user = a->kind == SKEP_ATTACH_UPROBE || a->kind == SKEP_ATTACH_URETPROBE;
	bool on_return = a->kind == SKEP_ATTACH_KRETPROBE || a->kind == SKEP_ATTACH_URETPROBE;
	bool one_process = user && a->pid > 0;
	struct perf_event_attr attr;
	int r;

	r = probe_attr(user ? "uprobe" : "kprobe", on_return, t, &attr);
	if (r == 0)
		r = skep_perf_attach(&attr, one_process ? a->pid : -1, one_process ? -1 : 0,
				     loaded->progs[a->prog].fd, t->cookie);
	if (r < 0) {
		skep_explain_attach(t->optional ? SKEP_DIAG_WARNING : SKEP_DIAG_ERROR, a,
				    t->symbol ? t->symbol : t->name, r, diag);
		return r;
	}
	return skep_kernel_add_link(loaded, a->prog, r);
}
