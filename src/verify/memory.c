/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads, stores and atomic operations: the address decides which rules apply.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "verify/name.h"

static const char *verb(const struct skep_access *access)
{
	return access->direction == SKEP_READ ? "read" : "write";
}

/* "byte 5", "bytes 5 to 8". */
static const char *bytes_text(int64_t from, uint64_t size, char text[64])
{
	if (size <= 1)
		snprintf(text, 64, "byte %" PRId64, from);
	else
		snprintf(text, 64, "bytes %" PRId64 " to %" PRId64, from, from + (int64_t)size - 1);
	return text;
}

/* " (-8 at least)" where that is known. */
static const char *least_text(int64_t least, char text[64])
{
	text[0] = 0;
	if (least > INT32_MIN)
		snprintf(text, 64, " (%" PRId64 " at least)", least);
	return text;
}

int skep_walk_check_bounds(struct skep_walk *walk, const struct skep_value *v, unsigned reg,
			   int64_t off, uint64_t size, uint64_t limit, const char *object)
{
	const struct skep_range *r = &v->num.r64;
	int64_t low = off + r->smin;
	uint64_t high;
	char text[64];

	if (r->smin < 0 && (r->smin == INT64_MIN || low != (int32_t)low || low < 0)) {
		skep_report(walk, SKEP_REASON_BOUNDS, (int)reg,
			    "%s may be negative here%s, which is before %s begins",
			    skep_text_of_added(walk, reg), least_text(r->smin, text), object);
		skep_report_hint(walk, "use an unsigned index, or check that it is not negative");
		return -EINVAL;
	}
	if (low < 0 || (uint64_t)low + size > limit) {
		skep_report(walk, SKEP_REASON_BOUNDS, (int)reg,
			    "this accesses %s of %s, which has %" PRIu64,
			    bytes_text(low, size, text), object, limit);
		if (low >= 0)
			skep_report_hint(walk,
					 "the last place that %" PRIu64
					 " bytes can be at is %" PRIu64,
					 size, limit < size ? 0 : limit - size);
		return -EINVAL;
	}
	if (r->umax >= 1 << 29) {
		skep_report(walk, SKEP_REASON_BOUNDS, (int)reg,
			    "nothing bounds %s here, but %s has %" PRIu64 " bytes",
			    skep_text_of_added(walk, reg), object, limit);
		skep_hint_bound(walk, reg, off, size, limit);
		return -EINVAL;
	}
	high = (uint64_t)(off + (int64_t)r->umax);
	if (high + size > limit) {
		skep_report(walk, SKEP_REASON_BOUNDS, (int)reg,
			    "%s may be %" PRIu64 " to %" PRIu64 " here, but %s has %" PRIu64
			    " bytes: this may access %s",
			    skep_text_of_added(walk, reg), r->umin, r->umax, object, limit,
			    bytes_text((int64_t)high, size, text));
		skep_hint_bound(walk, reg, off, size, limit);
		return -EINVAL;
	}
	return 0;
}

/* The object may not have been moved by anything that is not known now. */
static int check_fixed(struct skep_walk *walk, const struct skep_access *access,
		       const struct skep_value *v)
{
	if (skep_scalar_is_const(&v->num) && v->num.bits.value == 0)
		return 0;
	return skep_reject(walk, SKEP_REASON_BOUNDS, (int)access->reg,
			   "%s is accessed at a place that is not known before the program runs",
			   skep_value_kind_text(v));
}

static int check_alignment(struct skep_walk *walk, const struct skep_access *access,
			   const struct skep_value *v)
{
	struct skep_tnum place;

	if ((v->kind != SKEP_VALUE_STACK && !access->aligned) || access->size <= 1)
		return 0;
	place = skep_tnum_add(v->num.bits,
			      skep_tnum_const((uint64_t)((int64_t)v->off + access->off)));
	if (skep_tnum_is_aligned(place, access->size))
		return 0;
	if (v->kind == SKEP_VALUE_STACK)
		return skep_reject(walk, SKEP_REASON_ALIGN, (int)access->reg,
				   "a misaligned %s of %u bytes on the stack", verb(access),
				   access->size);
	return skep_reject(walk, SKEP_REASON_ALIGN, (int)access->reg,
			   "an atomic %s of %u bytes at a place that may be misaligned",
			   verb(access), access->size);
}

static uint64_t load_bytes(const uint8_t *bytes, uint32_t size)
{
	uint64_t x = 0;

	for (uint32_t i = 0; i < size; i++)
		x |= (uint64_t)bytes[i] << (8 * i);
	return x;
}

/* A user may give it another value before the program is loaded. */
static void note_constant(struct skep_walk *walk, const struct skep_spec_map *map, uint64_t off)
{
	for (size_t i = 0; i < walk->spec->n_vars; i++) {
		const struct skep_spec_var *var = &walk->spec->vars[i];

		if (&walk->spec->maps[var->map] != map || off - var->offset >= var->size_bytes)
			continue;
		walk->several_constants |= walk->constant && walk->constant != var;
		walk->constant = var;
		walk->read_constants = true;
		return;
	}
}

/* A load from contents that never change is a constant. */
static bool known_contents(struct skep_walk *walk, const struct skep_spec_map *map,
			   const struct skep_value *v, const struct skep_access *access,
			   struct skep_value *ret_value)
{
	int64_t off = (int64_t)v->off + access->off + (int64_t)v->num.bits.value;
	uint8_t bytes[8] = {};

	if (!map->read_only || !(map->flags & SKEP_MAP_F_RDONLY_PROG) ||
	    !skep_scalar_is_const(&v->num) || walk->any_constants)
		return false;
	note_constant(walk, map, (uint64_t)off);
	for (uint32_t i = 0; i < access->size; i++)
		if ((uint64_t)off + i < map->data_size)
			bytes[i] = ((const uint8_t *)map->data)[(uint64_t)off + i];
	*ret_value = skep_value_const(load_bytes(bytes, access->size));
	return true;
}

static int access_map_value(struct skep_walk *walk, const struct skep_access *access,
			    const struct skep_value *v, struct skep_value *ret_value)
{
	const struct skep_spec_map *map = skep_walk_map(walk, v);
	char object[96];
	int r;

	skep_text_of_data(walk, map, v, object, sizeof(object));
	if (access->direction == SKEP_WRITE && map->flags & SKEP_MAP_F_RDONLY_PROG) {
		skep_report(walk, SKEP_REASON_ACCESS, (int)access->reg,
			    "%s cannot be written: map %s is read-only for programs", object,
			    map->name);
		if (map->name[0] == '.')
			skep_report_hint(walk, "declare the variable without const");
		return -EINVAL;
	}
	if (access->direction == SKEP_READ && map->flags & SKEP_MAP_F_WRONLY_PROG)
		return skep_reject(walk, SKEP_REASON_ACCESS, (int)access->reg,
				   "map %s is write-only for programs", map->name);
	r = skep_walk_check_bounds(walk, v, access->reg, (int64_t)v->off + access->off,
				   access->size, map->value_size, object);
	if (r < 0)
		return r;
	r = skep_special_access(walk, access, v);
	if (r < 0)
		return r;
	if (access->direction == SKEP_READ && access->size <= 8)
		(void)known_contents(walk, map, v, access, ret_value);
	return 0;
}

static int access_map_key(struct skep_walk *walk, const struct skep_access *access,
			  const struct skep_value *v)
{
	const struct skep_spec_map *map = skep_walk_map(walk, v);

	if (access->direction == SKEP_WRITE)
		return skep_reject(walk, SKEP_REASON_ACCESS, (int)access->reg,
				   "a map's key cannot be written");
	return skep_walk_check_bounds(walk, v, access->reg, (int64_t)v->off + access->off,
				      access->size, map->key_size, "a map's key");
}

static int access_memory_block(struct skep_walk *walk, const struct skep_access *access,
			       const struct skep_value *v)
{
	if (access->direction == SKEP_WRITE && v->flags & SKEP_VALUE_READ_ONLY)
		return skep_reject(walk, SKEP_REASON_ACCESS, (int)access->reg,
				   "this memory is read-only");
	/* a pointer of the kernel's of which nothing more is known: a read that faults gives 0 */
	if (v->flags & SKEP_VALUE_UNTRUSTED)
		return 0;
	return skep_walk_check_bounds(
		walk, v, access->reg, (int64_t)v->off + access->off, access->size, v->size,
		v->flags & SKEP_VALUE_RINGBUF ? "the reserved record" : "the memory");
}

/* Kinds of programs that may write packets directly; the others may read them. */
static bool writes_packets(uint32_t kind)
{
	switch (kind) {
	case SKEP_PROG_SCHED_CLS:
	case SKEP_PROG_SCHED_ACT:
	case SKEP_PROG_XDP:
	case SKEP_PROG_LWT_XMIT:
	case SKEP_PROG_SK_SKB:
	case SKEP_PROG_SK_MSG:
	case SKEP_PROG_CGROUP_SOCKOPT:
		return true;
	default:
		return false;
	}
}

static int access_packet(struct skep_walk *walk, const struct skep_access *access,
			 const struct skep_value *v)
{
	int64_t off = (int64_t)v->off + access->off;
	const char *what;
	char text[64];

	if (access->direction == SKEP_WRITE && !writes_packets(walk->prog->type))
		return skep_reject(walk, SKEP_REASON_ACCESS, (int)access->reg,
				   "programs of this kind cannot write the packet");
	if (v->num.r64.smin < 0) {
		skep_report(
			walk, SKEP_REASON_BOUNDS, (int)access->reg,
			"this may access bytes before the packet: what was added to r%u may be negative",
			access->reg);
		skep_report_hint(walk, "use an unsigned offset, or check that it is not negative");
		return -EINVAL;
	}
	if (off >= 0 && (uint64_t)off + access->size <= v->range)
		return 0;
	(void)bytes_text(off, access->size, text);
	what = skep_text_of_memory(walk, access);
	if (v->range)
		skep_report(
			walk, SKEP_REASON_BOUNDS, (int)access->reg,
			"this %ss %s%s of the packet, but only the first %u are proven to exist here",
			verb(access), what, text, v->range);
	else
		skep_report(
			walk, SKEP_REASON_BOUNDS, (int)access->reg,
			"this %ss %s%s of the packet, but nothing proves that the packet has any",
			verb(access), what, text);
	skep_hint_end(walk, access, off);
	return -EINVAL;
}

#define SIZE_FLOW_KEYS 56 /* of struct bpf_flow_keys */

static int access_flow_keys(struct skep_walk *walk, const struct skep_access *access,
			    const struct skep_value *v)
{
	int r = check_fixed(walk, access, v);

	if (r < 0)
		return r;
	return skep_walk_check_bounds(walk, v, access->reg, (int64_t)v->off + access->off,
				      access->size, SIZE_FLOW_KEYS, skep_value_kind_text(v));
}

static int access_pointer(struct skep_walk *walk, const struct skep_access *access,
			  const struct skep_value *v, const struct skep_value *value,
			  struct skep_value *ret_value)
{
	bool is_stale = v->kind == SKEP_VALUE_NUMBER && v->flags & SKEP_VALUE_STALE;

	switch ((enum skep_value_kind)v->kind) {
	case SKEP_VALUE_STACK:
		if (access->direction == SKEP_READ)
			return skep_stack_read(walk, access, v, ret_value);
		return skep_stack_write(walk, access, v, value);
	case SKEP_VALUE_MAP_VALUE:
		return access_map_value(walk, access, v, ret_value);
	case SKEP_VALUE_MAP_KEY:
		return access_map_key(walk, access, v);
	case SKEP_VALUE_MEM:
		return access_memory_block(walk, access, v);
	case SKEP_VALUE_PACKET:
	case SKEP_VALUE_PACKET_META:
		return access_packet(walk, access, v);
	case SKEP_VALUE_CTX:
		return skep_access_context(walk, access, v, ret_value);
	case SKEP_VALUE_OBJECT:
		return skep_access_object(walk, access, v, ret_value);
	case SKEP_VALUE_MAP:
		return skep_access_map(walk, access, v, ret_value);
	case SKEP_VALUE_SOCK:
	case SKEP_VALUE_SOCK_COMMON:
	case SKEP_VALUE_TCP_SOCK:
	case SKEP_VALUE_XDP_SOCK:
		return skep_access_socket(walk, access, v);
	case SKEP_VALUE_FLOW_KEYS:
		return access_flow_keys(walk, access, v);
	case SKEP_VALUE_BUF:
	case SKEP_VALUE_TP_BUFFER:
		if (access->direction == SKEP_WRITE && v->flags & SKEP_VALUE_READ_ONLY)
			return skep_reject(walk, SKEP_REASON_ACCESS, (int)access->reg,
					   "this buffer is read-only");
		if ((int64_t)v->off + access->off < 0)
			return skep_reject(walk, SKEP_REASON_BOUNDS, (int)access->reg,
					   "this accesses the buffer before it begins");
		return check_fixed(walk, access, v);
	default:
		if (is_stale) {
			skep_report_stale(walk, SKEP_REASON_UNSET, access->reg);
			return -EINVAL;
		}
		skep_report(walk, SKEP_REASON_TYPE, (int)access->reg,
			    "r%u is %s here, not memory that could be %s", access->reg,
			    skep_value_kind_text(v),
			    access->direction == SKEP_READ ? "read" : "written");
		if (v->kind == SKEP_VALUE_NUMBER)
			skep_report_hint(
				walk,
				"memory of the kernel or of a process is read with bpf_probe_read_kernel() or "
				"bpf_probe_read_user()");
		return -EINVAL;
	}
}

int skep_access_memory(struct skep_walk *walk, const struct skep_access *access,
		       const struct skep_value *value, struct skep_value *ret_value)
{
	struct skep_value v = *skep_walk_reg(walk, access->reg), loaded = skep_value_number();
	int r;

	if (skep_value_may_be_null(&v)) {
		skep_report(walk, SKEP_REASON_NULL, (int)access->reg, "r%u is %s that may be NULL",
			    access->reg, skep_value_kind_text(&v));
		skep_hint_null(walk, access->reg, verb(access));
		return -EINVAL;
	}
	r = check_alignment(walk, access, &v);
	if (r == 0)
		r = access_pointer(walk, access, &v, value, &loaded);
	if (r < 0 || !ret_value)
		return r;
	if (access->size < 8 && loaded.kind == SKEP_VALUE_NUMBER) {
		if (access->sign_extend) {
			/* with a sign that may be 1 it is not the number that was saved */
			if (loaded.num.r64.umax >> (access->size * 8 - 1))
				loaded.id = 0;
			skep_scalar_sign_extend(&loaded.num, access->size);
		} else {
			skep_scalar_truncate(&loaded.num, access->size);
		}
	}
	*ret_value = loaded;
	return 0;
}

/* Pointers that instructions of the kernel are rewritten for: one instruction serves one kind only. */
static bool is_rewritten(uint8_t kind)
{
	switch (kind) {
	case SKEP_VALUE_CTX:
	case SKEP_VALUE_SOCK:
	case SKEP_VALUE_SOCK_COMMON:
	case SKEP_VALUE_TCP_SOCK:
	case SKEP_VALUE_XDP_SOCK:
	case SKEP_VALUE_OBJECT:
		return true;
	default:
		return false;
	}
}

static int check_one_kind(struct skep_walk *walk, unsigned reg)
{
	uint8_t kind = skep_walk_reg(walk, reg)->kind, *before = &walk->address_kind[walk->insn];

	if (*before != SKEP_VALUE_NOTHING && *before != kind &&
	    (is_rewritten(kind) || is_rewritten(*before)))
		return skep_reject(
			walk, SKEP_REASON_TYPE, (int)reg,
			"this instruction accesses different kinds of memory on different paths");
	*before = kind;
	return 0;
}

int skep_step_load(struct skep_walk *walk, struct skep_insn insn)
{
	struct skep_access access = {
		.reg = insn.src,
		.off = insn.off,
		.size = skep_size_bytes(insn.opcode & SKEP_SIZE_MASK),
		.direction = SKEP_READ,
		.sign_extend = (insn.opcode & SKEP_MODE_MASK) == SKEP_MODE_MEMSX,
		.aligned = (insn.opcode & SKEP_MODE_MASK) == SKEP_MODE_ATOMIC,
	};
	struct skep_value v;
	int r = skep_need_set(walk, insn.src);

	if (r == 0)
		r = skep_access_memory(walk, &access, NULL, &v);
	if (r == 0)
		r = check_one_kind(walk, insn.src);
	return r < 0 ? r : skep_set_reg(walk, insn.dst, &v);
}

int skep_step_store(struct skep_walk *walk, struct skep_insn insn)
{
	bool by_reg = skep_insn_class(insn) == SKEP_CLASS_STX;
	struct skep_access access = {
		.reg = insn.dst,
		.off = insn.off,
		.size = skep_size_bytes(insn.opcode & SKEP_SIZE_MASK),
		.direction = SKEP_WRITE,
		.aligned = by_reg && (insn.opcode & SKEP_MODE_MASK) == SKEP_MODE_ATOMIC,
	};
	struct skep_value v = skep_value_const((uint64_t)(int64_t)insn.imm);
	int r = by_reg ? skep_need_set(walk, insn.src) : 0;

	if (r == 0)
		r = skep_need_set(walk, insn.dst);
	if (r < 0)
		return r;
	if (by_reg)
		v = *skep_walk_reg(walk, insn.src);
	r = skep_access_memory(walk, &access, &v, NULL);
	return r < 0 ? r : check_one_kind(walk, insn.dst);
}

static bool allows_atomics(const struct skep_value *v)
{
	switch (v->kind) {
	case SKEP_VALUE_CTX:
	case SKEP_VALUE_PACKET:
	case SKEP_VALUE_PACKET_META:
	case SKEP_VALUE_FLOW_KEYS:
	case SKEP_VALUE_SOCK:
	case SKEP_VALUE_SOCK_COMMON:
	case SKEP_VALUE_TCP_SOCK:
	case SKEP_VALUE_XDP_SOCK:
		return false;
	default:
		return true;
	}
}

/* Where on the stack is not known: nothing says what becomes of its slots. */
static int check_place(struct skep_walk *walk, unsigned reg)
{
	const struct skep_value *v = skep_walk_reg(walk, reg);

	if (v->kind != SKEP_VALUE_STACK || skep_scalar_is_const(&v->num))
		return 0;
	return skep_reject(
		walk, SKEP_REASON_ACCESS, (int)reg,
		"an atomic operation at a place of the stack that is not known before the program runs");
}

int skep_step_atomic(struct skep_walk *walk, struct skep_insn insn)
{
	unsigned address = insn.imm == SKEP_ATOMIC_LOAD_ACQ ? insn.src : insn.dst;
	struct skep_access access = {
		.reg = insn.dst,
		.off = insn.off,
		.size = skep_size_bytes(insn.opcode & SKEP_SIZE_MASK),
		.direction = SKEP_READ,
		.aligned = true,
	};
	struct skep_value before, after = skep_value_number();
	int r = skep_need_set(walk, address);

	if (r < 0)
		return r;
	if (!allows_atomics(skep_walk_reg(walk, address)))
		return skep_reject(walk, SKEP_REASON_ACCESS, (int)address,
				   "%s has no atomic operations",
				   skep_value_kind_text(skep_walk_reg(walk, address)));
	/* loads with acquire and stores with release are plain ones, but aligned */
	if (insn.imm == SKEP_ATOMIC_LOAD_ACQ)
		return skep_step_load(walk, insn);
	if (insn.imm == SKEP_ATOMIC_STORE_REL)
		return skep_step_store(walk, insn);
	r = skep_need_set(walk, insn.src);
	if (r == 0 && insn.imm == SKEP_ATOMIC_CMPXCHG)
		r = skep_need_set(walk, SKEP_R0);
	if (r == 0)
		r = check_place(walk, address);
	if (r == 0)
		r = skep_access_memory(walk, &access, NULL, &before);
	if (r < 0)
		return r;
	access.direction = SKEP_WRITE;
	access.by_helper = false;
	r = skep_access_memory(walk, &access, &after, NULL);
	if (r == 0)
		r = check_one_kind(walk, insn.dst);
	if (r < 0 || !(insn.imm & SKEP_ATOMIC_FETCH))
		return r;
	return skep_set_reg(walk, insn.imm == SKEP_ATOMIC_CMPXCHG ? SKEP_R0 : insn.src, &before);
}

/* LD_ABS and LD_IND: the packet of the context in R6; a read beyond it ends the function with 0. */
int skep_step_packet_load(struct skep_walk *walk, struct skep_insn insn)
{
	struct skep_value v;
	uint32_t kind = walk->prog->type;
	int r;

	if (kind != SKEP_PROG_SOCKET_FILTER && kind != SKEP_PROG_SCHED_CLS &&
	    kind != SKEP_PROG_SCHED_ACT)
		return skep_reject(walk, SKEP_REASON_ACCESS, -1,
				   "programs of this kind cannot load from the packet this way");
	r = skep_need_set(walk, SKEP_R6);
	if (r == 0 && (insn.opcode & SKEP_MODE_MASK) == SKEP_MODE_IND)
		r = skep_need_set(walk, insn.src);
	if (r < 0)
		return r;
	if (skep_walk_reg(walk, SKEP_R6)->kind != SKEP_VALUE_CTX)
		return skep_reject(walk, SKEP_REASON_TYPE, SKEP_R6,
				   "loads from the packet take the context in r6, which is %s",
				   skep_value_kind_text(skep_walk_reg(walk, SKEP_R6)));
	if (walk->state->n_refs || walk->state->lock_map)
		return skep_reject(
			walk, SKEP_REASON_REFERENCE, -1,
			"this may end the program while something that was acquired is not released");
	if (walk->state->depth > 0) {
		if (!skep_func_returns(walk, skep_walk_frame(walk)->func))
			return skep_reject(
				walk, SKEP_REASON_ACCESS, -1,
				"a load from the packet may end this function with 0, but it returns nothing");
		r = skep_fork_return(walk, 0);
		if (r < 0)
			return r;
	}
	skep_forget_call_regs(walk);
	v = (struct skep_value){
		.kind = SKEP_VALUE_NUMBER,
		.num = skep_scalar_of_size(skep_size_bytes(insn.opcode & SKEP_SIZE_MASK), false),
	};
	return skep_set_reg(walk, SKEP_R0, &v);
}
