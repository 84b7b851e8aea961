/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References: what an instruction means by the symbol beside it. A call means a function, a 64-bit load the address of
 * a map, of data, of a function, or something that only the kernel has.
 */
#include <errno.h>

#include "isa/mapkind.h"
#include "obj/object_priv.h"

#define REL_64 1
#define REL_32 10 /* of calls */

/* One reference of code. */
struct ref {
	struct reader *r;
	struct obj_file *f;
	const struct obj_section *s;
	struct skep_spec_prog *prog;
	struct skep_insn *insn;
	uint32_t index; /* of the instruction in the function */
	const struct obj_sym *sym;
	bool is_call;
};

static int bad_ref(const struct ref *ref, const char *what)
{
	obj_refuse(ref->r, ref->f, "'%s', instruction %u: '%s' %s", ref->prog->name, ref->index,
		   ref->sym ? ref->sym->name : "", what);
	skep_diag_at_insn(ref->r->diag, (int)ref->index);
	return -EINVAL;
}

static int add(const struct ref *ref, struct skep_reloc reloc)
{
	reloc.insn = ref->index;
	skep_vec_add(&ref->r->relocs[ref->prog - ref->r->progs.data], reloc);
	return 0;
}

static int refer_func(const struct ref *ref, const struct obj_file *f, uint32_t section,
		      uint64_t offset)
{
	const struct obj_func *func = obj_func_at(f, section, offset);

	if (!func)
		return bad_ref(ref, "is no function where the reference leads");
	if (ref->r->progs.data[func->prog].type)
		return bad_ref(ref,
			       "is a program, which no other can call; only what is in .text can");
	return add(ref, (struct skep_reloc){ .kind = SKEP_RELOC_FUNC, .index = func->prog });
}

/* Of a call the constant counts instructions from the next one, of a load bytes. */
static int refer_code(const struct ref *ref, const struct obj_file *f, const struct obj_sym *def)
{
	int64_t offset = def->value;

	if (ref->is_call)
		offset += ((int64_t)ref->insn->imm + 1) * 8;
	else
		offset += ref->insn->imm;
	return refer_func(ref, f, def->section, (uint64_t)offset);
}

static int refer_data(const struct ref *ref, const struct obj_file *f, const struct obj_sym *def)
{
	const struct obj_section *s = &f->sections[def->section];
	uint64_t offset = (uint64_t)def->value + (uint32_t)ref->insn->imm;

	if (offset > s->size)
		return bad_ref(ref, "is referred to beyond the end of its section");
	return add(ref, (struct skep_reloc){ .kind = SKEP_RELOC_MAP_VALUE,
					     .index = s->map,
					     .addend = (uint32_t)offset + s->base });
}

static int refer_map(const struct ref *ref, const struct obj_file *f, const struct obj_sym *def)
{
	const struct obj_map *m =
		obj_map_at(f, def->section, def->value + (uint32_t)ref->insn->imm);

	if (!m || m->offset != def->value + (uint32_t)ref->insn->imm)
		return bad_ref(ref, "is not a map");
	return add(ref, (struct skep_reloc){ .kind = SKEP_RELOC_MAP, .index = m->map });
}

static int refer_defined(const struct ref *ref, const struct obj_file *f, const struct obj_sym *def)
{
	if (def->section >= f->n_sections)
		return bad_ref(ref, "is not in any section");
	switch (f->sections[def->section].role) {
	case ROLE_CODE:
		return refer_code(ref, f, def);
	case ROLE_DATA:
		return ref->is_call ? bad_ref(ref, "is data and called") : refer_data(ref, f, def);
	case ROLE_MAPS:
	case ROLE_LEGACY_MAPS:
		return ref->is_call ? bad_ref(ref, "is a map and called") : refer_map(ref, f, def);
	case ROLE_OPS:
	case ROLE_NONE:
		break;
	}
	if (skep_has_prefix(f->sections[def->section].name, ".addr_space")) {
		bad_ref(ref, "is memory of an arena, which is not supported");
		return -EOPNOTSUPP;
	}
	return bad_ref(ref, "is in a section that programs cannot reach");
}

/* Something that no file defines: of the kernel, as the types say. */
static int refer_extern(const struct ref *ref)
{
	const struct obj_sym *sym = ref->sym;
	struct skep_reloc reloc = { .weak = sym->bind == BIND_WEAK };
	const struct obj_extern *x = skep_hash_get_str(&ref->f->externs, sym->name);

	if (!x) {
		bad_ref(ref, "is defined nowhere");
		skep_diag_hint(
			ref->r->diag,
			"link it with the object that has it; if the kernel has it, declare it "
			"with __ksym");
		return -ENOENT;
	}
	if (x->kind == EXTERN_CONFIG)
		return ref->is_call ? bad_ref(ref, "is a setting and called")
				    : add(ref, (struct skep_reloc){ .kind = SKEP_RELOC_MAP_VALUE,
								    .index = x->map,
								    .addend = x->offset });
	if (ref->is_call && x->kind != EXTERN_FUNC)
		return bad_ref(ref, "is a variable and called");
	reloc.name = x->name;
	reloc.type = x->type;
	/* The compiler does not know that it is no function of ours. */
	if (ref->is_call)
		*ref->insn = skep_insn_call_kfunc(0, 0);
	reloc.kind = ref->is_call		 ? SKEP_RELOC_KFUNC
		     : x->kind == EXTERN_ADDRESS ? SKEP_RELOC_KSYM
						 : SKEP_RELOC_KVAR;
	return add(ref, reloc);
}

/*
 * The assembler of GNU binutils up to 2.40 leaves the symbol's value in the instruction, LLVM's and newer ones do not, and
 * no mark tells them apart: it is so when it fits every relocation of a file by gcc.
 */
static int look_at_addend(_unused_ struct reader *r, struct obj_file *f, uint32_t section,
			  struct obj_rel rel)
{
	const struct obj_func *func = obj_func_in(f, section, rel.offset);
	const struct obj_sym *sym = &f->syms[rel.sym];
	struct skep_insn insn;
	bool whole;

	if (!func || rel.offset % 8 || !sym->value)
		return 0;
	insn = r->progs.data[func->prog].insns[(rel.offset - func->offset) / 8];
	whole = skep_insn_is_call(insn) ? (uint32_t)insn.imm == sym->value - 1
					: (uint32_t)insn.imm >= sym->value;
	if (!whole)
		f->addends = ADDENDS_PLAIN;
	else if (f->addends == ADDENDS_UNKNOWN)
		f->addends = ADDENDS_WHOLE;
	return 0;
}

static int find_addends(struct reader *r, struct obj_file *f)
{
	const struct obj_section *comment = &f->sections[obj_section_named(f, ".comment")];
	int e = 0;

	if (!comment->data || !memmem(comment->data, comment->size, "GCC: ", 5))
		f->addends = ADDENDS_PLAIN;
	for (uint32_t i = 1; i < f->n_sections && f->addends != ADDENDS_PLAIN && e == 0; i++)
		if (f->sections[i].role == ROLE_CODE)
			e = obj_walk_relocs(r, f, i, look_at_addend);
	return e;
}

static int one_reloc(struct reader *r, struct obj_file *f, uint32_t section, struct obj_rel rel)
{
	const struct obj_func *func = obj_func_in(f, section, rel.offset);
	struct ref ref = { .r = r, .f = f, .s = &f->sections[section] };
	const struct obj_file *where;
	const struct obj_sym *def;

	if (!func || rel.offset % 8)
		return obj_refuse(r, f,
				  "a relocation of section '%s' is at no instruction (byte %llu)",
				  ref.s->name, (unsigned long long)rel.offset);
	ref.prog = &r->progs.data[func->prog];
	ref.index = (uint32_t)(rel.offset - func->offset) / 8;
	ref.insn = &ref.prog->insns[ref.index];
	ref.sym = &f->syms[rel.sym];
	ref.is_call = skep_insn_is_call(*ref.insn);
	if (rel.type != REL_64 && rel.type != REL_32)
		return bad_ref(&ref, "has a relocation of an unknown kind");
	if (!ref.is_call && (!skep_insn_is_wide(*ref.insn) || ref.index + 1 >= ref.prog->n_insns))
		return bad_ref(&ref,
			       "stands beside an instruction that is no call and no 64-bit load");
	if (f->addends == ADDENDS_WHOLE)
		ref.insn->imm -= (int32_t)ref.sym->value;
	def = obj_resolve(r, f, ref.sym, &where);
	return def ? refer_defined(&ref, where, def) : refer_extern(&ref);
}

/* Inside of a section the assembler writes distances itself. */
static int near_calls(struct reader *r, struct obj_file *f, const struct obj_func *func)
{
	struct ref ref = { .r = r, .f = f, .prog = &r->progs.data[func->prog] };
	_cleanup_free_ bool *known = calloc(ref.prog->n_insns + 1, sizeof(*known));
	const struct obj_refs *refs = &r->relocs[func->prog];
	int e;

	if (!known)
		skep_oom();
	for (size_t i = 0; i < refs->len; i++)
		known[refs->data[i].insn] = true;
	for (uint32_t i = 0; i < ref.prog->n_insns; i++) {
		struct skep_insn insn = ref.prog->insns[i];
		bool wide = skep_insn_is_wide(insn);

		if (!known[i] && ((skep_insn_is_call(insn) && insn.src == SKEP_CALL_LOCAL) ||
				  (wide && insn.src == SKEP_PSEUDO_FUNC))) {
			ref.index = i;
			ref.insn = &ref.prog->insns[i];
			e = refer_func(&ref, f, func->section,
				       func->offset + (uint64_t)((int64_t)i + insn.imm + 1) * 8);
			if (e < 0)
				return e;
		}
		i += wide;
	}
	return 0;
}

/*
 * First elements of maps.
 */

static int one_slot(struct reader *r, struct obj_file *f, uint32_t section, struct obj_rel rel)
{
	const struct obj_map *m = obj_map_at(f, section, (uint32_t)rel.offset), *inner;
	const struct obj_sym *sym = &f->syms[rel.sym], *def;
	struct obj_slot slot = {};
	const struct obj_func *func;
	const struct obj_file *where;
	uint64_t at;

	if (!m || !m->values_off || rel.offset - m->offset < m->values_off)
		return obj_refuse(r, f, "section .maps has a relocation where no map has elements");
	at = rel.offset - m->offset - m->values_off;
	def = obj_resolve(r, f, sym, &where);
	if (at % 8 || !def || def->section >= where->n_sections)
		return obj_refuse(r, f, "map '%s': its first element '%s' is nothing to put there",
				  r->maps.data[m->map].name, sym->name);
	slot.map = m->map;
	slot.slot.key = (uint32_t)(at / 8);
	func = obj_func_at(where, def->section, def->value);
	inner = obj_map_at(where, def->section, def->value);
	if (r->maps.data[m->map].inner && inner && inner->offset == def->value)
		slot.slot.index = inner->map;
	else if (!r->maps.data[m->map].inner && func && r->progs.data[func->prog].type)
		slot.slot.index = func->prog;
	else
		return obj_refuse(r, f,
				  "map '%s': its first element '%s' is neither map nor program",
				  r->maps.data[m->map].name, sym->name);
	skep_vec_add(&r->slots, slot);
	return 0;
}

static int compare_slots(const void *a, const void *b)
{
	const struct obj_slot *x = a, *y = b;

	if (x->map != y->map)
		return x->map < y->map ? -1 : 1;
	return x->slot.key < y->slot.key ? -1 : x->slot.key > y->slot.key;
}

/* Gives each map the run of slots that is its. */
static void hand_out_slots(struct reader *r)
{
	struct skep_spec_slot *all =
		skep_arena_calloc(r->arena, r->slots.len, sizeof(struct skep_spec_slot));

	if (r->slots.len)
		qsort(r->slots.data, r->slots.len, sizeof(*r->slots.data), compare_slots);
	for (size_t i = 0; i < r->slots.len; i++) {
		struct skep_spec_map *map = &r->maps.data[r->slots.data[i].map];

		all[i] = r->slots.data[i].slot;
		if (!map->n_slots++)
			map->slots = &all[i];
	}
}

static int compare_relocs(const void *a, const void *b)
{
	const struct skep_reloc *x = a, *y = b;

	return x->insn < y->insn ? -1 : x->insn > y->insn;
}

/* Data with addresses in it: programs cannot be given them. */
static void warn_pointers(const struct reader *r, const struct obj_file *f,
			  const struct obj_section *s)
{
	skep_diag_warn(
		r->diag, SKEP_NO_LOC,
		"%s: section '%s' holds addresses, which are left as they are: zero or an offset",
		f->name, s->name);
}

static int read_file_relocs(struct reader *r, struct obj_file *f)
{
	int e = find_addends(r, f);

	for (uint32_t i = 1; i < f->n_sections && e == 0; i++) {
		if (f->sections[i].role == ROLE_CODE)
			e = obj_walk_relocs(r, f, i, one_reloc);
		else if (f->sections[i].role == ROLE_MAPS)
			e = obj_walk_relocs(r, f, i, one_slot);
		else if (f->sections[i].role == ROLE_OPS)
			e = obj_walk_relocs(r, f, i, obj_ops_slot);
		else if (f->sections[i].role == ROLE_DATA && f->sections[i].relocs)
			warn_pointers(r, f, &f->sections[i]);
	}
	for (size_t i = 0; i < f->funcs.len && e == 0; i++)
		e = near_calls(r, f, &f->funcs.data[i]);
	return e;
}

int obj_read_relocs(struct reader *r)
{
	int e = 0;

	r->relocs = calloc(r->progs.len + 1, sizeof(*r->relocs));
	if (!r->relocs)
		skep_oom();
	for (size_t i = 0; i < r->n_files && e == 0; i++)
		e = read_file_relocs(r, &r->files[i]);
	if (e < 0)
		return e;
	for (size_t i = 0; i < r->progs.len; i++) {
		struct skep_spec_prog *p = &r->progs.data[i];
		struct obj_refs *refs = &r->relocs[i];

		if (refs->len)
			qsort(refs->data, refs->len, sizeof(*refs->data), compare_relocs);
		p->n_relocs = refs->len;
		p->relocs = skep_arena_memdup(r->arena, refs->data, refs->len * sizeof(*p->relocs));
	}
	hand_out_slots(r);
	obj_ops_attach(r);
	return 0;
}
