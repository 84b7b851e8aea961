/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One attach record: every target, or all at once where the kernel can; a failure takes back what
 * was made.
 */
#include <errno.h>

#include "sys/explain.h"
#include "sys/kernel_priv.h"

static const struct {
	int (*attach)(struct skep_loaded *loaded, const struct skep_spec_attach *a,
		      const struct skep_attach_target *t, struct skep_diag *diag);
	bool misses_uncounted, misses_in_links;
} kinds[] = {
	[SKEP_ATTACH_RAW_TP] = { skep_attach_raw_tp },
	[SKEP_ATTACH_TRACING] = { skep_attach_tracing },
	[SKEP_ATTACH_TP] = { skep_attach_tp, .misses_in_links = true },
	[SKEP_ATTACH_KPROBE] = { skep_attach_probe, .misses_in_links = true },
	[SKEP_ATTACH_KRETPROBE] = { skep_attach_probe, .misses_in_links = true },
	[SKEP_ATTACH_UPROBE] = { skep_attach_probe, .misses_in_links = true },
	[SKEP_ATTACH_URETPROBE] = { skep_attach_probe, .misses_in_links = true },
	[SKEP_ATTACH_ITER] = { skep_attach_iter },
	[SKEP_ATTACH_XDP] = { skep_attach_xdp },
	[SKEP_ATTACH_TC_INGRESS] = { skep_attach_tc },
	[SKEP_ATTACH_TC_EGRESS] = { skep_attach_tc },
	[SKEP_ATTACH_CGROUP] = { skep_attach_cgroup },
	[SKEP_ATTACH_PERF] = { skep_attach_perf, .misses_uncounted = true },
};

int skep_kernel_add_link(struct skep_loaded *loaded, size_t prog, int fd)
{
	struct klink link = { .fd = fd, .prog = prog };

	if (skep_vec_push(&loaded->links, link))
		return 0;
	close(fd);
	return -ENOMEM;
}

/*
 * Targets one by one. An optional one that fails is a warning, which its attach function has
 * written.
 */
static int attach_each(struct skep_loaded *loaded, const struct skep_spec_attach *a,
		       struct skep_diag *diag)
{
	static const struct skep_attach_target nothing = {};
	/* Of some kinds the record says it all, and one without targets stands for one. */
	bool implied =
		!a->n_targets && (a->kind == SKEP_ATTACH_TRACING || a->kind == SKEP_ATTACH_PERF);
	size_t n = implied ? 1 : a->n_targets;
	int attached = 0, r;

	for (size_t i = 0; i < n; i++) {
		const struct skep_attach_target *t = implied ? &nothing : &a->targets[i];
		size_t before = loaded->links.len;

		r = kinds[a->kind].attach(loaded, a, t, diag);
		if (r == 0) {
			attached++;
			continue;
		}
		skep_kernel_drop_links(loaded, before);
		if (!t->optional)
			return r;
	}
	return attached;
}

static int attach_record(struct skep_loaded *loaded, const struct skep_spec_attach *a,
			 struct skep_diag *diag)
{
	int r;

	switch (loaded->progs[a->prog].attach_type) {
	case SKEP_BPF_ATTACH_KPROBE_SESSION: /* two probes each: entry and return */
		r = skep_attach_kprobe_multi(loaded, a, diag);
		return r < 0 ? r : r * 2;
	case SKEP_BPF_ATTACH_KPROBE_MULTI:
		return skep_attach_kprobe_multi(loaded, a, diag);
	case SKEP_BPF_ATTACH_UPROBE_MULTI:
		return skep_attach_uprobe_multi(loaded, a, diag);
	default:
		return attach_each(loaded, a, diag);
	}
}

bool skep_attach_is_optional(const struct skep_spec_attach *a)
{
	for (size_t i = 0; i < a->n_targets; i++)
		if (!a->targets[i].optional)
			return false;
	return a->n_targets > 0;
}

int skep_kernel_attach(struct skep_loaded *loaded, size_t index, struct skep_diag *diag)
{
	const struct skep_spec *spec = loaded->spec;
	_cleanup_free_ struct skep_attach_target *targets = NULL;
	const struct skep_spec_attach *a;
	struct skep_spec_attach found;
	size_t before = loaded->links.len;
	int r;

	if (index >= spec->n_attaches)
		return -EINVAL;
	a = &spec->attaches[index];
	if (a->kind == SKEP_ATTACH_USER)
		return 0;
	/* It was left out when it was loaded. */
	if (a->prog < spec->n_progs && loaded->progs[a->prog].fd < 0 && skep_attach_is_optional(a))
		return 0;
	if ((size_t)a->kind >= ARRAY_SIZE(kinds) || a->prog >= spec->n_progs ||
	    loaded->progs[a->prog].fd < 0) {
		skep_diag_error(diag, a->loc, "this probe has no program to run");
		return -EINVAL;
	}
	r = skep_attach_find_symbols(a, diag, &found, &targets);
	if (r == 0)
		r = attach_record(loaded, &found, diag);
	if (r < 0) {
		skep_kernel_drop_links(loaded, before);
		return r;
	}
	loaded->progs[a->prog].misses_uncounted |= kinds[a->kind].misses_uncounted;
	loaded->progs[a->prog].misses_in_links |= kinds[a->kind].misses_in_links;
	return r;
}
