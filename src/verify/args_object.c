/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments of helpers that are things of the kernel: the context, sockets, records, objects. They are taken only as they
 * were given.
 */
#include <errno.h>

#include "verify/name.h"

int skep_arg_wrong_kind(struct skep_walk *walk, const struct skep_call_facts *facts, unsigned reg,
			enum skep_helper_arg arg)
{
	const struct skep_value *v = skep_walk_reg(walk, reg);

	if (skep_value_may_be_null(v)) {
		skep_report(walk, SKEP_REASON_NULL, (int)reg,
			    "%s takes %s in r%u, which may be NULL here", facts->helper->name,
			    skep_helper_arg_text(arg), reg);
		skep_hint_null(walk, reg, "call");
		return -EINVAL;
	}
	if (v->kind == SKEP_VALUE_NUMBER && v->flags & SKEP_VALUE_STALE) {
		skep_report_stale(walk, SKEP_REASON_TYPE, reg);
		return -EINVAL;
	}
	return skep_reject(walk, SKEP_REASON_TYPE, (int)reg, "%s takes %s in r%u, which is %s here",
			   facts->helper->name, skep_helper_arg_text(arg), reg,
			   skep_value_kind_text(v));
}

/* Only as it was given: nothing added. */
static int check_unmoved(struct skep_walk *walk, const struct skep_call_facts *facts, unsigned reg)
{
	const struct skep_value *v = skep_walk_reg(walk, reg);

	if (v->off == 0 && skep_scalar_is_const(&v->num) && v->num.bits.value == 0)
		return 0;
	return skep_reject(walk, SKEP_REASON_TYPE, (int)reg,
			   "%s takes %s in r%u as it was given, but something was added to it",
			   facts->helper->name, skep_value_kind_text(v), reg);
}

/* An object of the kernel that has the structure @name where the pointer points. */
static int check_type(struct skep_walk *walk, const struct skep_call_facts *facts, unsigned reg,
		      enum skep_helper_arg arg, const char *name)
{
	const struct skep_value *v = skep_walk_reg(walk, reg);

	if (v->kind != SKEP_VALUE_OBJECT || v->flags & ~(SKEP_VALUE_TRUSTED | SKEP_VALUE_RCU))
		return skep_arg_wrong_kind(walk, facts, reg, arg);
	if (!name || !walk->options->btf)
		return skep_undecided(walk, "not judged: the object that %s takes",
				      facts->helper->name);
	if (v->off >= 0 && skep_scalar_is_const(&v->num) && !v->num.bits.value &&
	    skep_type_has(walk->options->btf, v->type, (uint32_t)v->off, name))
		return 0;
	return skep_reject(walk, SKEP_REASON_TYPE, (int)reg,
			   "%s takes a struct %s in r%u, which points to a struct %s%s",
			   facts->helper->name, name, reg,
			   skep_btf_name(walk->options->btf, v->type), v->off ? ", moved" : "");
}

int skep_arg_context(struct skep_walk *walk, struct skep_call_facts *facts, unsigned reg,
		     enum skep_helper_arg arg)
{
	const char *object = skep_helper_arg_object(facts->helper->id, walk->prog->type);

	if (object)
		return check_type(walk, facts, reg, arg, object);
	if (skep_walk_reg(walk, reg)->kind != SKEP_VALUE_CTX)
		return skep_arg_wrong_kind(walk, facts, reg, arg);
	return check_unmoved(walk, facts, reg);
}

int skep_arg_socket(struct skep_walk *walk, struct skep_call_facts *facts, unsigned reg,
		    enum skep_helper_arg arg)
{
	const struct skep_value *v = skep_walk_reg(walk, reg);
	bool fits = v->kind == SKEP_VALUE_SOCK || v->kind == SKEP_VALUE_SOCK_COMMON ||
		    v->kind == SKEP_VALUE_TCP_SOCK || v->kind == SKEP_VALUE_XDP_SOCK;

	/* helpers that go by BTF themselves take any object that begins as a socket does */
	if (arg == SKEP_ARG_SOCK && v->kind == SKEP_VALUE_OBJECT &&
	    !(v->flags & ~(SKEP_VALUE_TRUSTED | SKEP_VALUE_MAYBE_NULL)))
		fits = walk->options->btf &&
		       skep_type_has(walk->options->btf, v->type, (uint32_t)v->off, "sock_common");

	if (!fits || skep_value_may_be_null(v))
		return skep_arg_wrong_kind(walk, facts, reg, arg);
	if (facts->helper->flags & SKEP_HELPER_RELEASE) {
		if (!v->ref)
			return skep_reject(walk, SKEP_REASON_REFERENCE, (int)reg,
					   "%s gives back something that was not acquired",
					   facts->helper->name);
		facts->ref = v->ref;
	}
	return check_unmoved(walk, facts, reg);
}

int skep_arg_record(struct skep_walk *walk, struct skep_call_facts *facts, unsigned reg)
{
	const struct skep_value *v = skep_walk_reg(walk, reg);

	if (v->kind != SKEP_VALUE_MEM || !(v->flags & SKEP_VALUE_RINGBUF) ||
	    skep_value_may_be_null(v))
		return skep_arg_wrong_kind(walk, facts, reg, SKEP_ARG_RECORD);
	facts->ref = v->ref;
	return check_unmoved(walk, facts, reg);
}

int skep_arg_object(struct skep_walk *walk, struct skep_call_facts *facts, unsigned reg,
		    enum skep_helper_arg arg)
{
	return check_type(walk, facts, reg, arg,
			  skep_helper_arg_object(facts->helper->id, walk->prog->type));
}
