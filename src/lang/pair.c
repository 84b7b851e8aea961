/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/pair.h"

#include "isa/attachtype.h"
#include "lang/match.h"

/* The only instance of its attach point, of several functions, and nobody's half yet. */
static bool is_free(const struct skep_compiler *c, size_t at, enum skep_attach_kind kind)
{
	const struct skep_instance *inst = c->instances.data[at];

	if (inst->attach.kind != kind || inst->proto.attach_type != SKEP_AT_TRACE_KPROBE_MULTI ||
	    inst->next || inst->chained)
		return false;
	if (at > 0 && c->instances.data[at - 1]->point == inst->point)
		return false;
	return at + 1 == c->instances.len || c->instances.data[at + 1]->point != inst->point;
}

/*
 * Whether both have the same functions in the same order. The link has one cookie for each, so that the names of their
 * probes must be as far from one another in all of them.
 */
static bool same_functions(const struct skep_instance *a, const struct skep_instance *b)
{
	if (a->n_matches != b->n_matches)
		return false;
	for (size_t i = 0; i < a->n_matches; i++) {
		const struct skep_match *x = &a->matches[i], *y = &b->matches[i];

		if (!skep_streq(x->target.name, y->target.name) ||
		    x->target.offset != y->target.offset ||
		    y->probe_index - x->probe_index !=
			    b->matches[0].probe_index - a->matches[0].probe_index)
			return false;
	}
	return true;
}

static void join(struct skep_instance *owner, struct skep_instance *other)
{
	owner->next = other;
	other->chained = true;
	other->cookie_delta =
		(int64_t)other->matches[0].probe_index - (int64_t)owner->matches[0].probe_index;
	owner->proto.attach_type = other->proto.attach_type = SKEP_AT_TRACE_KPROBE_SESSION;
}

void skep_pair_all(struct skep_compiler *c)
{
	if (c->types.needs)
		return;
	for (size_t i = 0; i < c->instances.len; i++) {
		struct skep_instance *owner = c->instances.data[i];
		bool returns = owner->attach.kind == SKEP_ATTACH_KRETPROBE;

		if (!is_free(c, i, returns ? SKEP_ATTACH_KRETPROBE : SKEP_ATTACH_KPROBE))
			continue;
		for (size_t k = i + 1; k < c->instances.len; k++) {
			if (!is_free(c, k, returns ? SKEP_ATTACH_KPROBE : SKEP_ATTACH_KRETPROBE) ||
			    !same_functions(owner, c->instances.data[k]))
				continue;
			if (!skep_world_has(c->world, SKEP_WORLD_KPROBE_SESSION))
				return;
			join(owner, c->instances.data[k]);
			break;
		}
	}
}

bool skep_pair_is(const struct skep_instance *inst)
{
	return inst->proto.attach_type == SKEP_AT_TRACE_KPROBE_SESSION;
}

/* Kernels differ in whether it takes the context; those that take nothing do not look. Of its bool a byte is defined. */
struct skep_val *skep_pair_returning(struct skep_lower *l)
{
	return skep_ir_extend(
		l->fn, skep_ir_call_kfunc(l->fn, "bpf_session_is_return", 0, 1, skep_ir_ctx(l->fn)),
		1, false);
}
