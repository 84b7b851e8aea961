/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions. What lies in .text are subprograms; a function in another code section is a program, and the name of the
 * section says of which kind.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include "obj/object_priv.h"
#include "obj/section.h"

#if defined(__aarch64__)
#define SYSCALL_PREFIX "__arm64_sys_"
#else
#define SYSCALL_PREFIX "__x64_sys_"
#endif

/*
 * Which functions there are.
 */

static int compare_funcs(const void *a, const void *b)
{
	const struct obj_func *x = a, *y = b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	/* Of several names the one that others see. */
	return (int)(x->sym->bind == BIND_LOCAL) - (int)(y->sym->bind == BIND_LOCAL);
}

static int add_func(const struct reader *r, struct obj_file *f, const struct obj_sym *sym)
{
	struct obj_func func = { sym, sym->section, sym->value, sym->size, 0 };

	if (sym->value % 8 || sym->size % 8 || !sym->size)
		return obj_refuse(r, f, "function '%s' is not made of whole instructions",
				  sym->name);
	skep_vec_add(&f->funcs, func);
	return 0;
}

/* Assembler without function symbols: a section is a function. */
static int add_whole_sections(const struct reader *r, struct obj_file *f)
{
	for (uint32_t i = 1; i < f->n_sections; i++) {
		const struct obj_section *s = &f->sections[i];
		struct obj_func func = { NULL, i, 0, s->size, 0 };

		if (s->role != ROLE_CODE)
			continue;
		if (s->size % 8)
			return obj_refuse(r, f, "section '%s' is not made of whole instructions",
					  s->name);
		skep_vec_add(&f->funcs, func);
	}
	return 0;
}

static int find_funcs(const struct reader *r, struct obj_file *f)
{
	size_t n = 0;
	int e;

	for (uint32_t i = 0; i < f->n_syms; i++) {
		const struct obj_sym *sym = &f->syms[i];

		if (sym->type != SYM_FUNC || sym->section == SHN_UNDEFINED ||
		    sym->section >= f->n_sections || f->sections[sym->section].role != ROLE_CODE)
			continue;
		e = add_func(r, f, sym);
		if (e < 0)
			return e;
	}
	if (!f->funcs.len)
		return add_whole_sections(r, f);
	qsort(f->funcs.data, f->funcs.len, sizeof(*f->funcs.data), compare_funcs);
	for (size_t i = 0; i < f->funcs.len; i++) {
		struct obj_func *func = &f->funcs.data[i], *last = &f->funcs.data[n ? n - 1 : 0];

		if (n && last->section == func->section && last->offset == func->offset)
			continue;
		if (n && last->section == func->section && func->offset - last->offset < last->size)
			return obj_refuse(r, f, "functions '%s' and '%s' overlap", last->sym->name,
					  func->sym->name);
		f->funcs.data[n++] = *func;
	}
	f->funcs.len = n;
	return 0;
}

const struct obj_func *obj_func_in(const struct obj_file *f, uint32_t section, uint64_t offset)
{
	size_t low = 0, high = f->funcs.len;
	const struct obj_func *func;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		func = &f->funcs.data[mid];
		if (func->section < section || (func->section == section && func->offset <= offset))
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return NULL;
	func = &f->funcs.data[low - 1];
	return func->section == section && offset - func->offset < func->size ? func : NULL;
}

const struct obj_func *obj_func_at(const struct obj_file *f, uint32_t section, uint64_t offset)
{
	const struct obj_func *func = obj_func_in(f, section, offset);

	return func && func->offset == offset ? func : NULL;
}

/*
 * What the section's name says.
 */

/* Names from before libbpf 1.0, when anything could follow: "xdp_prog", "socket1". */
static const struct skep_section_row *find_loosely(const char *name)
{
	const struct skep_section_row *best = NULL, *row;

	for (size_t i = 0; (row = skep_section_row(i)); i++) {
		size_t len = strlen(row->name);

		if (!strncmp(name, row->name, len) && !isalpha((unsigned char)name[len]) &&
		    (!best || len > strlen(best->name)))
			best = row;
	}
	return best;
}

static int unknown_section(const struct reader *r, const struct obj_file *f, const char *name)
{
	const char *near = skep_section_nearest(name);

	obj_refuse(r, f, "section '%s' does not say which kind of program it holds", name);
	if (near)
		skep_diag_hint(r->diag, "did you mean SEC(\"%s\")?", near);
	else
		skep_diag_hint(r->diag, "examples: SEC(\"xdp\"), SEC(\"kprobe/vfs_read\")");
	return -EINVAL;
}

/* "vfs_read+0x10": the name without its offset. */
static int split_offset(struct reader *r, const struct obj_file *f, const char *target,
			const char **ret_name, uint64_t *ret_offset)
{
	const char *plus = strchr(target, '+');
	char *end;

	*ret_name = target;
	*ret_offset = 0;
	if (!plus)
		return 0;
	errno = 0;
	*ret_offset = strtoull(plus + 1, &end, 0);
	if (errno || *end || !isdigit((unsigned char)plus[1]))
		return obj_refuse(r, f, "the offset of '%s' is not a number", target);
	*ret_name = skep_arena_strndup(r->arena, target, (size_t)(plus - target));
	return 0;
}

/* Some name only the function, and the program that they belong to attaches them. */
static bool names_binary(const char *text)
{
	const char *colon = strrchr(text, ':');

	return colon && colon != text && colon[1];
}

/* "/usr/bin/bash:readline+4"; the file's own offset is found by whoever has that binary. */
static int uprobe_target(struct reader *r, const struct obj_file *f, const char *text,
			 struct skep_attach_target *target)
{
	const char *colon = strrchr(text, ':'), *symbol;
	int e;

	e = split_offset(r, f, colon + 1, &symbol, &target->offset);
	if (e < 0)
		return e;
	target->name = skep_arena_strndup(r->arena, text, (size_t)(colon - text));
	target->symbol = symbol;
	target->by_symbol = true;
	return 0;
}

static int add_attach(struct reader *r, const struct obj_file *f, const struct obj_section *s,
		      const struct skep_section_row *row, const char *text)
{
	struct skep_attach_target target = { .name = text };
	struct skep_spec_attach attach = {
		.kind = row->attach,
		.prog = (uint32_t)r->progs.len,
		.n_targets = 1,
		.probe = s->name,
	};
	bool is_uprobe = row->attach == SKEP_ATTACH_UPROBE || row->attach == SKEP_ATTACH_URETPROBE;
	int e = 0;

	if (row->attach == SKEP_ATTACH_USER || !text || (is_uprobe && !names_binary(text)))
		return 0;
	if (is_uprobe)
		e = uprobe_target(r, f, text, &target);
	else if (row->attach == SKEP_ATTACH_KPROBE || row->attach == SKEP_ATTACH_KRETPROBE)
		e = split_offset(r, f, text, &target.name, &target.offset);
	if (e < 0)
		return e;
	if (skep_has_prefix(row->name, "ksyscall") || skep_has_prefix(row->name, "kretsyscall"))
		target.name = skep_arena_printf(r->arena, SYSCALL_PREFIX "%s", target.name);
	attach.targets = skep_arena_memdup(r->arena, &target, sizeof(target));
	skep_vec_add(&r->attaches, attach);
	return 0;
}

/* SEC("?…"): the author wants it loaded only by who asks for it. */
static int describe(struct reader *r, const struct obj_file *f, const struct obj_section *s,
		    struct skep_spec_prog *prog)
{
	const char *name = s->name, *target = NULL;
	const struct skep_section_row *row;
	unsigned kind;

	if (*name == '?') {
		prog->is_off = true;
		name++;
	}
	row = skep_section_find(name, &target);
	if (!row) {
		row = find_loosely(name);
		if (!row)
			return unknown_section(r, f, name);
		skep_diag_warn(r->diag, SKEP_NO_LOC, "%s: section '%s' is taken for '%s'", f->name,
			       name, row->name);
	}
	prog->section = s->name;
	prog->type = row->prog;
	prog->attach_type = row->attach_type;
	prog->sleepable = row->traits & SKEP_SECTION_SLEEPABLE;
	prog->frags = row->traits & SKEP_SECTION_FRAGS;
	if (row->traits & SKEP_SECTION_NO_LOAD)
		prog->unsupported = row->unsupported;
	if (target && (row->traits & SKEP_SECTION_TYPED || row->prog == SKEP_PROG_EXT))
		prog->attach_btf_name = skep_arena_printf(
			r->arena, "%s%s", skep_section_btf_prefix(row->attach_type, &kind), target);
	return add_attach(r, f, s, row, target);
}

static int add_prog(struct reader *r, struct obj_file *f, struct obj_func *func)
{
	const struct obj_section *s = &f->sections[func->section];
	struct skep_spec_prog prog = {
		.name = func->sym && *func->sym->name ? func->sym->name : s->name,
		.n_insns = func->size / 8,
		.insns = skep_arena_memdup(r->arena, s->data + func->offset, func->size),
	};
	int e = 0;

	if (!strcmp(s->name, ".text"))
		prog.is_global = func->sym && func->sym->bind != BIND_LOCAL && !func->sym->hidden;
	else
		e = describe(r, f, s, &prog);
	if (e < 0)
		return e;
	func->prog = (uint32_t)r->progs.len;
	skep_vec_add(&r->progs, prog);
	return 0;
}

int obj_read_progs(struct reader *r)
{
	for (size_t i = 0; i < r->n_files; i++) {
		struct obj_file *f = &r->files[i];
		int e = find_funcs(r, f);

		for (size_t k = 0; k < f->funcs.len && e == 0; k++)
			e = add_prog(r, f, &f->funcs.data[k]);
		if (e == 0)
			e = obj_read_ext(r, f);
		if (e < 0)
			return e;
	}
	return 0;
}
