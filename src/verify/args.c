/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments of helpers, held against the helper's row in the table.
 */
#include <errno.h>
#include <inttypes.h>

#include "isa/attachtype.h"
#include "verify/name.h"

static bool is_null(const struct skep_value *v)
{
	return skep_value_is_const(v) && v->num.bits.value == 0;
}

static bool allows_null(enum skep_helper_arg arg)
{
	return arg == SKEP_ARG_MEM_NULL || arg == SKEP_ARG_OUT_NULL || arg == SKEP_ARG_VALUE_NULL ||
	       arg == SKEP_ARG_CTX_NULL || arg == SKEP_ARG_OBJECT_NULL || arg == SKEP_ARG_FUNC_CTX;
}

static bool is_memory(const struct skep_value *v)
{
	switch (v->kind) {
	case SKEP_VALUE_STACK:
	case SKEP_VALUE_PACKET:
	case SKEP_VALUE_PACKET_META:
	case SKEP_VALUE_MAP_VALUE:
	case SKEP_VALUE_MAP_KEY:
	case SKEP_VALUE_BUF:
		return true;
	case SKEP_VALUE_MEM:
		return !(v->flags & SKEP_VALUE_UNTRUSTED);
	case SKEP_VALUE_OBJECT:
		return v->flags & (SKEP_VALUE_TRUSTED | SKEP_VALUE_RCU);
	default:
		return false;
	}
}

/* The helpers that kernels let work on the packet in place. */
static bool takes_packets(int32_t helper)
{
	switch (helper) {
	case SKEP_HELPER_MAP_LOOKUP_ELEM:
	case SKEP_HELPER_MAP_UPDATE_ELEM:
	case SKEP_HELPER_MAP_DELETE_ELEM:
	case SKEP_HELPER_MAP_PUSH_ELEM:
	case SKEP_HELPER_MAP_LOOKUP_PERCPU_ELEM:
	case SKEP_HELPER_CSUM_DIFF:
	case SKEP_HELPER_SK_LOOKUP_TCP:
	case SKEP_HELPER_SK_LOOKUP_UDP:
	case SKEP_HELPER_SKC_LOOKUP_TCP:
	case SKEP_HELPER_TCP_CHECK_SYNCOOKIE:
	case SKEP_HELPER_TCP_GEN_SYNCOOKIE:
	case SKEP_HELPER_TCP_RAW_GEN_SYNCOOKIE_IPV4:
	case SKEP_HELPER_TCP_RAW_GEN_SYNCOOKIE_IPV6:
	case SKEP_HELPER_TCP_RAW_CHECK_SYNCOOKIE_IPV4:
	case SKEP_HELPER_TCP_RAW_CHECK_SYNCOOKIE_IPV6:
		return true;
	default:
		return false;
	}
}

enum use {
	USE_READ,
	USE_WRITE,  /* all of it is written, it need not hold anything before */
	USE_CHANGE, /* read and written */
};

/* A helper's access to @size bytes behind @reg. */
static int check_memory(struct skep_walk *walk, struct skep_call_facts *facts, unsigned reg,
			enum skep_helper_arg arg, uint64_t size, enum use use)
{
	struct skep_value *v = skep_walk_reg(walk, reg);
	struct skep_access access = {
		.reg = reg,
		.size = (uint32_t)size,
		.direction = use == USE_READ ? SKEP_READ : SKEP_WRITE,
		.by_helper = true,
	};
	uint16_t before;
	int r;

	if (!is_memory(v) || (skep_value_may_be_null(v) && !allows_null(arg)))
		return skep_arg_wrong_kind(walk, facts, reg, arg);
	if (skep_value_is_packet(v) && walk->prog->type != SKEP_PROG_CGROUP_SOCKOPT &&
	    !takes_packets(facts->helper->id)) {
		skep_report(walk, SKEP_REASON_ACCESS, (int)reg,
			    "%s cannot work on the packet itself", facts->helper->name);
		skep_report_hint(walk, "copy the bytes to the stack first");
		return -EINVAL;
	}
	if (v->kind == SKEP_VALUE_STACK)
		return skep_stack_range(walk, &access, v, use == USE_WRITE);
	/* a helper that may be given NULL checks for it itself */
	before = v->flags;
	v->flags &= (uint16_t)~SKEP_VALUE_MAYBE_NULL;
	r = skep_access_memory(walk, &access, NULL, NULL);
	v->flags = before;
	return r;
}

/* How much: bounded, not negative, and if it must be, not 0. */
static int check_size(struct skep_walk *walk, struct skep_call_facts *facts, unsigned reg,
		      bool zero_allowed)
{
	const struct skep_value *v = skep_walk_reg(walk, reg);
	const char *name = facts->helper->name;
	int r = skep_need_set(walk, reg);

	if (r < 0)
		return r;
	if (v->kind != SKEP_VALUE_NUMBER)
		return skep_arg_wrong_kind(walk, facts, reg,
					   zero_allowed ? SKEP_ARG_SIZE0 : SKEP_ARG_SIZE);
	if (v->num.r64.smin < 0) {
		skep_report(walk, SKEP_REASON_BOUNDS, (int)reg,
			    "the size for %s in r%u may be negative", name, reg);
		skep_report_hint(
			walk,
			"use an unsigned number and bound it: if (size > sizeof(buffer)) size = sizeof(buffer)");
		return -EINVAL;
	}
	if (v->num.r64.umin == 0 && !zero_allowed) {
		skep_report(walk, SKEP_REASON_BOUNDS, (int)reg, "the size for %s in r%u may be 0",
			    name, reg);
		skep_report_hint(walk, "leave out the call when it is 0");
		return -EINVAL;
	}
	if (v->num.r64.umax >= 1 << 29) {
		skep_report(walk, SKEP_REASON_BOUNDS, (int)reg,
			    "nothing bounds the size for %s in r%u", name, reg);
		skep_report_hint(
			walk, "mask it (size &= 0xff) or compare it with the buffer's size first");
		return -EINVAL;
	}
	facts->most = MAX(facts->most, v->num.r64.smax);
	return 0;
}

/* Memory whose size is the next argument. */
static int check_sized(struct skep_walk *walk, struct skep_call_facts *facts, unsigned reg,
		       enum skep_helper_arg arg)
{
	enum skep_helper_arg next =
		facts->helper->args[reg]; /* args[] counts from 0, registers from 1 */
	bool zero_allowed = next == SKEP_ARG_SIZE0;
	const struct skep_value *v = skep_walk_reg(walk, reg), *size = skep_walk_reg(walk, reg + 1);
	enum use use = USE_READ;
	int r = check_size(walk, facts, reg + 1, zero_allowed);

	if (r < 0)
		return r;
	if (arg == SKEP_ARG_OUT || arg == SKEP_ARG_OUT_NULL)
		use = skep_value_is_const(size) ? USE_WRITE : USE_CHANGE;
	else if (arg == SKEP_ARG_INOUT)
		use = USE_CHANGE;
	/* nothing can be read from NULL, so the size has to be 0 then */
	if (is_null(v) && allows_null(arg) && zero_allowed && size->num.r64.umax == 0)
		return skep_need_precise(walk, reg + 1);
	r = check_memory(walk, facts, reg, arg, size->num.r64.umax, use);
	return r < 0 ? r : skep_need_precise(walk, reg + 1);
}

static int need_map(struct skep_walk *walk, const struct skep_call_facts *facts, unsigned reg)
{
	if (facts->has_map)
		return 0;
	return skep_reject(walk, SKEP_REASON_CALL, (int)reg, "%s needs a map before r%u",
			   facts->helper->name, reg);
}

/* A known index of an array that is inside of it, saved as exactly four bytes: the look-up finds it. */
static bool finds_element(struct skep_walk *walk, const struct skep_spec_map *map, unsigned reg)
{
	const struct skep_value *v = skep_walk_reg(walk, reg);
	const struct skep_frame *frame;
	const struct skep_slot *slot;
	struct skep_needs needs = {};
	uint64_t index = 0;
	int at;

	if ((map->type != SKEP_MAP_ARRAY && map->type != SKEP_MAP_PERCPU_ARRAY) ||
	    v->kind != SKEP_VALUE_STACK || !skep_scalar_is_const(&v->num))
		return false;
	at = v->off + (int)v->num.bits.value;
	frame = walk->state->frames[v->frame];
	if (at >= 0 || (uint32_t)((-at - 1) / 8) >= skep_frame_n_slots(frame))
		return false;
	slot = skep_frame_slot(frame, (uint32_t)((-at - 1) / 8));
	if ((at & 7) == 0 && skep_slot_is_saved(slot) && slot->value.kind == SKEP_VALUE_NUMBER &&
	    slot->bytes[3] == SKEP_BYTE_SAVED && slot->bytes[4] != SKEP_BYTE_SAVED &&
	    skep_scalar_is_const32(&slot->value.num)) {
		index = slot->value.num.r32.umin;
		needs.slots[v->frame] = 1ULL << ((-at - 1) / 8);
	} else {
		for (int i = 0; i < 4; i++)
			if (slot->bytes[(at & 7) + i] != SKEP_BYTE_ZERO)
				return false;
	}
	if (index >= map->max_entries)
		return false;
	skep_need_precise_of(walk, walk->state, needs);
	return true;
}

static int check_key_or_value(struct skep_walk *walk, struct skep_call_facts *facts, unsigned reg,
			      enum skep_helper_arg arg)
{
	const struct skep_spec_map *map;
	int r = need_map(walk, facts, reg);

	if (r < 0)
		return r;
	map = skep_walk_map(walk, &facts->map);
	if (arg == SKEP_ARG_KEY) {
		r = check_memory(walk, facts, reg, arg, map->key_size, USE_READ);
		if (r == 0)
			facts->key_exists = finds_element(walk, map, reg);
		return r;
	}
	if (map->type == SKEP_MAP_SOCKMAP || map->type == SKEP_MAP_SOCKHASH)
		return skep_arg_socket(walk, facts, reg, SKEP_ARG_SOCK);
	if (arg == SKEP_ARG_VALUE_NULL && is_null(skep_walk_reg(walk, reg)))
		return 0;
	return check_memory(walk, facts, reg, arg, map->value_size,
			    arg == SKEP_ARG_VALUE_OUT ? USE_WRITE : USE_READ);
}

/* Maps of sockets are changed only where no socket may be locked already. */
static int check_sockmap(struct skep_walk *walk, const struct skep_call_facts *facts, unsigned reg,
			 const struct skep_spec_map *map)
{
	int32_t helper = facts->helper->id;

	if ((map->type != SKEP_MAP_SOCKMAP && map->type != SKEP_MAP_SOCKHASH) ||
	    (helper != SKEP_HELPER_MAP_UPDATE_ELEM && helper != SKEP_HELPER_MAP_DELETE_ELEM))
		return 0;
	switch (walk->prog->type) {
	case SKEP_PROG_SOCKET_FILTER:
	case SKEP_PROG_SCHED_CLS:
	case SKEP_PROG_SCHED_ACT:
	case SKEP_PROG_XDP:
	case SKEP_PROG_SK_REUSEPORT:
	case SKEP_PROG_FLOW_DISSECTOR:
	case SKEP_PROG_SK_LOOKUP:
		return 0;
	case SKEP_PROG_TRACING:
		if (walk->prog->attach_type == SKEP_AT_TRACE_ITER)
			return 0;
		break;
	case SKEP_PROG_SOCK_OPS:
		if (helper == SKEP_HELPER_MAP_DELETE_ELEM)
			return 0;
		break;
	default:
		break;
	}
	skep_report(walk, SKEP_REASON_CALL, (int)reg,
		    "programs of this kind cannot change map %s, which holds sockets", map->name);
	if (walk->prog->type == SKEP_PROG_SOCK_OPS)
		skep_report_hint(walk, "use bpf_sock_map_update() or bpf_sock_hash_update()");
	return -EINVAL;
}

static int check_map(struct skep_walk *walk, struct skep_call_facts *facts, unsigned reg)
{
	const struct skep_value *v = skep_walk_reg(walk, reg);
	const struct skep_spec_map *map;
	const struct skep_map_kind *kind;

	if (v->kind != SKEP_VALUE_MAP || skep_value_may_be_null(v))
		return skep_arg_wrong_kind(walk, facts, reg, SKEP_ARG_MAP);
	map = skep_walk_map(walk, v);
	facts->map = *v;
	facts->has_map = true;
	if (skep_map_kind_has_helper(map->type, facts->helper->id))
		return check_sockmap(walk, facts, reg, map);
	kind = skep_map_kind_find(map->type);
	return skep_reject(walk, SKEP_REASON_CALL, (int)reg,
			   "%s does not work on map %s, which is of kind %s", facts->helper->name,
			   map->name, kind ? kind->name : "?");
}

/* A text that cannot change: in a map that is read-only for everybody, with its end. */
static int check_string(struct skep_walk *walk, struct skep_call_facts *facts, unsigned reg)
{
	const struct skep_value *v = skep_walk_reg(walk, reg);
	const struct skep_spec_map *map;
	uint64_t at;

	if (v->kind != SKEP_VALUE_MAP_VALUE || skep_value_may_be_null(v))
		return skep_arg_wrong_kind(walk, facts, reg, SKEP_ARG_STR);
	map = skep_walk_map(walk, v);
	if (!map->read_only || !(map->flags & SKEP_MAP_F_RDONLY_PROG) ||
	    !skep_scalar_is_const(&v->num))
		return skep_reject(
			walk, SKEP_REASON_TYPE, (int)reg,
			"%s takes a constant text in r%u (of .rodata), not a variable one",
			facts->helper->name, reg);
	at = (uint64_t)v->off + v->num.bits.value;
	if (at < map->value_size &&
	    (at >= map->data_size || memchr((const char *)map->data + at, 0, map->data_size - at)))
		return 0;
	return skep_reject(walk, SKEP_REASON_BOUNDS, (int)reg,
			   "the text for %s has no end inside of its memory", facts->helper->name);
}

static int check_constant(struct skep_walk *walk, struct skep_call_facts *facts, unsigned reg)
{
	const struct skep_value *v = skep_walk_reg(walk, reg);

	if (!skep_value_is_const(v) || v->num.bits.value > UINT32_MAX)
		return skep_reject(walk, SKEP_REASON_BOUNDS, (int)reg,
				   "the size for %s in r%u has to be a known constant",
				   facts->helper->name, reg);
	facts->memory_size = (uint32_t)v->num.bits.value;
	return skep_need_precise(walk, reg);
}

static int check_function(struct skep_walk *walk, struct skep_call_facts *facts, unsigned reg)
{
	if (skep_walk_reg(walk, reg)->kind != SKEP_VALUE_FUNC)
		return skep_arg_wrong_kind(walk, facts, reg, SKEP_ARG_FUNC);
	facts->func_reg = (int)reg;
	return 0;
}

static int check_fixed(struct skep_walk *walk, struct skep_call_facts *facts, unsigned reg,
		       enum skep_helper_arg arg)
{
	enum use use = arg == SKEP_ARG_OUT8	? USE_WRITE
		       : arg == SKEP_ARG_INOUT4 ? USE_CHANGE
						: USE_READ;
	const struct skep_value *v = skep_walk_reg(walk, reg);
	struct skep_tnum place =
		skep_tnum_add(v->num.bits, skep_tnum_const((uint64_t)(int64_t)v->off));
	unsigned size = skep_helper_arg_size(arg);

	/* packets are laid out for their headers behind the link's to be aligned, and kernels count with that */
	if (skep_value_is_packet(v))
		place = skep_tnum_add(place, skep_tnum_const(2));
	if (use != USE_READ && is_memory(v) && !skep_tnum_is_aligned(place, size))
		return skep_reject(walk, SKEP_REASON_ALIGN, (int)reg,
				   "%s needs an aligned place for a number of %u bytes in r%u",
				   facts->helper->name, size, reg);
	return check_memory(walk, facts, reg, arg, size, use);
}

static int check_arg(struct skep_walk *walk, struct skep_call_facts *facts, unsigned reg)
{
	enum skep_helper_arg arg = skep_helper_arg_for(facts->helper, reg - 1, walk->prog->type);
	int r = 0;

	if (arg == SKEP_ARG_NONE)
		return 0;
	r = skep_need_set(walk, reg);
	if (r < 0)
		return r;
	if (allows_null(arg) && is_null(skep_walk_reg(walk, reg)) && arg != SKEP_ARG_MEM_NULL &&
	    arg != SKEP_ARG_OUT_NULL)
		return 0;
	switch (arg) {
	case SKEP_ARG_NONE:
	case SKEP_ARG_ANY:
	case SKEP_ARG_SIZE: /* with the memory before it */
	case SKEP_ARG_SIZE0:
		return 0;
	case SKEP_ARG_MAP:
		return check_map(walk, facts, reg);
	case SKEP_ARG_KEY:
	case SKEP_ARG_VALUE:
	case SKEP_ARG_VALUE_NULL:
	case SKEP_ARG_VALUE_OUT:
		return check_key_or_value(walk, facts, reg, arg);
	case SKEP_ARG_MEM:
	case SKEP_ARG_MEM_NULL:
	case SKEP_ARG_OUT:
	case SKEP_ARG_OUT_NULL:
	case SKEP_ARG_INOUT:
		return check_sized(walk, facts, reg, arg);
	case SKEP_ARG_OUT8:
	case SKEP_ARG_INOUT4:
	case SKEP_ARG_IN20:
	case SKEP_ARG_IN40:
		return check_fixed(walk, facts, reg, arg);
	case SKEP_ARG_CONST_SIZE:
		return check_constant(walk, facts, reg);
	case SKEP_ARG_STR:
		return check_string(walk, facts, reg);
	case SKEP_ARG_CTX:
	case SKEP_ARG_CTX_NULL:
		return skep_arg_context(walk, facts, reg, arg);
	case SKEP_ARG_FUNC:
		return check_function(walk, facts, reg);
	case SKEP_ARG_FUNC_CTX:
		if (skep_walk_reg(walk, reg)->kind != SKEP_VALUE_STACK)
			return skep_arg_wrong_kind(walk, facts, reg, arg);
		return 0;
	case SKEP_ARG_RECORD:
		return skep_arg_record(walk, facts, reg);
	case SKEP_ARG_SOCK:
		/* here, no socket is a choice as well */
		if (facts->helper->id == SKEP_HELPER_SK_ASSIGN &&
		    walk->prog->type == SKEP_PROG_SK_LOOKUP && is_null(skep_walk_reg(walk, reg)))
			return 0;
		return skep_arg_socket(walk, facts, reg, arg);
	case SKEP_ARG_SOCK_COMMON:
		return skep_arg_socket(walk, facts, reg, arg);
	case SKEP_ARG_OBJECT:
	case SKEP_ARG_OBJECT_NULL:
		return skep_arg_object(walk, facts, reg, arg);
	case SKEP_ARG_LOCK:
		return skep_arg_lock(walk, facts, reg);
	case SKEP_ARG_TIMER:
		return skep_arg_timer(walk, facts, reg);
	case SKEP_ARG_KPTR:
	case SKEP_ARG_PERCPU:
	case SKEP_ARG_DYNPTR:
	case SKEP_ARG_DYNPTR_OUT:
		break;
	}
	return skep_undecided(walk, "not judged: %s, which takes %s", facts->helper->name,
			      skep_helper_arg_text(arg));
}

/* Rules that no kind of argument says. */
static int check_special(struct skep_walk *walk, const struct skep_call_facts *facts)
{
	const struct skep_value *r2 = skep_walk_reg(walk, SKEP_R2);

	if (facts->helper->id == SKEP_HELPER_GET_LOCAL_STORAGE && !is_null(r2))
		return skep_reject(walk, SKEP_REASON_CALL, SKEP_R2,
				   "get_local_storage has no flags yet: r2 has to be 0");
	if (facts->helper->id == SKEP_HELPER_TIMER_INIT && facts->map.map != facts->timer_map.map)
		return skep_reject(walk, SKEP_REASON_CALL, SKEP_R2,
				   "timer_init takes the map that the timer is in");
	return 0;
}

int skep_walk_check_args(struct skep_walk *walk, struct skep_call_facts *facts)
{
	int r = 0;

	for (unsigned i = 0; i < skep_code_helper_args(facts->helper) && r == 0; i++)
		r = check_arg(walk, facts, SKEP_R1 + i);
	return r < 0 ? r : check_special(walk, facts);
}
