/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/func_index.h"

#include <string.h>

#include "isa/helper.h"
#include "lang/pair.h"
#include "lang/provider.h"

const char *skep_func_name(const struct skep_match *m)
{
	const char *own = skep_match_func(m), *colon = strrchr(m->name, ':');

	return own ? own : colon ? colon + 1 : m->name;
}

/* Whether the cookies of a program are asked for more than the place of the probe's name. */
static bool settle(struct skep_instance *inst, struct skep_hash *first)
{
	bool differ = false;

	for (size_t i = 0; i < inst->n_matches; i++) {
		struct skep_match *m = &inst->matches[i];
		const char *name = m->func ? skep_func_name(m) : NULL;
		uintptr_t known = name ? (uintptr_t)skep_hash_get_str(first, name) : 0;

		if (name && !known) {
			known = (uintptr_t)m->probe_index + 1;
			skep_hash_set_str(first, name, (void *)known);
		}
		m->func_index = known ? (unsigned)known - 1 : m->probe_index;
		differ |= m->func_index != m->probe_index;
	}
	return differ && inst->n_matches > 1 && !inst->open && skep_probe_uses(inst->probe, "func");
}

static void pack_cookies(struct skep_instance *inst)
{
	for (size_t i = 0; i < inst->n_matches; i++)
		inst->matches[i].target.cookie |= (uint64_t)inst->matches[i].func_index
						  << SKEP_FUNC_SHIFT;
}

void skep_func_settle(struct skep_compiler *c)
{
	struct skep_hash first = {};

	for (size_t i = 0; i < c->instances.len; i++)
		c->instances.data[i]->packed = settle(c->instances.data[i], &first);
	skep_hash_fini(&first);
	for (size_t i = 0; i < c->instances.len; i++) {
		struct skep_instance *inst = c->instances.data[i];

		/* The link of a pair has the cookies of the one that owns it. */
		if (skep_pair_is(inst) && inst->next)
			inst->packed = inst->next->packed = inst->packed || inst->next->packed;
		if (inst->packed)
			pack_cookies(inst);
	}
}

struct skep_val *skep_func_lower(struct skep_lower *l)
{
	const struct skep_instance *inst = l->inst;

	if (inst->packed)
		return skep_ir_opi(l->fn, SKEP_OP_SHR,
				   skep_ir_call(l->fn, SKEP_HELPER_GET_ATTACH_COOKIE,
						SKEP_CALL_PURE, 1, skep_ir_ctx(l->fn)),
				   SKEP_FUNC_SHIFT);
	if (inst->n_matches == 1 && !inst->open)
		return skep_ir_const(l->fn, inst->matches[0].func_index);
	return skep_lower_probe_index(l);
}
