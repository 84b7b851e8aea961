/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls of helpers: whether the program may, what the arguments are, and what is known afterwards.
 */
#include <errno.h>

#include "obj/core.h"
#include "verify/walk.h"

#define KINDS_SHOWN 8

bool skep_walk_is_gpl(const struct skep_walk *walk)
{
	static const char *const names[] = {
		"GPL",		"GPL v2",	"GPL and additional rights",
		"Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"
	};

	for (size_t i = 0; walk->spec->license && i < ARRAY_SIZE(names); i++)
		if (skep_streq(walk->spec->license, names[i]))
			return true;
	return false;
}

/* Which kinds of programs may call it. */
static void hint_kinds(struct skep_walk *walk, const struct skep_helper *helper)
{
	_cleanup_(skep_str_fini)
	struct skep_str kinds = {};
	unsigned n = 0;

	for (uint32_t id = 0; id < 64; id++) {
		const struct skep_prog_kind *kind = skep_prog_kind_find(id);

		if (!kind || !skep_helper_allowed(helper, id, 0) || n++ >= KINDS_SHOWN)
			continue;
		skep_str_addf(&kinds, "%s%s", kinds.len ? ", " : "", kind->name);
	}
	if (n > KINDS_SHOWN)
		skep_str_addf(&kinds, " and %u more", n - KINDS_SHOWN);
	if (n)
		skep_report_hint(walk, "programs of kind %s can", skep_str_text(&kinds));
}

static int check_allowed(struct skep_walk *walk, const struct skep_helper *helper)
{
	const struct skep_spec_prog *prog = walk->prog;

	if (!skep_helper_allowed(helper, prog->type, prog->attach_type)) {
		skep_report(walk, SKEP_REASON_CALL, -1, "programs of kind %s cannot call %s",
			    walk->kind ? walk->kind->name : "?", helper->name);
		hint_kinds(walk, helper);
		return -EINVAL;
	}
	if (helper->flags & SKEP_HELPER_GPL && !skep_walk_is_gpl(walk)) {
		skep_report(walk, SKEP_REASON_CALL, -1, "%s is only for programs under the GPL",
			    helper->name);
		skep_report_hint(
			walk,
			"give the object a section \"license\" with \"GPL\" or \"Dual BSD/GPL\"");
		return -EINVAL;
	}
	if (helper->id == SKEP_HELPER_GET_FUNC_IP && prog->type != SKEP_PROG_KPROBE &&
	    prog->type != SKEP_PROG_TRACING)
		return skep_reject(
			walk, SKEP_REASON_CALL, -1,
			"programs of kind %s hang at no function whose address %s could give",
			walk->kind ? walk->kind->name : "?", helper->name);
	if (helper->flags & SKEP_HELPER_SLEEP && !prog->sleepable)
		return skep_reject(walk, SKEP_REASON_CALL, -1,
				   "%s may sleep, which this program may not", helper->name);
	if (walk->state->lock_map && helper->id != SKEP_HELPER_SPIN_UNLOCK)
		return skep_reject(walk, SKEP_REASON_CALL, -1, "%s is called while a lock is held",
				   helper->name);
	return 0;
}

/* Every value that is (a part of) what was given back is worthless. */
int skep_release_ref(struct skep_walk *walk, const char *who, uint32_t ref)
{
	struct skep_state *state = walk->state;

	for (uint32_t i = 0; i < state->n_refs; i++)
		if (state->refs[i].id == ref && state->refs[i].frame < state->depth &&
		    skep_walk_frame(walk)->callback)
			return skep_reject(
				walk, SKEP_REASON_REFERENCE, -1,
				"%s gives back in a callback what was acquired outside of it, once for each round",
				who);
	if (skep_state_release(state, ref) < 0)
		return skep_reject(walk, SKEP_REASON_REFERENCE, -1,
				   "%s gives back something that is not held", who);
	SKEP_FOR_EACH_VALUE(v, at, state)
	if (v->ref == ref)
		*skep_state_edit(state, at) = skep_value_stale();
	return 0;
}

static void forget_packet(struct skep_state *state)
{
	SKEP_FOR_EACH_VALUE(v, at, state)
	if (skep_value_is_packet(v) || v->kind == SKEP_VALUE_PACKET_END)
		*skep_state_edit(state, at) = skep_value_stale();
}

static struct skep_value looked_up(struct skep_walk *walk, const struct skep_call_facts *facts,
				   unsigned flags)
{
	const struct skep_spec_map *map = skep_walk_map(walk, &facts->map);
	struct skep_value v = skep_value_pointer(SKEP_VALUE_MAP_VALUE, flags);

	v.map = facts->map.map;
	v.inner_map = facts->map.inner_map;
	switch (map->type) {
	case SKEP_MAP_ARRAY_OF_MAPS:
	case SKEP_MAP_HASH_OF_MAPS:
		v.kind = SKEP_VALUE_MAP;
		v.inner_map = 1;
		break;
	case SKEP_MAP_XSKMAP:
		v.kind = SKEP_VALUE_XDP_SOCK;
		break;
	case SKEP_MAP_SOCKMAP:
	case SKEP_MAP_SOCKHASH:
		v.kind = SKEP_VALUE_SOCK;
		break;
	default:
		if (facts->key_exists)
			v.flags &= (uint16_t)~SKEP_VALUE_MAYBE_NULL;
		break;
	}
	return v;
}

static bool acquires(const struct skep_walk *walk, const struct skep_call_facts *facts)
{
	const struct skep_spec_map *map;

	if (facts->helper->flags & SKEP_HELPER_ACQUIRE)
		return true;
	if (facts->helper->id != SKEP_HELPER_MAP_LOOKUP_ELEM || !facts->has_map)
		return false;
	map = skep_walk_map(walk, &facts->map);
	return map->type == SKEP_MAP_SOCKMAP || map->type == SKEP_MAP_SOCKHASH;
}

/* Numbers that some helpers keep in bounds. */
static struct skep_value number_of(const struct skep_call_facts *facts)
{
	struct skep_value v = skep_value_number();

	switch (facts->helper->id) {
	case SKEP_HELPER_GET_STACK:
	case SKEP_HELPER_GET_TASK_STACK:
	case SKEP_HELPER_PROBE_READ_STR:
	case SKEP_HELPER_PROBE_READ_KERNEL_STR:
	case SKEP_HELPER_PROBE_READ_USER_STR:
		v.num.r64.smin = v.num.r32.smin = -4095;
		v.num.r64.smax = facts->most;
		v.num.r32.smax = MIN(facts->most, INT32_MAX);
		break;
	case SKEP_HELPER_GET_SMP_PROCESSOR_ID:
		v.num.r64.umax = v.num.r32.umax =
			8191; /* the most CPUs that a kernel can be built for */
		break;
	default:
		return v;
	}
	skep_scalar_sync(&v.num);
	return v;
}

static int object_of(struct skep_walk *walk, const struct skep_call_facts *facts,
		     struct skep_value *v)
{
	const char *name = skep_helper_object(facts->helper->id);
	uint32_t id;

	if (!name || !walk->options->btf ||
	    skep_btf_find(walk->options->btf, name, SKEP_BTF_STRUCT, &id) < 0)
		return skep_undecided(
			walk, "not judged without the kernel's BTF: the object that %s returns",
			facts->helper->name);
	*v = skep_value_pointer(SKEP_VALUE_OBJECT, SKEP_VALUE_TRUSTED);
	v->type = id;
	return 0;
}

static int result_of(struct skep_walk *walk, const struct skep_call_facts *facts,
		     struct skep_value *ret_value)
{
	struct skep_value v = {};
	int r = 0;

	switch (facts->helper->ret) {
	case SKEP_HELPER_RET_VOID:
		break;
	case SKEP_HELPER_RET_INT:
		v = number_of(facts);
		break;
	case SKEP_HELPER_RET_MAP_VALUE:
		v = looked_up(walk, facts, 0);
		break;
	case SKEP_HELPER_RET_MAP_VALUE_OR_NULL:
		v = looked_up(walk, facts, SKEP_VALUE_MAYBE_NULL);
		break;
	case SKEP_HELPER_RET_MEM_OR_NULL:
		v = skep_value_pointer(SKEP_VALUE_MEM, SKEP_VALUE_MAYBE_NULL);
		v.size = facts->memory_size;
		if (facts->helper->id == SKEP_HELPER_RINGBUF_RESERVE)
			v.flags |= SKEP_VALUE_RINGBUF;
		break;
	case SKEP_HELPER_RET_OBJECT:
		r = object_of(walk, facts, &v);
		break;
	case SKEP_HELPER_RET_OBJECT_OR_NULL:
		r = object_of(walk, facts, &v);
		v.flags |= SKEP_VALUE_MAYBE_NULL;
		break;
	case SKEP_HELPER_RET_SOCK_OR_NULL:
		v = skep_value_pointer(SKEP_VALUE_SOCK, SKEP_VALUE_MAYBE_NULL);
		break;
	case SKEP_HELPER_RET_SOCK_COMMON_OR_NULL:
		v = skep_value_pointer(SKEP_VALUE_SOCK_COMMON, SKEP_VALUE_MAYBE_NULL);
		break;
	case SKEP_HELPER_RET_TCP_SOCK_OR_NULL:
		v = skep_value_pointer(SKEP_VALUE_TCP_SOCK, SKEP_VALUE_MAYBE_NULL);
		break;
	}
	if (r < 0)
		return r;
	if (skep_special_has_lock(walk, &v))
		v.flags |= SKEP_VALUE_LOCKABLE;
	if (v.flags & (SKEP_VALUE_MAYBE_NULL | SKEP_VALUE_LOCKABLE))
		v.id = skep_walk_id(walk);
	*ret_value = v;
	return 0;
}

/* A socket that was looked at in another way is alive as long as the first. */
static uint32_t inherited_ref(struct skep_walk *walk, const struct skep_helper *helper)
{
	switch (helper->id) {
	case SKEP_HELPER_TCP_SOCK:
	case SKEP_HELPER_SK_FULLSOCK:
		return skep_walk_reg(walk, SKEP_R1)->ref;
	default:
		return 0;
	}
}

static int check_tail_call(struct skep_walk *walk)
{
	if (walk->state->n_refs || walk->state->lock_map)
		return skep_reject(
			walk, SKEP_REASON_REFERENCE, -1,
			"a tail call does not come back, but something that was acquired is not released");
	return 0;
}

static int no_such_helper(struct skep_walk *walk, int32_t id)
{
	const struct skep_code_func *f = &walk->code.funcs[walk->code.info[walk->insn].func];
	const struct skep_core_reloc *missing;
	_cleanup_(skep_str_fini)
	struct skep_str what = {};

	missing = id == SKEP_CORE_POISON
			  ? skep_core_missing_at(&walk->spec->progs[f->prog], walk->insn - f->first)
			  : NULL;
	if (!missing || !walk->own_btf)
		return skep_reject(walk, SKEP_REASON_CALL, -1, "there is no helper %d", id);
	skep_core_format(walk->own_btf, missing, &what);
	skep_report(walk, SKEP_REASON_CALL, -1,
		    "this needs the %s, which this kernel's types do not have",
		    skep_str_text(&what));
	skep_report_hint(walk, "ask with bpf_core_field_exists() and the like before");
	return -EINVAL;
}

int skep_call_helper(struct skep_walk *walk, struct skep_insn insn)
{
	struct skep_call_facts facts = { .helper = skep_helper_find(insn.imm), .func_reg = -1 };
	struct skep_value result;
	uint32_t ref;
	int r;

	if (!facts.helper)
		return no_such_helper(walk, insn.imm);
	r = check_allowed(walk, facts.helper);
	if (r == 0)
		r = skep_walk_check_args(walk, &facts);
	if (r == 0 && facts.helper->id == SKEP_HELPER_TAIL_CALL)
		r = check_tail_call(walk);
	if (r == 0 && facts.helper->flags & SKEP_HELPER_RELEASE && facts.ref)
		r = skep_release_ref(walk, facts.helper->name, facts.ref);
	if (r == 0 && facts.func_reg >= 0)
		r = skep_call_back(walk, &facts);
	if (r < 0)
		return r;
	if (facts.helper->flags & SKEP_HELPER_PACKET)
		forget_packet(walk->state);
	ref = inherited_ref(walk, facts.helper);
	skep_forget_call_regs(walk);
	r = result_of(walk, &facts, &result);
	if (r < 0)
		return r;
	result.ref = ref;
	if (acquires(walk, &facts)) {
		result.ref = result.id = skep_walk_id(walk);
		skep_state_acquire(walk->state, result.ref, walk->insn);
	}
	if (result.kind == SKEP_VALUE_NOTHING) {
		*skep_walk_reg(walk, SKEP_R0) = result;
		return 0;
	}
	return skep_set_reg(walk, SKEP_R0, &result);
}
