/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One attach record: every target, or all at once where the kernel can; a failure takes back what
 * was made.
 */
#include <errno.h>

#include "base/str.h"
#include "sys/explain.h"
#include "sys/kernel_priv.h"

static const struct {
	int (*attach)(struct skep_loaded *loaded, const struct skep_spec_attach *a,
		      const struct skep_attach_target *t, struct skep_diag *diag);
	bool misses_uncounted, misses_in_links;
	bool exclusive; /* a place has room for one program of an attach type */
} kinds[] = {
	[SKEP_ATTACH_RAW_TP] = { skep_attach_raw_tp },
	[SKEP_ATTACH_TRACING] = { skep_attach_tracing },
	[SKEP_ATTACH_TP] = { skep_attach_tp, .misses_in_links = true },
	[SKEP_ATTACH_KPROBE] = { skep_attach_probe, .misses_in_links = true },
	[SKEP_ATTACH_KRETPROBE] = { skep_attach_probe, .misses_in_links = true },
	[SKEP_ATTACH_UPROBE] = { skep_attach_probe, .misses_in_links = true },
	[SKEP_ATTACH_URETPROBE] = { skep_attach_probe, .misses_in_links = true },
	[SKEP_ATTACH_ITER] = { skep_attach_iter },
	[SKEP_ATTACH_XDP] = { skep_attach_xdp, .exclusive = true },
	[SKEP_ATTACH_TC_INGRESS] = { skep_attach_tc },
	[SKEP_ATTACH_TC_EGRESS] = { skep_attach_tc },
	[SKEP_ATTACH_TC_ACTION] = { skep_attach_tc },
	[SKEP_ATTACH_NETKIT] = { skep_attach_netkit },
	[SKEP_ATTACH_CGROUP] = { skep_attach_cgroup },
	[SKEP_ATTACH_NETNS] = { skep_attach_netns },
	[SKEP_ATTACH_NETFILTER] = { skep_attach_netfilter, .exclusive = true },
	[SKEP_ATTACH_SOCKET] = { skep_attach_socket },
	[SKEP_ATTACH_REUSEPORT] = { skep_attach_reuseport, .exclusive = true },
	[SKEP_ATTACH_SOCKMAP] = { skep_attach_sockmap, .exclusive = true },
	[SKEP_ATTACH_PROG_MAP] = { skep_attach_prog_map, .exclusive = true },
	[SKEP_ATTACH_LIRC] = { skep_attach_lirc },
	[SKEP_ATTACH_LWT] = { skep_attach_route, .exclusive = true },
	[SKEP_ATTACH_REPLACE] = { skep_attach_replace },
	[SKEP_ATTACH_ONCE] = { skep_attach_once },
	[SKEP_ATTACH_USDT] = { skep_attach_usdt, .misses_in_links = true },
	[SKEP_ATTACH_OPS] = { skep_attach_ops },
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

int skep_kernel_add_undo(struct skep_loaded *loaded, size_t prog, void (*undo)(void *data),
			 void *data)
{
	struct klink link = { .fd = -1, .prog = prog, .undo = undo, .data = data };

	if (skep_vec_push(&loaded->links, link))
		return 0;
	undo(data);
	return -ENOMEM;
}

static bool same_target(const struct skep_spec_attach *a, const struct skep_spec_attach *b)
{
	for (size_t i = 0; i < a->n_targets; i++)
		for (size_t k = 0; k < b->n_targets; k++)
			if (skep_streq(a->targets[i].name, b->targets[k].name))
				return true;
	return false;
}

/* Some kernels let the second of two programs push the first away, so what a spec wants twice is not even tried. */
static int refuse_second(const struct skep_loaded *loaded, size_t index, struct skep_diag *diag)
{
	const struct skep_spec *spec = loaded->spec;
	const struct skep_spec_attach *a = &spec->attaches[index];

	for (size_t i = 0; i < index && kinds[a->kind].exclusive; i++) {
		const struct skep_spec_attach *b = &spec->attaches[i];

		if (b->kind != a->kind || loaded->progs[b->prog].fd < 0 ||
		    spec->progs[b->prog].attach_type != spec->progs[a->prog].attach_type ||
		    !same_target(a, b))
			continue;
		skep_diag_error(
			diag, a->loc,
			"programs '%s' and '%s' are for the same place%s%s, which has room for one",
			spec->progs[b->prog].name, spec->progs[a->prog].name,
			a->targets[0].name ? ", " : "",
			a->targets[0].name ? a->targets[0].name : "");
		skep_diag_hint(diag, "load one of them only (--prog NAME)");
		return -EBUSY;
	}
	return 0;
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

/* Links that fire at entry and return. */
static int twice(int r, struct skep_diag *diag)
{
	if (r == -EINVAL)
		skep_diag_hint(diag,
			       "sessions of kprobes came with Linux 6.10, of uprobes with 6.13");
	return r < 0 ? r : r * 2;
}

static int attach_record(struct skep_loaded *loaded, const struct skep_spec_attach *a,
			 struct skep_diag *diag)
{
	switch (loaded->progs[a->prog].attach_type) {
	case SKEP_BPF_ATTACH_KPROBE_SESSION: /* two probes each: entry and return */
		return twice(skep_attach_kprobe_multi(loaded, a, diag), diag);
	case SKEP_BPF_ATTACH_UPROBE_SESSION:
		return twice(skep_attach_uprobe_multi(loaded, a, diag), diag);
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
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = NULL;
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
	r = refuse_second(loaded, index, diag);
	if (r < 0)
		return r;
	arena = skep_arena_new();
	r = skep_attach_find_symbols(a, arena, diag, &found);
	if (r == 0)
		r = attach_record(loaded, &found, diag);
	if (r == 0 && found.targets != a->targets) {
		skep_diag_error(diag, a->loc,
				"cannot attach %s: none of the %zu that match it can be",
				a->probe ? a->probe : "the probe", found.n_targets);
		r = -EOPNOTSUPP;
	}
	if (r < 0) {
		skep_kernel_drop_links(loaded, before);
		return r;
	}
	loaded->progs[a->prog].misses_uncounted |= kinds[a->kind].misses_uncounted;
	loaded->progs[a->prog].misses_in_links |= kinds[a->kind].misses_in_links;
	return r;
}
