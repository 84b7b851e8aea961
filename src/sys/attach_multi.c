/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many targets in one link. The kernel takes all of a link or none, so when it refuses, optional
 * targets are tried one by one, and those that work get links of their own.
 */
#include <errno.h>

#include "base/str.h"
#include "sys/explain.h"
#include "sys/kernel_priv.h"

/* The targets of one link, as the kernel wants them. */
struct batch {
	size_t n;
	const char **names;
	uint64_t *offsets, *cookies, *semaphores;
	bool has_semaphores;
	size_t *index; /* which target of the record each is */
};

static void batch_fini(struct batch *b)
{
	free(b->names);
	free(b->offsets);
	free(b->cookies);
	free(b->semaphores);
	free(b->index);
}

static int batch_init(struct batch *b, size_t cap)
{
	b->names = calloc(cap, sizeof(*b->names));
	b->offsets = calloc(cap, sizeof(*b->offsets));
	b->cookies = calloc(cap, sizeof(*b->cookies));
	b->semaphores = calloc(cap, sizeof(*b->semaphores));
	b->index = calloc(cap, sizeof(*b->index));
	return b->names && b->offsets && b->cookies && b->semaphores && b->index ? 0 : -ENOMEM;
}

static void batch_add(struct batch *b, const struct skep_spec_attach *a, size_t index)
{
	b->names[b->n] = a->targets[index].name;
	b->offsets[b->n] = a->targets[index].offset;
	b->cookies[b->n] = a->targets[index].cookie;
	b->semaphores[b->n] = a->targets[index].semaphore;
	b->has_semaphores |= b->semaphores[b->n] != 0;
	b->index[b->n] = index;
	b->n++;
}

typedef int (*link_fn)(struct skep_loaded *loaded, const struct skep_spec_attach *a,
		       const struct batch *b, size_t from, size_t n);

static int link_kprobes(struct skep_loaded *loaded, const struct skep_spec_attach *a,
			const struct batch *b, size_t from, size_t n)
{
	struct skep_bpf_link_create attr = {
		.prog_fd = (uint32_t)loaded->progs[a->prog].fd,
		.attach_type = loaded->progs[a->prog].attach_type, /* or a session */
	};

	attr.kprobe_multi.flags = a->kind == SKEP_ATTACH_KRETPROBE ? SKEP_BPF_F_MULTI_RETURN : 0;
	attr.kprobe_multi.cnt = (uint32_t)n;
	attr.kprobe_multi.syms = skep_bpf_ptr(b->names + from);
	attr.kprobe_multi.cookies = skep_bpf_ptr(b->cookies + from);
	return skep_bpf_link_create(&attr);
}

/* All of one link are in the same binary. */
static int link_uprobes(struct skep_loaded *loaded, const struct skep_spec_attach *a,
			const struct batch *b, size_t from, size_t n)
{
	struct skep_bpf_link_create attr = {
		.prog_fd = (uint32_t)loaded->progs[a->prog].fd,
		.attach_type = loaded->progs[a->prog].attach_type, /* or a session */
	};

	attr.uprobe_multi.path = skep_bpf_ptr(b->names[from]);
	attr.uprobe_multi.offsets = skep_bpf_ptr(b->offsets + from);
	attr.uprobe_multi.cookies = skep_bpf_ptr(b->cookies + from);
	if (b->has_semaphores)
		attr.uprobe_multi.ref_ctr_offsets = skep_bpf_ptr(b->semaphores + from);
	attr.uprobe_multi.cnt = (uint32_t)n;
	attr.uprobe_multi.flags = a->kind == SKEP_ATTACH_URETPROBE ? SKEP_BPF_F_MULTI_RETURN : 0;
	attr.uprobe_multi.pid = a->pid > 0 ? (uint32_t)a->pid : 0;
	return skep_bpf_link_create(&attr);
}

static const char *shown(const struct skep_attach_target *t)
{
	return t->symbol ? t->symbol : t->name;
}

/*
 * One link for each target: finds out which of them the kernel does not like. Returns how many it
 * did like.
 */
static int attach_singly(struct skep_loaded *loaded, const struct skep_spec_attach *a,
			 const struct batch *b, link_fn link, struct skep_diag *diag)
{
	int attached = 0, r;

	for (size_t i = 0; i < b->n; i++) {
		const struct skep_attach_target *t = &a->targets[b->index[i]];

		r = link(loaded, a, b, i, 1);
		if (r >= 0) {
			r = skep_kernel_add_link(loaded, a->prog, r);
			if (r < 0)
				return r;
			attached++;
			continue;
		}
		skep_explain_attach(t->optional ? SKEP_DIAG_WARNING : SKEP_DIAG_ERROR, a, shown(t),
				    r, diag);
		if (!t->optional)
			return r;
	}
	return attached;
}

static bool any_optional(const struct skep_spec_attach *a, const struct batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (a->targets[b->index[i]].optional)
			return true;
	return false;
}

static int attach_batch(struct skep_loaded *loaded, const struct skep_spec_attach *a,
			const struct batch *b, link_fn link, struct skep_diag *diag)
{
	const struct skep_attach_target *t;
	bool optional;
	int r;

	r = link(loaded, a, b, 0, b->n);
	if (r >= 0) {
		r = skep_kernel_add_link(loaded, a->prog, r);
		return r < 0 ? r : (int)b->n;
	}
	if (b->n > 1 && r != -EPERM && (any_optional(a, b) || r == -ENOENT || r == -EINVAL))
		return attach_singly(loaded, a, b, link, diag);
	t = &a->targets[b->index[0]];
	optional = b->n == 1 && t->optional;
	skep_explain_attach(optional ? SKEP_DIAG_WARNING : SKEP_DIAG_ERROR, a, shown(t), r, diag);
	return optional ? 0 : r;
}

int skep_attach_kprobe_multi(struct skep_loaded *loaded, const struct skep_spec_attach *a,
			     struct skep_diag *diag)
{
	_cleanup_(batch_fini)
	struct batch b = {};
	int r;

	r = batch_init(&b, MAX(a->n_targets, (size_t)1));
	if (r < 0)
		return r;
	for (size_t i = 0; i < a->n_targets; i++)
		batch_add(&b, a, i);
	return b.n ? attach_batch(loaded, a, &b, link_kprobes, diag) : 0;
}

int skep_attach_uprobe_multi(struct skep_loaded *loaded, const struct skep_spec_attach *a,
			     struct skep_diag *diag)
{
	_cleanup_free_ bool *done = calloc(MAX(a->n_targets, (size_t)1), sizeof(*done));
	_cleanup_(batch_fini)
	struct batch b = {};
	int attached = 0, r;

	r = batch_init(&b, MAX(a->n_targets, (size_t)1));
	if (r < 0 || !done)
		return -ENOMEM;
	for (size_t i = 0; i < a->n_targets; i++) {
		b.n = 0;
		b.has_semaphores = false;
		for (size_t k = i; k < a->n_targets && !done[i]; k++) {
			if (done[k] || !skep_streq(a->targets[k].name, a->targets[i].name))
				continue;
			batch_add(&b, a, k);
			done[k] = k != i;
		}
		done[i] = true;
		if (!b.n)
			continue;
		r = attach_batch(loaded, a, &b, link_uprobes, diag);
		if (r < 0)
			return r;
		attached += r;
	}
	return attached;
}
