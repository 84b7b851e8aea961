/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Global functions: each is judged by itself, for any arguments of its types, and a call only has to keep to the types.
 *
 *	call		arguments fit the types ─► R0 is any number, the function is noted as called
 *	by itself	arguments are all that the types allow ─► R0 has to be a number at its end
 *
 * The types are the function's in the object's BTF, with the tags arg:ctx, arg:nonnull and arg:nullable. What needs other
 * tags is undecided.
 */
#include <errno.h>

#include "isa/context.h"
#include "verify/walk.h"

enum want {
	WANT_NUMBER,
	WANT_CTX,
	WANT_MEMORY,
	WANT_UNKNOWN, /* not judged */
};

struct parameter {
	enum want want;
	const char *name;
	uint32_t size; /* MEMORY */
	bool may_be_null;
};

static const struct skep_spec_prog *function(const struct skep_walk *walk, uint32_t func)
{
	return &walk->spec->progs[walk->code.funcs[func].prog];
}

bool skep_func_is_global(const struct skep_walk *walk, uint32_t func)
{
	const struct skep_spec_prog *prog = function(walk, func);

	return func > 0 && walk->own_btf && prog->is_global && prog->btf_func && prog->type == 0;
}

bool skep_func_returns(const struct skep_walk *walk, uint32_t func)
{
	uint32_t proto;

	if (!walk->own_btf || !function(walk, func)->btf_func ||
	    skep_btf_proto(walk->own_btf, function(walk, func)->btf_func, &proto) < 0)
		return true;
	return skep_btf_type(walk->own_btf, proto).type != 0;
}

/* The function's parameter @index carries the tag "arg:@tag". */
static bool has_tag(const struct skep_walk *walk, uint32_t func_id, uint32_t index, const char *tag)
{
	const struct skep_btf *btf = walk->own_btf;

	for (uint32_t id = skep_btf_next(btf, 0, SKEP_BTF_DECL_TAG); id;
	     id = skep_btf_next(btf, id, SKEP_BTF_DECL_TAG)) {
		struct skep_btf_type t = skep_btf_type(btf, id);

		if (t.type == func_id && t.component == (int32_t)index &&
		    skep_has_prefix(t.name, "arg:") && (!tag || skep_streq(t.name + 4, tag)))
			return true;
	}
	return false;
}

/* "struct xdp_md" is what a context of XDP points to; kprobes know theirs by two names. */
static bool is_context(const struct skep_walk *walk, uint32_t target)
{
	const struct skep_context *context = skep_context_find(walk->prog->type);
	const char *name = skep_btf_name(walk->own_btf, target);

	if (!context || !name || !name[0])
		return false;
	if (skep_has_prefix(context->type, "struct ") && skep_streq(context->type + 7, name))
		return true;
	return skep_streq(name, "bpf_user_pt_regs_t") || skep_streq(name, "pt_regs") ||
	       skep_streq(name, "user_pt_regs");
}

static struct parameter read_parameter(const struct skep_walk *walk, uint32_t func_id,
				       uint32_t index, const struct skep_btf_param *param)
{
	const struct skep_btf *btf = walk->own_btf;
	uint32_t type = skep_btf_strip(btf, param->type, true), target;
	struct parameter p = { .want = WANT_UNKNOWN, .name = param->name, .may_be_null = true };

	switch (skep_btf_kind(btf, type)) {
	case SKEP_BTF_INT:
	case SKEP_BTF_ENUM:
	case SKEP_BTF_ENUM64:
		p.want = WANT_NUMBER;
		return p;
	case SKEP_BTF_PTR:
		break;
	default:
		return p;
	}
	if (has_tag(walk, func_id, index, "ctx") ||
	    (skep_btf_pointee(btf, type, &target) == 0 &&
	     (is_context(walk, skep_btf_strip(btf, target, false)) ||
	      is_context(walk, skep_btf_strip(btf, target, true))))) {
		p.want = WANT_CTX;
		return p;
	}
	p.may_be_null = !has_tag(walk, func_id, index, "nonnull");
	if (has_tag(walk, func_id, index, NULL) && p.may_be_null &&
	    !has_tag(walk, func_id, index, "nullable"))
		return p;
	if (skep_btf_pointee(btf, type, &target) == 0 && skep_btf_size(btf, target, &p.size) == 0 &&
	    p.size)
		p.want = WANT_MEMORY;
	return p;
}

/* Calls @each for the parameters, in r1 and so on. -EOPNOTSUPP after a finding. */
static int for_each_parameter(struct skep_walk *walk, uint32_t func,
			      int (*each)(struct skep_walk *walk, unsigned reg,
					  const struct parameter *p))
{
	uint32_t id = function(walk, func)->btf_func, proto;
	struct skep_btf_param param;

	if (skep_btf_proto(walk->own_btf, id, &proto) < 0)
		return skep_undecided(walk, "not judged: a global function without a prototype");
	for (uint32_t i = 0; skep_btf_param(walk->own_btf, proto, i, &param) == 0; i++) {
		struct parameter p = read_parameter(walk, id, i, &param);
		int r;

		if (i >= 5)
			return skep_reject(walk, SKEP_REASON_CALL, -1,
					   "a global function has more than five parameters");
		if (p.want == WANT_UNKNOWN)
			return skep_undecided(
				walk,
				"not judged: the type of parameter '%s' of global function %s",
				p.name, function(walk, func)->name);
		r = each(walk, SKEP_R1 + i, &p);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_argument(struct skep_walk *walk, unsigned reg, const struct parameter *p)
{
	const struct skep_value *v = skep_walk_reg(walk, reg);
	struct skep_access access = { .reg = reg, .size = p->size, .by_helper = true };
	struct skep_value may_be_null = *v;
	int r = skep_need_set(walk, reg);

	if (r < 0)
		return r;
	switch (p->want) {
	case WANT_NUMBER:
		if (v->kind != SKEP_VALUE_NUMBER)
			return skep_reject(walk, SKEP_REASON_TYPE, (int)reg,
					   "parameter '%s' is a number, but r%u is %s", p->name,
					   reg, skep_value_kind_text(v));
		return 0;
	case WANT_CTX:
		if (v->kind != SKEP_VALUE_CTX || v->off || !skep_scalar_is_const(&v->num) ||
		    v->num.bits.value)
			return skep_reject(walk, SKEP_REASON_TYPE, (int)reg,
					   "parameter '%s' is the context, but r%u is %s", p->name,
					   reg, skep_value_kind_text(v));
		return 0;
	default:
		break;
	}
	if (p->may_be_null && skep_value_is_const(v) && v->num.bits.value == 0)
		return 0;
	if (!p->may_be_null && skep_value_may_be_null(v))
		return skep_reject(walk, SKEP_REASON_NULL, (int)reg,
				   "parameter '%s' must not be NULL, but r%u may be", p->name, reg);
	/* whoever checks for NULL may be given it; the memory behind it has to be there otherwise */
	skep_walk_reg(walk, reg)->flags &= (uint16_t)~SKEP_VALUE_MAYBE_NULL;
	for (int direction = SKEP_READ; r == 0 && direction <= SKEP_WRITE; direction++) {
		access.direction = (enum skep_direction)direction;
		v = skep_walk_reg(walk, reg);
		r = v->kind == SKEP_VALUE_STACK ? skep_stack_range(walk, &access, v, false)
						: skep_access_memory(walk, &access, NULL, NULL);
	}
	*skep_walk_reg(walk, reg) = may_be_null;
	return r;
}

int skep_call_global(struct skep_walk *walk, uint32_t func)
{
	int r = for_each_parameter(walk, func, check_argument);
	struct skep_value any = skep_value_number();

	if (r < 0)
		return r;
	if (walk->state->lock_map)
		return skep_reject(walk, SKEP_REASON_CALL, -1,
				   "a function is called while a lock is held");
	walk->called[func] = true;
	skep_forget_call_regs(walk);
	return skep_set_reg(walk, SKEP_R0, &any);
}

static int set_parameter(struct skep_walk *walk, unsigned reg, const struct parameter *p)
{
	struct skep_value v = skep_value_number();

	if (p->want == WANT_CTX) {
		v = skep_value_pointer(SKEP_VALUE_CTX, 0);
	} else if (p->want == WANT_MEMORY) {
		v = skep_value_pointer(SKEP_VALUE_MEM, p->may_be_null ? SKEP_VALUE_MAYBE_NULL : 0);
		v.size = p->size;
		v.id = p->may_be_null ? skep_walk_id(walk) : 0;
	}
	*skep_walk_reg(walk, reg) = v;
	return 0;
}

int skep_enter_global(struct skep_walk *walk, uint32_t func)
{
	return for_each_parameter(walk, func, set_parameter);
}
