/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All records of a program: where each could lead in the target, what the answers are, whether they agree.
 */
#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "base/vec.h"
#include "obj/core_priv.h"

/* A type of the target with the wanted name. */
struct candidate {
	const struct skep_btf *btf;
	uint32_t id;
};

/*
 * Those of one local type. A record leaves only those that have what it asks for: all records of a type are then about
 * the same ones.
 */
struct candidates {
	uint32_t local_id;
	struct candidate *list;
	size_t n;
};

struct resolver {
	const struct skep_btf *local;
	const struct skep_core_target *target;
	struct skep_diag *diag;
	struct skep_arena *arena;
	struct skep_hash known;	       /* by local type: struct candidates */
	struct core_place here, there; /* too large for a stack */
};

/*
 * Candidates.
 */

struct found {
	SKEP_VEC(struct candidate);
};

/* Types of @btf itself that are called exactly so. */
static int add_named(const struct skep_btf *btf, const char *name, enum skep_btf_kind kind,
		     struct found *found)
{
	uint32_t id, base = skep_btf_first_id(btf);
	int r = skep_btf_find(btf, name, SKEP_BTF_VOID, &id);

	for (; r == 0; r = skep_btf_find_next(btf, id, SKEP_BTF_VOID, &id)) {
		struct candidate one = { btf, id };

		if (id >= base && core_same_kind(skep_btf_kind(btf, id), kind))
			skep_vec_add(found, one);
	}
	return r == -ENOENT ? 0 : r;
}

static int search_kernel(struct resolver *c, const char *name, enum skep_btf_kind kind,
			 struct found *found)
{
	const char *const *flavours;
	size_t n;
	int r = skep_btf_flavours(c->target->kernel, &flavours, &n);

	if (r == 0)
		r = add_named(c->target->kernel, name, kind, found);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (core_same_name(flavours[i], name))
			r = add_named(c->target->kernel, flavours[i], kind, found);
	return r;
}

/* A module has what the kernel itself has not. */
static int search_modules(struct resolver *c, const char *name, enum skep_btf_kind kind,
			  struct found *found)
{
	const struct skep_btf *btf;
	int r = 0;

	for (size_t i = 0; c->target->module && r == 0; i++) {
		btf = c->target->module(c->target->data, i);
		if (!btf)
			break;
		r = add_named(btf, name, kind, found);
	}
	return r;
}

static int find_candidates(struct resolver *c, uint32_t local_id,
			   struct candidates **ret_candidates)
{
	struct candidates *known = skep_hash_get(&c->known, &local_id, sizeof(local_id));
	enum skep_btf_kind kind = skep_btf_kind(c->local, local_id);
	const char *full = skep_btf_name(c->local, local_id), *name;
	struct found found = {};
	int r;

	if (!known) {
		name = skep_arena_strndup(c->arena, full, skep_core_name_len(full));
		r = search_kernel(c, name, kind, &found);
		if (r == 0 && !found.len)
			r = search_modules(c, name, kind, &found);
		known = skep_arena_alloc(c->arena, sizeof(*known));
		known->local_id = local_id;
		known->n = found.len;
		known->list =
			skep_arena_memdup(c->arena, found.data, found.len * sizeof(*known->list));
		skep_vec_fini(&found);
		if (r < 0)
			return r;
		skep_hash_set(&c->known, &known->local_id, sizeof(known->local_id), known);
	}
	*ret_candidates = known;
	return 0;
}

/*
 * Answers.
 */

static bool agree(const struct core_answer *a, uint64_t a_place, const struct core_answer *b,
		  uint64_t b_place)
{
	return a_place == b_place && a->missing == b->missing && a->after == b->after;
}

/* Asks every candidate that has the place; none: the answer is what is so without. */
static int ask_candidates(struct resolver *c, const struct skep_core_reloc *reloc,
			  struct core_answer *ret_answer, const char **ret_why)
{
	struct candidates *candidates = NULL;
	struct core_answer answer;
	uint64_t place = 0;
	size_t n = 0; /* that have it */
	int r;

	if (!*skep_btf_name(c->local, reloc->type)) {
		*ret_why = "a type without a name cannot be looked for";
		return -EINVAL;
	}
	r = find_candidates(c, reloc->type, &candidates);
	for (size_t i = 0; r >= 0 && i < candidates->n; i++) {
		const struct candidate *one = &candidates->list[i];

		*ret_why = "its types are broken";
		r = core_find(reloc->kind, &c->here, one->btf, one->id, &c->there);
		if (r <= 0)
			continue;
		r = core_ask(reloc->kind, &c->here, &c->there, &answer, ret_why);
		if (r < 0)
			break;
		if (n && !agree(ret_answer, place, &answer, c->there.bit_offset)) {
			*ret_why = "the target has several types of that name, which differ";
			return -EINVAL;
		}
		if (!n)
			*ret_answer = answer;
		place = c->there.bit_offset;
		candidates->list[n++] = *one;
	}
	if (r < 0)
		return r;
	if (!n)
		return core_ask(reloc->kind, &c->here, NULL, ret_answer, ret_why);
	candidates->n = n;
	return 0;
}

static int resolve_one(struct resolver *c, struct skep_spec_prog *prog,
		       struct skep_core_reloc *reloc)
{
	const char *why = "its own types do not have it";
	struct core_answer answer = {};
	int r = core_parse(c->local, reloc, &c->here);

	if (r == 0 && reloc->kind == SKEP_CORE_TYPE_ID_LOCAL)
		r = core_ask(reloc->kind, &c->here, NULL, &answer, &why);
	else if (r == 0)
		r = ask_candidates(c, reloc, &answer, &why);
	if (r == 0)
		r = core_patch(&prog->insns[reloc->insn], prog->n_insns - reloc->insn, &answer,
			       &why);
	if (r < 0) {
		_cleanup_(skep_str_fini)
		struct skep_str what = {};

		skep_core_format(c->local, reloc, &what);
		skep_diag_error(c->diag, prog->loc, "program '%s', instruction %u, %s: %s",
				prog->name, reloc->insn, skep_str_text(&what), why);
		skep_diag_at_insn(c->diag, (int)reloc->insn);
		return r;
	}
	reloc->state = answer.missing ? SKEP_CORE_MISSING : SKEP_CORE_DONE;
	return 0;
}

static int resolve_prog(struct resolver *c, struct skep_spec_prog *prog)
{
	for (size_t i = 0; i < prog->n_cores; i++) {
		struct skep_core_reloc *reloc = &prog->cores[i];
		int r;

		if (reloc->state != SKEP_CORE_OPEN)
			continue;
		if (reloc->insn >= prog->n_insns || (unsigned)reloc->kind >= SKEP_N_CORE_KINDS) {
			skep_diag_error(c->diag, prog->loc,
					"program '%s' has a CO-RE record that is damaged",
					prog->name);
			return -EINVAL;
		}
		r = resolve_one(c, prog, reloc);
		if (r < 0)
			return r;
	}
	return 0;
}

static struct resolver *resolver_new(const struct skep_btf *local,
				     const struct skep_core_target *target, struct skep_diag *diag)
{
	struct resolver *c = calloc(1, sizeof(*c));

	if (!c)
		skep_oom();
	c->local = local;
	c->target = target;
	c->diag = diag;
	c->arena = skep_arena_new();
	return c;
}

static void resolver_free(struct resolver *c)
{
	skep_hash_fini(&c->known);
	skep_arena_free(c->arena);
	free(c);
}

static bool has_open(const struct skep_spec_prog *prog)
{
	for (size_t i = 0; i < prog->n_cores; i++)
		if (prog->cores[i].state == SKEP_CORE_OPEN)
			return true;
	return false;
}

int skep_core_resolve_prog(struct skep_spec_prog *prog, const struct skep_btf *local,
			   const struct skep_core_target *target, struct skep_diag *diag)
{
	struct resolver *c;
	int r;

	if (!has_open(prog))
		return 0;
	c = resolver_new(local, target, diag);
	r = resolve_prog(c, prog);
	resolver_free(c);
	return r;
}

int skep_core_resolve(struct skep_spec *spec, const struct skep_core_target *target,
		      struct skep_diag *diag)
{
	_cleanup_(skep_btf_freep)
	struct skep_btf *local = NULL;
	struct resolver *c;
	int r = 0;

	if (!spec->btf)
		return 0;
	r = skep_btf_parse(spec->btf, spec->btf_size, NULL, NULL, diag, &local);
	if (r < 0)
		return r;
	c = resolver_new(local, target, diag);
	for (size_t i = 0; i < spec->n_progs && r == 0; i++)
		r = resolve_prog(c, &spec->progs[i]);
	resolver_free(c);
	return r;
}

/*
 * For people.
 */

static const char *const questions[SKEP_N_CORE_KINDS] = {
	[SKEP_CORE_FIELD_OFFSET] = "offset of",
	[SKEP_CORE_FIELD_SIZE] = "size of",
	[SKEP_CORE_FIELD_EXISTS] = "existence of",
	[SKEP_CORE_FIELD_SIGNED] = "sign of",
	[SKEP_CORE_FIELD_LSHIFT] = "left shift of",
	[SKEP_CORE_FIELD_RSHIFT] = "right shift of",
	[SKEP_CORE_TYPE_ID_LOCAL] = "local number of type",
	[SKEP_CORE_TYPE_ID_TARGET] = "number of type",
	[SKEP_CORE_TYPE_EXISTS] = "existence of type",
	[SKEP_CORE_TYPE_SIZE] = "size of type",
	[SKEP_CORE_ENUM_EXISTS] = "existence of constant",
	[SKEP_CORE_ENUM_VALUE] = "value of constant",
	[SKEP_CORE_TYPE_MATCHES] = "likeness of type",
};

const struct skep_core_reloc *skep_core_missing_at(const struct skep_spec_prog *prog, uint32_t insn)
{
	for (size_t i = 0; i < prog->n_cores; i++)
		if (prog->cores[i].state == SKEP_CORE_MISSING && insn - prog->cores[i].insn < 2)
			return &prog->cores[i];
	return NULL;
}

void skep_core_format(const struct skep_btf *local, const struct skep_core_reloc *reloc,
		      struct skep_str *out)
{
	struct core_place *p = calloc(1, sizeof(*p));
	const char *name = skep_btf_name(local, reloc->type);

	if (!p)
		skep_oom();
	if ((unsigned)reloc->kind < SKEP_N_CORE_KINDS)
		skep_str_addf(out, "%s ", questions[reloc->kind]);
	skep_str_add(out, *name ? name : "(anonymous)");
	if (core_parse(local, reloc, p) < 0)
		skep_str_addf(out, " at %s", reloc->access);
	for (unsigned i = 0; i < p->n; i++) {
		if (p->steps[i].name)
			skep_str_addf(out, ".%s", p->steps[i].name);
		else if (i || p->steps[i].index)
			skep_str_addf(out, "[%u]", p->steps[i].index);
	}
	free(p);
}
