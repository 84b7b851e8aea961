/* SPDX-License-Identifier: Apache-2.0 */
/* What the verifier learns by each instruction: registers in front of the next one that are other than before it. */
#include <inttypes.h>
#include <string.h>

#include "workbench/explain_priv.h"

#define REGS 10 /* R10 never changes */

struct known {
	const struct skep_explain *e;
	const struct skep_btf *btf;
	const struct skep_insn *insns;
	size_t n;
	const char **texts; /* by instruction */
	struct skep_arena *arena;
	bool started;
	uint32_t last; /* the step in front of this one, on the same path if it can lead here */
	unsigned depth;
	struct skep_value regs[REGS];
};

static void add_number(const struct skep_value *v, struct skep_str *out)
{
	const struct skep_scalar *n = &v->num;
	bool signs = n->r64.smin < 0 || n->r64.umax > INT64_MAX;

	if (skep_scalar_is_const(n))
		skep_str_addf(out, "%" PRId64, (int64_t)n->bits.value);
	else if (!signs && n->r64.umax == INT64_MAX)
		skep_str_addf(out, "%" PRIu64 " or more", n->r64.umin);
	else if (!signs)
		skep_str_addf(out, "%" PRIu64 " to %" PRIu64, n->r64.umin, n->r64.umax);
	else if (n->r64.smin == INT64_MIN && n->r64.smax == INT64_MAX)
		skep_str_add(out, n->r64.umin == 1 ? "any number but 0" : "any number");
	else
		skep_str_addf(out, "%" PRId64 " to %" PRId64, n->r64.smin, n->r64.smax);
}

static const char *map_name(const struct known *k, uint32_t map)
{
	return map < k->e->input->spec.n_maps ? k->e->input->spec.maps[map].name : "?";
}

/* Behind the beginning of what it points to. */
static void add_distance(const struct skep_value *v, struct skep_str *out)
{
	if (v->off > 0)
		skep_str_addf(out, " + %d", v->off);
	else if (v->off < 0)
		skep_str_addf(out, " - %d", -v->off);
	if (!skep_scalar_is_const(&v->num) || v->num.bits.value) {
		struct skep_value number = { .kind = SKEP_VALUE_NUMBER, .num = v->num };

		skep_str_add(out, " + ");
		add_number(&number, out);
	}
}

static void add_value(const struct known *k, const struct skep_value *v, struct skep_str *out)
{
	switch (v->kind) {
	case SKEP_VALUE_NUMBER:
		add_number(v, out);
		return;
	case SKEP_VALUE_MAP:
		skep_str_addf(out, "the map %s", map_name(k, v->map));
		return;
	case SKEP_VALUE_MAP_VALUE:
		skep_str_addf(out, "a value of %s", map_name(k, v->map));
		break;
	case SKEP_VALUE_STACK:
		skep_str_add(out, "the stack");
		break;
	case SKEP_VALUE_PACKET:
		skep_str_add(out, "the packet");
		break;
	case SKEP_VALUE_OBJECT:
		skep_str_addf(out, "struct %s", k->btf ? skep_btf_name(k->btf, v->type) : "?");
		break;
	case SKEP_VALUE_MEM:
		skep_str_addf(out, "memory of %u bytes", v->size);
		break;
	default:
		skep_str_add(out, skep_value_kind_text(v));
		break;
	}
	add_distance(v, out);
	if (skep_value_is_packet(v) && v->range)
		skep_str_addf(out, ", %u bytes are there", v->range);
	if (skep_value_may_be_null(v))
		skep_str_add(out, ", or NULL");
}

/* Whether @to can follow the step before. */
static bool follows(const struct known *k, uint32_t to)
{
	struct skep_insn insn = k->insns[k->last];
	int64_t target;

	if (k->last + (skep_insn_is_wide(insn) ? 2u : 1u) == to)
		return !skep_insn_is_exit(insn);
	return skep_insn_target(insn, k->last, &target) && target == (int64_t)to;
}

static void note(struct known *k, const struct skep_value *regs)
{
	_cleanup_(skep_str_fini)
	struct skep_str all = {};

	for (unsigned i = 0; i < REGS; i++) {
		_cleanup_(skep_str_fini)
		struct skep_str before = {}, now = {};

		if (regs[i].kind == SKEP_VALUE_NOTHING)
			continue;
		/* What a call keeps is other than before only when it took away what was pointed to. */
		if (i >= 6 && skep_insn_is_call(k->insns[k->last]) &&
		    k->regs[i].kind != SKEP_VALUE_NUMBER && regs[i].kind == SKEP_VALUE_NUMBER)
			skep_str_add(&now, "given away, no longer to be used");
		else
			add_value(k, &regs[i], &now);
		add_value(k, &k->regs[i], &before);
		if (k->regs[i].kind != SKEP_VALUE_NOTHING &&
		    skep_streq(skep_str_text(&now), skep_str_text(&before)))
			continue;
		skep_str_addf(&all, "%sr%u: %s", all.len ? "; " : "", i, skep_str_text(&now));
	}
	if (all.len)
		k->texts[k->last] = skep_arena_strdup(k->arena, skep_str_text(&all));
}

static void visit(void *data, uint32_t insn, unsigned depth, const struct skep_value *regs)
{
	struct known *k = data;

	if (k->started && k->depth == depth && k->last < k->n && !k->texts[k->last] &&
	    follows(k, insn))
		note(k, regs);
	k->started = true;
	k->last = insn;
	k->depth = depth;
	memcpy(k->regs, regs, sizeof(k->regs));
}

const char **explain_known(struct skep_explain *e, const struct skep_explain_options *options,
			   size_t n_insns, struct skep_arena *arena, struct skep_diag *diag)
{
	struct known k = {
		.e = e,
		.btf = options->btf,
		.insns = e->listing->insns,
		.n = n_insns,
		.texts = skep_arena_calloc(arena, n_insns, sizeof(*k.texts)),
		.arena = arena,
	};
	struct skep_input input = *e->input;
	struct skep_verify_options how = {
		.btf = options->btf,
		.max_findings = 1,
		.places = options->places,
		.explain = true,
		.diag = diag,
		.visit = visit,
		.data = &k,
	};

	/* Fields of the context are the run's alone; what is wrong with one is said there. */
	for (size_t i = 0; i < options->with.n_fields; i++)
		(void)!skep_input_set(&input, options->with.fields[i], arena, NULL);
	if (skep_verify(&input.spec, e->index, &how, arena, &e->verdict) < 0)
		e->verdict.verdict = SKEP_VERDICT_UNDECIDED;
	return k.texts;
}
