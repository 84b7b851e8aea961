/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What kernels keep for themselves in the values of maps: locks, timers, pointers to objects, heads of lists and trees. The
 * map's BTF says where they are. Programs hand them to helpers and never touch them directly.
 */
#include <errno.h>
#include <inttypes.h>

#include "verify/walk.h"

#define DEPTH_MAX 8

static const struct {
	const char *name;
	enum skep_special_kind kind;
} structures[] = {
	{ "bpf_spin_lock", SKEP_SPECIAL_LOCK },	     { "bpf_timer", SKEP_SPECIAL_TIMER },
	{ "bpf_res_spin_lock", SKEP_SPECIAL_OTHER }, { "bpf_wq", SKEP_SPECIAL_OTHER },
	{ "bpf_list_head", SKEP_SPECIAL_OTHER },     { "bpf_rb_root", SKEP_SPECIAL_OTHER },
	{ "bpf_refcount", SKEP_SPECIAL_OTHER },	     { "bpf_task_work", SKEP_SPECIAL_OTHER },
};

static void add(struct skep_special *s, uint32_t off, uint32_t size, enum skep_special_kind kind)
{
	if (s->n == SKEP_SPECIAL_MAX) { /* too many to be told apart: all of the value is special */
		s->field[0] = (struct skep_special_field){ 0, UINT32_MAX, SKEP_SPECIAL_OTHER };
		s->n = 1;
	} else {
		s->field[s->n++] = (struct skep_special_field){ off, size, kind };
	}
}

/* A pointer whose tag says that the kernel counts on it. */
static bool is_kernel_pointer(const struct skep_btf *btf, uint32_t type)
{
	struct skep_btf_type t = skep_btf_type(btf, type);

	if (t.kind != SKEP_BTF_PTR)
		return false;
	t = skep_btf_type(btf, t.type);
	return t.kind == SKEP_BTF_TYPE_TAG &&
	       (strstr(t.name, "kptr") || skep_streq(t.name, "uptr"));
}

static void find(struct skep_special *s, const struct skep_btf *btf, uint32_t type, uint32_t off,
		 unsigned depth)
{
	uint32_t id = skep_btf_strip(btf, type, true), elem, n, size;
	struct skep_special inner = {};
	struct skep_btf_member m;

	if (depth > DEPTH_MAX || skep_btf_size(btf, id, &size) < 0)
		return;
	if (is_kernel_pointer(btf, id)) {
		add(s, off, size, SKEP_SPECIAL_OTHER);
		return;
	}
	if (skep_btf_array(btf, id, &elem, &n) == 0) {
		find(&inner, btf, elem, 0, depth + 1);
		if (inner.n)
			add(s, off, size, SKEP_SPECIAL_OTHER);
		return;
	}
	if (skep_btf_kind(btf, id) != SKEP_BTF_STRUCT) /* no kernel looks into unions */
		return;
	for (size_t k = 0; k < ARRAY_SIZE(structures); k++)
		if (skep_streq(skep_btf_name(btf, id), structures[k].name)) {
			/* only members of the value itself are the same in every kernel */
			add(s, off, size, depth == 1 ? structures[k].kind : SKEP_SPECIAL_OTHER);
			return;
		}
	for (uint32_t i = 0; skep_btf_member(btf, id, i, &m) == 0; i++)
		if (!m.bit_size)
			find(s, btf, m.type, off + (uint32_t)(m.bit_offset / 8), depth + 1);
}

static void find_all(struct skep_special *s, const struct skep_btf *btf, uint32_t type)
{
	uint32_t id = skep_btf_strip(btf, type, true);
	struct skep_btf_secvar var;

	if (skep_btf_kind(btf, id) != SKEP_BTF_DATASEC)
		find(s, btf, id, 0, 0);
	else
		for (uint32_t i = 0; skep_btf_secvar(btf, id, i, &var) == 0; i++)
			find(s, btf, skep_btf_type(btf, var.type).type, var.offset, 1);
}

const struct skep_special *skep_walk_special(struct skep_walk *walk, const struct skep_value *v)
{
	const struct skep_spec_map *map = skep_walk_map(walk, v);
	struct skep_special **at = &walk->special[2 * (size_t)v->map + !!v->inner_map];

	if (!*at) {
		*at = skep_arena_calloc(walk->arena, 1, sizeof(**at));
		if (walk->own_btf && map->btf_value_type)
			find_all(*at, walk->own_btf, map->btf_value_type);
	}
	return *at;
}

static const struct skep_special_field *find_kind(const struct skep_special *s,
						  enum skep_special_kind kind)
{
	const struct skep_special_field *found = NULL;

	for (uint32_t i = 0; i < s->n; i++) {
		if (s->field[i].kind != kind)
			continue;
		if (found) /* two: no kernel makes such a map */
			return NULL;
		found = &s->field[i];
	}
	return found;
}

bool skep_special_has_lock(struct skep_walk *walk, const struct skep_value *v)
{
	return v->kind == SKEP_VALUE_MAP_VALUE &&
	       find_kind(skep_walk_special(walk, v), SKEP_SPECIAL_LOCK);
}

int skep_special_access(struct skep_walk *walk, const struct skep_access *access,
			const struct skep_value *v)
{
	const struct skep_special *s = skep_walk_special(walk, v);
	int64_t low = (int64_t)v->off + access->off + v->num.r64.smin;
	int64_t high = (int64_t)v->off + access->off + v->num.r64.smax + access->size;

	for (uint32_t i = 0; i < s->n; i++) {
		const struct skep_special_field *f = &s->field[i];

		if (low >= (int64_t)f->off + f->size || high <= f->off)
			continue;
		if (f->kind == SKEP_SPECIAL_OTHER)
			return skep_undecided(
				walk,
				"not judged: a part of the value of map %s that is the kernel's own",
				skep_walk_map(walk, v)->name);
		skep_report(walk, SKEP_REASON_ACCESS, (int)access->reg,
			    "this touches the %s in the value of map %s",
			    f->kind == SKEP_SPECIAL_LOCK ? "struct bpf_spin_lock"
							 : "struct bpf_timer",
			    skep_walk_map(walk, v)->name);
		skep_report_hint(walk, "only helpers may; copy the other members one by one");
		return -EINVAL;
	}
	return 0;
}

/* The one lock or timer of the map's value is where the pointer in @reg points to. */
static int check_points_at(struct skep_walk *walk, const struct skep_call_facts *facts,
			   unsigned reg, enum skep_special_kind kind)
{
	const struct skep_value *v = skep_walk_reg(walk, reg);
	const char *what = kind == SKEP_SPECIAL_LOCK ? "bpf_spin_lock" : "bpf_timer";
	const struct skep_special_field *f;

	if (v->kind == SKEP_VALUE_OBJECT || v->kind == SKEP_VALUE_MEM)
		return skep_undecided(walk, "not judged: %s of something that is in no map",
				      facts->helper->name);
	if (v->kind != SKEP_VALUE_MAP_VALUE || skep_value_may_be_null(v))
		return skep_arg_wrong_kind(walk, facts, reg,
					   kind == SKEP_SPECIAL_LOCK ? SKEP_ARG_LOCK
								     : SKEP_ARG_TIMER);
	f = find_kind(skep_walk_special(walk, v), kind);
	if (v->inner_map || (!f && skep_walk_special(walk, v)->n))
		return skep_undecided(walk, "not judged: the %s of this map", what);
	if (!f)
		return skep_reject(walk, SKEP_REASON_TYPE, (int)reg,
				   "%s takes a struct %s, and the value of map %s has none",
				   facts->helper->name, what, skep_walk_map(walk, v)->name);
	if (skep_scalar_is_const(&v->num) &&
	    (int64_t)v->off + (int64_t)v->num.bits.value == (int64_t)f->off)
		return 0;
	return skep_reject(
		walk, SKEP_REASON_TYPE, (int)reg,
		"%s takes a pointer to the struct %s, which is at %u in the value of map %s",
		facts->helper->name, what, f->off, skep_walk_map(walk, v)->name);
}

int skep_arg_lock(struct skep_walk *walk, struct skep_call_facts *facts, unsigned reg)
{
	const struct skep_value *v = skep_walk_reg(walk, reg);
	struct skep_state *state = walk->state;
	int r = check_points_at(walk, facts, reg, SKEP_SPECIAL_LOCK);

	if (r < 0)
		return r;
	if (facts->helper->id == SKEP_HELPER_SPIN_LOCK) {
		if (state->lock_map)
			return skep_reject(walk, SKEP_REASON_CALL, (int)reg,
					   "a second lock is taken while one is held");
		state->lock_map = v->map + 1;
		state->lock = v->id;
		return 0;
	}
	if (!state->lock_map)
		return skep_reject(walk, SKEP_REASON_REFERENCE, (int)reg,
				   "spin_unlock gives back a lock that is not held");
	if (state->lock_map != v->map + 1 || state->lock != v->id)
		return skep_reject(walk, SKEP_REASON_REFERENCE, (int)reg,
				   "spin_unlock gives back another lock than the one that is held");
	state->lock_map = state->lock = 0;
	return 0;
}

int skep_arg_timer(struct skep_walk *walk, struct skep_call_facts *facts, unsigned reg)
{
	int r = check_points_at(walk, facts, reg, SKEP_SPECIAL_TIMER);

	if (r == 0)
		facts->timer_map = *skep_walk_reg(walk, reg);
	return r;
}

/* Kinds whose programs run anywhere, in the middle of what the kernel holds locks for. */
static bool runs_anywhere(uint32_t kind)
{
	switch (kind) {
	case SKEP_PROG_KPROBE:
	case SKEP_PROG_TRACEPOINT:
	case SKEP_PROG_PERF_EVENT:
	case SKEP_PROG_RAW_TRACEPOINT:
	case SKEP_PROG_RAW_TRACEPOINT_WRITABLE:
		return true;
	default:
		return false;
	}
}

static bool may_hold(uint32_t map_kind, enum skep_special_kind what)
{
	switch (map_kind) {
	case SKEP_MAP_HASH:
	case SKEP_MAP_ARRAY:
		return true;
	case SKEP_MAP_LRU_HASH:
		return what == SKEP_SPECIAL_TIMER;
	case SKEP_MAP_SK_STORAGE:
	case SKEP_MAP_INODE_STORAGE:
	case SKEP_MAP_TASK_STORAGE:
	case SKEP_MAP_CGRP_STORAGE:
	case SKEP_MAP_CGROUP_STORAGE:
		return what == SKEP_SPECIAL_LOCK;
	default:
		return false;
	}
}

static int check_one_map(struct skep_walk *walk, const struct skep_value *v)
{
	const struct skep_special *s = skep_walk_special(walk, v);
	const struct skep_spec_map *map = skep_walk_map(walk, v);
	uint32_t kind = walk->prog->type;

	for (uint32_t i = 0; i < s->n; i++) {
		enum skep_special_kind what = s->field[i].kind;

		if (what == SKEP_SPECIAL_OTHER)
			continue;
		if (runs_anywhere(kind) ||
		    (kind == SKEP_PROG_SOCKET_FILTER && what == SKEP_SPECIAL_LOCK))
			return skep_reject(
				walk, SKEP_REASON_CALL, -1,
				"programs of kind %s cannot use map %s, whose values have a %s",
				walk->kind ? walk->kind->name : "?", map->name,
				what == SKEP_SPECIAL_LOCK ? "lock" : "timer");
		if (!may_hold(map->type, what) || map->flags & SKEP_MAP_F_RDONLY_PROG ||
		    !find_kind(s, what))
			return skep_undecided(
				walk, "not judged: map %s, of a kind or form that has no %s",
				map->name, what == SKEP_SPECIAL_LOCK ? "locks" : "timers");
	}
	return 0;
}

int skep_check_maps(struct skep_walk *walk)
{
	for (size_t i = 0; i < walk->code.n_insns; i++) {
		int32_t at = walk->code.info[i].reloc;
		const struct skep_reloc *reloc = at >= 0 ? &walk->code.relocs[at] : NULL;
		struct skep_value v = skep_value_pointer(SKEP_VALUE_MAP_VALUE, 0);
		int r;

		if (!reloc ||
		    (reloc->kind != SKEP_RELOC_MAP && reloc->kind != SKEP_RELOC_MAP_VALUE))
			continue;
		walk->insn = (uint32_t)i;
		v.map = reloc->index;
		r = check_one_map(walk, &v);
		if (r < 0)
			return r;
	}
	return 0;
}
