/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions. What lies in .text are subprograms; a function in another code section is a program, and the name of the
 * section says of which kind.
 */
#include <errno.h>

#include "obj/aim.h"
#include "obj/object_priv.h"

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

static int add_attach(struct reader *r, const struct skep_section_row *row,
		      struct skep_spec_prog *prog, const char *text)
{
	struct skep_spec_attach attach;
	bool any;
	int e = skep_aim_section(row, prog, (uint32_t)r->progs.len, text, r->arena, r->diag, &any,
				 &attach);

	if (e == 0 && any)
		skep_vec_add(&r->attaches, attach);
	return e;
}

/* SEC("?…"): the author wants it loaded only by who asks for it. */
static int describe(struct reader *r, const struct obj_file *f, const struct obj_section *s,
		    struct skep_spec_prog *prog)
{
	const struct skep_section_row *row;
	const char *target = NULL;
	bool loosely;
	unsigned kind;

	prog->is_off = *s->name == '?';
	row = skep_section_of(s->name, &target, &loosely);
	if (!row)
		return unknown_section(r, f, s->name + prog->is_off);
	if (loosely)
		skep_diag_warn(r->diag, SKEP_NO_LOC, "%s: section '%s' is taken for '%s'", f->name,
			       s->name + prog->is_off, row->name);
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
	return add_attach(r, row, prog, target);
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
