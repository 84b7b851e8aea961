/* SPDX-License-Identifier: Apache-2.0 */
/* Maps, then BTF, then programs. What fails is explained, everything made so far is closed. */
#include <errno.h>
#include <string.h>

#include "isa/progkind.h"
#include "sys/explain.h"
#include "sys/feature.h"
#include "sys/kernel.h"
#include "sys/load_priv.h"
#include "sys/ops.h"

static void close_loadedp(struct skep_loaded **loaded)
{
	skep_kernel_engine()->close(*loaded);
}

static void load_fini(struct load *l)
{
	for (size_t i = 0; i < l->n_pending; i++) {
		if (l->pending[i].was_tried && l->pending[i].result >= 0)
			close(l->pending[i].result);
		if (l->pending[i].owner >= 0)
			close(l->pending[i].owner);
	}
	for (size_t i = 0; i < l->n_modules; i++)
		close(l->modules[i].fd);
	skep_btf_free(l->local);
	skep_arena_free(l->arena);
}

static int link_all(struct load *l)
{
	struct skep_loaded *loaded = l->loaded;
	int r;

	l->arena = skep_arena_new();
	r = skep_spec_link_all(loaded->spec, l->arena, l->diag, &l->progs);
	if (r < 0)
		return r;
	/*
	 * Debug information is a comfort: without it everything runs, only less readable from
	 * outside.
	 */
	r = skep_spec_btf(loaded->spec, l->progs, l->arena, &l->btf);
	if (r == 0)
		r = skep_bpf_btf_load(l->btf.data, l->btf.size, NULL, 0);
	if (r < 0) {
		skep_diag_add(l->diag, SKEP_DIAG_NOTE, SKEP_NO_LOC,
			      "loading without source lines, the kernel does not take them: %s",
			      skep_explain_errno(r));
		l->btf.has_types = false;
		return 0;
	}
	loaded->btf_fd = r;
	return 0;
}

/* Does the refusal concern the debug information and not the program? */
static bool about_lines(const char *log)
{
	return log && (strstr(log, "line_info") || strstr(log, "func_info"));
}

/*
 * Without a log first: a log costs more than the check itself, and one that does not fit its buffer
 * fails a program that is fine. The second try is only for the reason, but when it works (the first
 * was out of luck) it counts. @first: what the first try gave.
 */
static int explain_load(struct load *l, const struct skep_spec_prog *p,
			struct skep_bpf_prog_load *attr, int first)
{
	_cleanup_free_ char *log = NULL;
	bool want_log = l->want_log;
	int fd;

	if (first >= 0 && !want_log)
		return first;
	if (first >= 0)
		close(first);
	fd = skep_bpf_prog_load(
		attr, want_log ? SKEP_BPF_LOG_ALL | SKEP_BPF_LOG_STATS : SKEP_BPF_LOG_PATH, &log);
	if (fd == -ENOSPC && first < 0)
		fd = first; /* only the log did not fit */
	if (fd == -EINVAL && attr->func_info_cnt && about_lines(log)) {
		attr->func_info_cnt = attr->line_info_cnt = 0;
		return explain_load(l, p, attr, skep_bpf_prog_load(attr, 0, NULL));
	}
	/* With a log wanted and too long for any buffer: rather the program than the log. */
	if (fd == -ENOSPC && first >= 0)
		fd = skep_bpf_prog_load(attr, 0, NULL);
	l->has_spoken = fd < 0 && log && log[0];
	if (fd < 0)
		skep_explain_prog(p, log, fd, l->diag);
	else if (log)
		skep_diag_set_log(l->diag, log);
	return fd;
}

static void attach_btf(const struct skep_loaded *loaded, const struct skep_prog_btf *info,
		       struct skep_bpf_prog_load *attr)
{
	if (loaded->btf_fd < 0)
		return;
	attr->prog_btf_fd = (uint32_t)loaded->btf_fd;
	attr->func_info = skep_bpf_ptr(info->funcs);
	attr->func_info_cnt = (uint32_t)info->n_funcs;
	attr->func_info_rec_size = sizeof(*info->funcs);
	attr->line_info = skep_bpf_ptr(info->lines);
	attr->line_info_cnt = (uint32_t)info->n_lines;
	attr->line_info_rec_size = sizeof(*info->lines);
}

/*
 * A program that serves many targets in one link is verified for that. Where the kernel has no such
 * links, it is verified for single ones instead, and attach goes target by target.
 */
static uint32_t attach_type_here(uint32_t wanted)
{
	if (wanted == SKEP_BPF_ATTACH_UPROBE_MULTI && !skep_feature_has(SKEP_FEATURE_UPROBE_MULTI))
		return 0;
	if (wanted == SKEP_BPF_ATTACH_KPROBE_MULTI && !skep_feature_has(SKEP_FEATURE_KPROBE_MULTI))
		return 0;
	return wanted;
}

/* What the function that a program is verified against belongs to, when not to the kernel itself: a descriptor, or -1. */
static int open_owner(const struct load *l, const struct skep_spec_prog *p, int *ret_fd)
{
	int fd = -1;

	if (p->attach_module) {
		fd = skep_bpf_btf_fd_by_name(p->attach_module);
		if (fd < 0)
			skep_diag_error(l->diag, p->loc, "cannot read the types of module '%s': %s",
					p->attach_module, skep_explain_errno(fd));
	} else if (p->attach_prog_id) {
		fd = skep_bpf_fd_by_id(SKEP_BPF_PROG_FD_BY_ID, p->attach_prog_id);
		if (fd < 0)
			skep_diag_error(l->diag, p->loc, "program %u is not there: %s",
					p->attach_prog_id, skep_explain_errno(fd));
	} else {
		*ret_fd = -1;
		return 0;
	}
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

static int refuse_unsupported(const struct load *l, const struct skep_spec_prog *p)
{
	skep_diag_error(l->diag, p->loc, "program '%s' (%s) cannot be loaded, not supported: %s",
			p->name, p->section ? p->section : "", p->unsupported);
	return -EOPNOTSUPP;
}

/* Everything that the kernel is told about a program. */
static int prepare_prog(struct load *l, size_t index)
{
	struct skep_loaded *loaded = l->loaded;
	struct skep_spec_prog *p = &l->progs[index].prog;
	struct load_pending *pending = &l->pending[index];
	struct skep_bpf_prog_load *attr = &pending->attr;
	bool is_op =
		p->type == SKEP_PROG_STRUCT_OPS; /* whose attach type is the number of a member */
	int r;

	*attr = (struct skep_bpf_prog_load){
		.prog_type = p->type,
		.insn_cnt = (uint32_t)p->n_insns,
		.insns = skep_bpf_ptr(p->insns),
		.license = skep_bpf_ptr(loaded->spec->license ? loaded->spec->license : ""),
		.kern_version = loaded->spec->kernel_version,
		.prog_flags = (p->sleepable ? SKEP_BPF_F_SLEEPABLE : 0) |
			      (p->frags ? SKEP_BPF_F_XDP_HAS_FRAGS : 0),
	};
	if (p->unsupported)
		return refuse_unsupported(l, p);
	r = skep_load_relocs(l, p);
	if (r == 0 && is_op)
		r = skep_ops_aim(l, index, p);
	attr->expected_attach_type = is_op ? p->attach_type : attach_type_here(p->attach_type);
	if (r == 0)
		r = skep_load_attach_btf(l, p);
	if (r == 0)
		r = open_owner(l, p, &pending->owner);
	if (r == 0)
		r = skep_load_replaced(l, index, p, &pending->owner);
	if (r < 0)
		return r;
	attr->attach_btf_id = p->attach_btf_id;
	if (pending->owner >= 0)
		attr->attach_btf_obj_fd =
			(uint32_t)pending->owner; /* the same word: attach_prog_fd */
	/* Kernels before 5.14 refuse programs that come with an array at all. */
	if (l->n_modules)
		attr->fd_array = skep_bpf_ptr(l->module_fds);
	for (size_t i = 0; i < l->n_modules; i++)
		l->module_fds[i + 1] = l->modules[i].fd;
	if (l->btf.progs)
		attach_btf(loaded, &l->btf.progs[index], attr);
	skep_bpf_name(p->name, attr->prog_name);
	pending->is_ready = true;
	return 0;
}

static int load_prog(struct load *l, size_t index)
{
	struct skep_loaded *loaded = l->loaded;
	struct skep_spec_prog *p = &l->progs[index].prog;
	struct load_pending *pending = &l->pending[index];
	int r;

	r = pending->was_tried ? pending->result : skep_bpf_prog_load(&pending->attr, 0, NULL);
	pending->was_tried = false;
	r = explain_load(l, p, &pending->attr, r);
	if (r < 0)
		skep_explain_object(p, l->local, l->diag);
	if (r < 0 && l->has_spoken && l->refused)
		*l->refused = index;
	if (r < 0)
		return r;
	loaded->progs[index].fd = r;
	loaded->progs[index].attach_type =
		p->type == SKEP_PROG_STRUCT_OPS ? 0 : pending->attr.expected_attach_type;
	return 0;
}

/* Whether the script does without whatever this program would be attached to. */
static bool is_optional(const struct skep_spec *spec, size_t prog)
{
	bool attached = false;

	for (size_t i = 0; i < spec->n_attaches; i++) {
		const struct skep_spec_attach *a = &spec->attaches[i];

		if (a->prog != prog)
			continue;
		attached = true;
		if (!skep_attach_is_optional(a))
			return false;
	}
	return attached;
}

/*
 * A pattern may match functions that the kernel does not let be traced, which it only says here:
 * those are left out and told.
 */
static int do_or_leave(struct load *l, size_t index, int (*step)(struct load *l, size_t index))
{
	const struct skep_spec_prog *p = &l->loaded->spec->progs[index];
	_cleanup_(skep_diag_fini)
	struct skep_diag said = {};
	struct skep_diag *diag = l->diag;
	int r;

	if (!is_optional(l->loaded->spec, index))
		return step(l, index);
	l->diag = &said;
	r = step(l, index);
	l->diag = diag;
	if (said.log)
		skep_diag_set_log(diag, said.log);
	if (r >= 0 || r == -ENOMEM || r == -EPERM) {
		if (r < 0)
			skep_explain_prog(p, NULL, r, diag);
		return r;
	}
	skep_diag_warn(diag, p->loc, "%s is left out: %s", p->name,
		       said.n_items ? said.items[0].what : skep_explain_errno(r));
	return 0;
}

static int load_all(struct load *l)
{
	const struct skep_spec *spec = l->loaded->spec;
	int r = link_all(l);

	if (r == 0)
		r = skep_load_maps(l);
	if (r < 0)
		return r;
	l->pending = skep_arena_calloc(l->arena, spec->n_progs, sizeof(*l->pending));
	l->n_pending = spec->n_progs;
	for (size_t i = 0; i < spec->n_progs; i++)
		l->pending[i].owner = -1;
	for (size_t i = 0; i < spec->n_progs && r == 0; i++)
		if (spec->progs[i].type && !spec->progs[i].is_off)
			r = do_or_leave(l, i, prepare_prog);
	if (r == 0)
		skep_load_ahead(l);
	for (size_t i = 0; i < spec->n_progs && r == 0; i++)
		if (l->pending[i].is_ready)
			r = do_or_leave(l, i, load_prog);
	return r < 0 ? r : skep_load_slots(l);
}

int skep_kernel_load(const struct skep_engine *engine, const struct skep_spec *spec,
		     const struct skep_load_options *options, struct skep_diag *diag,
		     struct skep_loaded **ret_loaded)
{
	_cleanup_(close_loadedp)
	struct skep_loaded *loaded = calloc(1, sizeof(*loaded));
	_cleanup_(load_fini)
	struct load l = { .diag = diag,
			  .want_log = options && options->verifier_log,
			  .map_fds = options ? options->map_fds : NULL,
			  .refused = options ? options->refused : NULL };
	int r;

	if (!loaded)
		return -ENOMEM;
	loaded->spec = spec;
	loaded->btf_fd = loaded->epoll_fd = -1;
	loaded->progs = calloc(MAX(spec->n_progs, (size_t)1), sizeof(*loaded->progs));
	loaded->maps = calloc(MAX(spec->n_maps, (size_t)1), sizeof(*loaded->maps));
	for (size_t i = 0; loaded->progs && i < spec->n_progs; i++)
		loaded->progs[i].fd = loaded->progs[i].iter_fd = -1;
	for (size_t i = 0; loaded->maps && i < spec->n_maps; i++)
		loaded->maps[i].fd = -1;
	if (!loaded->progs || !loaded->maps)
		return -ENOMEM;
	l.loaded = loaded;
	r = load_all(&l);
	if (r < 0)
		return r;
	*ret_loaded = TAKE_PTR(loaded);
	return 0;
}
