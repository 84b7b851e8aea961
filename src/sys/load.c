/* SPDX-License-Identifier: Apache-2.0 */
/* Maps, then BTF, then programs. What fails is explained, everything made so far is closed. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "isa/mapkind.h"
#include "obj/link.h"
#include "obj/spec_btf.h"
#include "sys/explain.h"
#include "sys/feature.h"
#include "sys/kernel.h"
#include "sys/kernel_priv.h"
#include "sys/vmlinux.h"

static void close_loadedp(struct skep_loaded **loaded)
{
	skep_kernel_engine()->close(*loaded);
}

/* First contents of an array's element 0; the rest of the element stays zero. */
static int write_contents(const struct skep_spec_map *s, int fd)
{
	_cleanup_free_ void *value = NULL;
	uint32_t zero = 0;

	if (!s->data || !s->data_size)
		return 0;
	if (s->data_size > s->value_size)
		return -EINVAL;
	value = calloc(1, s->value_size);
	if (!value)
		return -ENOMEM;
	memcpy(value, s->data, s->data_size);
	return skep_bpf_map_update(fd, &zero, value, 0);
}

/* The kernel learns from a map of that kind what a map of maps will hold; it need not live on. */
static int create_nested(const struct skep_spec_map *s, uint32_t flags)
{
	const struct skep_spec_map *inner = s->inner;
	_cleanup_close_ int fd =
		skep_bpf_map_create(inner->name, inner->type, inner->key_size, inner->value_size,
				    inner->max_entries, inner->flags);

	if (fd < 0)
		return fd;
	return skep_bpf_map_create_nested(s->name, s->type, s->key_size, s->max_entries, flags, fd);
}

static int make_map(const struct skep_spec_map *s, struct kmap *m, struct skep_diag *diag)
{
	uint32_t flags = s->flags;
	int r;

	/*
	 * Only both together, frozen and read-only for programs, make the verifier take a value as
	 * constant.
	 */
	if (s->read_only)
		flags |= SKEP_BPF_F_RDONLY_PROG;
	r = s->inner ? create_nested(s, flags)
		     : skep_bpf_map_create(s->name, s->type, s->key_size, s->value_size,
					   s->max_entries, flags);
	if (r < 0) {
		skep_explain_map(s, r, diag);
		return r;
	}
	m->fd = r;
	r = write_contents(s, m->fd);
	if (r == 0 && s->read_only)
		r = skep_bpf_map_freeze(m->fd);
	if (r < 0)
		skep_diag_error(diag, SKEP_NO_LOC,
				"cannot write the first contents of map '%s': %s", s->name,
				skep_explain_errno(r));
	return r;
}

/* One descriptor that is readable when any ring has records. */
static int watch_ring(struct skep_loaded *loaded, size_t map)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = map };

	if (loaded->epoll_fd < 0) {
		loaded->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
		if (loaded->epoll_fd < 0)
			return -errno;
	}
	if (epoll_ctl(loaded->epoll_fd, EPOLL_CTL_ADD, loaded->maps[map].fd, &event) < 0)
		return -errno;
	return 0;
}

static int make_maps(struct skep_loaded *loaded, struct skep_diag *diag)
{
	const struct skep_spec *spec = loaded->spec;
	int r;

	for (size_t i = 0; i < spec->n_maps; i++) {
		r = make_map(&spec->maps[i], &loaded->maps[i], diag);
		if (r < 0)
			return r;
		if (spec->maps[i].type != SKEP_MAP_RINGBUF)
			continue;
		r = watch_ring(loaded, i);
		if (r < 0) {
			skep_diag_error(diag, SKEP_NO_LOC, "cannot watch ring buffer '%s': %s",
					spec->maps[i].name, skep_explain_errno(r));
			return r;
		}
	}
	return 0;
}

/*
 * What is loaded: every program with its subprograms behind it, and the debug information of all of
 * them. It hangs from an arena that ends with the load.
 */
struct linked {
	struct skep_arena *arena;
	struct skep_linked *progs;
	struct skep_spec_btf btf;
};

static void linked_fini(struct linked *l)
{
	skep_arena_free(l->arena);
}

static int link_all(struct skep_loaded *loaded, struct skep_diag *diag, struct linked *l)
{
	int r;

	l->arena = skep_arena_new();
	r = skep_spec_link_all(loaded->spec, l->arena, diag, &l->progs);
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
		skep_diag_add(diag, SKEP_DIAG_NOTE, SKEP_NO_LOC,
			      "loading without source lines, the kernel does not take them: %s",
			      skep_explain_errno(r));
		return 0;
	}
	loaded->btf_fd = r;
	return 0;
}

static int bad_reloc(const struct skep_spec_prog *p, const struct skep_reloc *reloc,
		     const char *what, struct skep_diag *diag)
{
	skep_diag_error(diag, p->loc, "program '%s', instruction %u: %s", p->name, reloc->insn,
			what);
	return -EINVAL;
}

/* A call of a function of the kernel itself, by its number in the kernel's types. */
static int apply_kfunc(const struct skep_spec_prog *p, const struct skep_reloc *reloc,
		       struct skep_diag *diag)
{
	const struct skep_btf *btf;
	uint32_t id;
	int r;

	r = skep_vmlinux_btf(diag, &btf);
	if (r == 0)
		r = skep_btf_find(btf, reloc->name, SKEP_BTF_FUNC, &id);
	if (r < 0) {
		skep_diag_error(diag, p->loc,
				"program '%s' calls %s, which this kernel does not have", p->name,
				reloc->name);
		return r;
	}
	p->insns[reloc->insn] = skep_insn_call_kfunc((int32_t)id, 0);
	return 0;
}

/* The linker has checked that each is at an instruction of its kind and that the map exists. */
static int apply_reloc(const struct skep_loaded *loaded, const struct skep_spec_prog *p,
		       const struct skep_reloc *reloc, struct skep_diag *diag)
{
	struct skep_insn *insn = &p->insns[reloc->insn];
	const struct skep_spec_map *map;
	struct skep_insn_pair pair;
	int fd;

	if (reloc->kind == SKEP_RELOC_KFUNC)
		return apply_kfunc(p, reloc, diag);
	if (reloc->kind != SKEP_RELOC_MAP && reloc->kind != SKEP_RELOC_MAP_VALUE)
		return bad_reloc(p, reloc, "a call was not linked", diag);
	map = &loaded->spec->maps[reloc->index];
	fd = loaded->maps[reloc->index].fd;
	if (reloc->kind == SKEP_RELOC_MAP) {
		pair = skep_insn_ld_map_fd(insn->dst, fd);
	} else {
		if (map->type != SKEP_MAP_ARRAY || map->max_entries != 1 ||
		    reloc->addend >= map->value_size)
			return bad_reloc(p, reloc,
					 "only an array of one element has an address for programs",
					 diag);
		pair = skep_insn_ld_map_value(insn->dst, fd, reloc->addend);
	}
	memcpy(insn, &pair, sizeof(pair));
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
 * was out of luck) it counts.
 */
static int load_and_explain(const struct skep_spec_prog *p, struct skep_bpf_prog_load *attr,
			    bool want_log, struct skep_diag *diag)
{
	_cleanup_free_ char *log = NULL;
	int first, fd;

	first = skep_bpf_prog_load(attr, 0, NULL);
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
		return load_and_explain(p, attr, want_log, diag);
	}
	/* With a log wanted and too long for any buffer: rather the program than the log. */
	if (fd == -ENOSPC && first >= 0)
		fd = skep_bpf_prog_load(attr, 0, NULL);
	if (fd < 0)
		skep_explain_prog(p, log, fd, diag);
	else if (log)
		skep_diag_set_log(diag, log);
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

static int load_prog(struct skep_loaded *loaded, size_t index, const struct linked *l,
		     bool want_log, struct skep_diag *diag)
{
	const struct skep_spec_prog *p = &l->progs[index].prog;
	struct skep_bpf_prog_load attr = {
		.prog_type = p->type,
		.insn_cnt = (uint32_t)p->n_insns,
		.insns = skep_bpf_ptr(p->insns),
		.license = skep_bpf_ptr(loaded->spec->license ? loaded->spec->license : ""),
		.prog_flags = p->sleepable ? SKEP_BPF_F_SLEEPABLE : 0,
		.attach_btf_id = p->attach_btf_id,
	};
	_cleanup_close_ int module = -1; /* or program: what the function is in */
	int r;

	attr.expected_attach_type = attach_type_here(p->attach_type);
	for (size_t i = 0; i < p->n_relocs; i++) {
		r = apply_reloc(loaded, p, &p->relocs[i], diag);
		if (r < 0)
			return r;
	}
	if (p->attach_module) {
		module = skep_bpf_btf_fd_by_name(p->attach_module);
		if (module < 0) {
			skep_diag_error(diag, p->loc, "cannot read the types of module '%s': %s",
					p->attach_module, skep_explain_errno(module));
			return module;
		}
		attr.attach_btf_obj_fd = (uint32_t)module;
	}
	if (p->attach_prog_id) {
		module = skep_bpf_fd_by_id(SKEP_BPF_PROG_FD_BY_ID, p->attach_prog_id);
		if (module < 0) {
			skep_diag_error(diag, p->loc, "program %u is not there: %s",
					p->attach_prog_id, skep_explain_errno(module));
			return module;
		}
		attr.attach_btf_obj_fd = (uint32_t)module; /* the same word: attach_prog_fd */
	}
	if (l->btf.progs)
		attach_btf(loaded, &l->btf.progs[index], &attr);
	skep_bpf_name(p->name, attr.prog_name);
	r = load_and_explain(p, &attr, want_log, diag);
	if (r < 0)
		return r;
	loaded->progs[index].fd = r;
	loaded->progs[index].attach_type = attr.expected_attach_type;
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
static int load_or_leave(struct skep_loaded *loaded, size_t index, const struct linked *l,
			 bool want_log, struct skep_diag *diag)
{
	const struct skep_spec_prog *p = &loaded->spec->progs[index];
	_cleanup_(skep_diag_fini)
	struct skep_diag said = {};
	int r;

	if (!is_optional(loaded->spec, index))
		return load_prog(loaded, index, l, want_log, diag);
	r = load_prog(loaded, index, l, want_log, &said);
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

static int load_progs(struct skep_loaded *loaded, bool want_log, struct skep_diag *diag)
{
	const struct skep_spec *spec = loaded->spec;
	_cleanup_(linked_fini)
	struct linked l = {};
	int r;

	r = link_all(loaded, diag, &l);
	if (r < 0)
		return r;
	for (size_t i = 0; i < spec->n_progs; i++) {
		if (!spec->progs[i].type)
			continue;
		r = load_or_leave(loaded, i, &l, want_log, diag);
		if (r < 0)
			return r;
	}
	return 0;
}

int skep_kernel_load(const struct skep_engine *engine, const struct skep_spec *spec,
		     const struct skep_load_options *options, struct skep_diag *diag,
		     struct skep_loaded **ret_loaded)
{
	_cleanup_(close_loadedp)
	struct skep_loaded *loaded = calloc(1, sizeof(*loaded));
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
	r = make_maps(loaded, diag);
	if (r < 0)
		return r;
	r = load_progs(loaded, options && options->verifier_log, diag);
	if (r < 0)
		return r;
	*ret_loaded = TAKE_PTR(loaded);
	return 0;
}
