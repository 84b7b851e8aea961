/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From places to a number, and from the number to the instruction.
 */
#include <errno.h>

#include "obj/core_priv.h"

/* A field, as it lies in memory. */
struct field {
	struct skep_btf_type type; /* bare */
	uint32_t byte_offset, byte_size;
	uint64_t bit_offset, bit_size;
	bool is_bits, is_element;
};

/* The smallest aligned load that holds all bits of a bit field. */
static int place_bits(struct field *f, const char **ret_why)
{
	f->byte_size = f->type.size_bytes;
	for (;;) {
		if (!f->byte_size || f->byte_size > 8 || (f->byte_size & (f->byte_size - 1))) {
			*ret_why = "the bit field does not fit a load";
			return -E2BIG;
		}
		f->byte_offset = (uint32_t)(f->bit_offset / 8 / f->byte_size * f->byte_size);
		if (f->bit_offset + f->bit_size <= ((uint64_t)f->byte_offset + f->byte_size) * 8)
			return 0;
		f->byte_size *= 2;
	}
}

static int read_field(const struct core_place *p, struct field *f, const char **ret_why)
{
	const struct core_step *last = &p->steps[p->n - 1];
	struct skep_btf_member m = { .type = last->type };

	*f = (struct field){ .bit_offset = p->bit_offset, .is_element = !last->name };
	if (p->bit_offset / 8 > INT32_MAX) {
		*ret_why = "the field lies too far from its beginning";
		return -E2BIG;
	}
	if (last->name && skep_btf_member(p->btf, last->type, last->index, &m) < 0)
		return -EINVAL;
	f->type = skep_btf_type(p->btf, skep_btf_strip(p->btf, m.type, true));
	f->is_bits = m.bit_size;
	f->bit_size = m.bit_size;
	if (f->is_bits)
		return place_bits(f, ret_why);
	f->byte_offset = (uint32_t)(p->bit_offset / 8);
	if (skep_btf_size(p->btf, f->type.id, &f->byte_size) < 0) {
		*ret_why = "the field's type has no size";
		return -EINVAL;
	}
	f->bit_size = (uint64_t)f->byte_size * 8;
	return 0;
}

static int field_number(enum skep_core_kind kind, const struct field *f, uint64_t *ret_number,
			const char **ret_why)
{
	uint64_t end = f->bit_offset + f->bit_size - (uint64_t)f->byte_offset * 8;

	if (f->is_element && kind != SKEP_CORE_FIELD_OFFSET && kind != SKEP_CORE_FIELD_SIZE) {
		*ret_why = "of an element of an array only offset and size can be asked";
		return -EINVAL;
	}
	switch (kind) {
	case SKEP_CORE_FIELD_OFFSET:
		*ret_number = f->byte_offset;
		return 0;
	case SKEP_CORE_FIELD_SIZE:
		*ret_number = f->byte_size;
		return 0;
	case SKEP_CORE_FIELD_SIGNED:
		*ret_number = f->type.is_signed;
		return 0;
	case SKEP_CORE_FIELD_LSHIFT:
		*ret_number = 64 - end;
		return 0;
	default:
		*ret_number = 64 - f->bit_size;
		return 0;
	}
}

/*
 * A load or store can change its width where that means the same value: of pointers and unsigned integers, whose upper
 * bits are zeroes.
 */
static bool may_change_width(const struct skep_btf_type *a, const struct skep_btf_type *b)
{
	if (a->kind == SKEP_BTF_PTR && b->kind == SKEP_BTF_PTR)
		return true;
	return a->kind == SKEP_BTF_INT && b->kind == SKEP_BTF_INT && !a->is_signed && !b->is_signed;
}

static int ask_field(enum skep_core_kind kind, const struct core_place *local,
		     const struct core_place *target, struct core_answer *a, const char **ret_why)
{
	struct field before, after;
	int r;

	if (kind == SKEP_CORE_FIELD_EXISTS) {
		a->before = 1;
		a->after = target != NULL;
		return 0;
	}
	r = read_field(local, &before, ret_why);
	if (r == 0)
		r = field_number(kind, &before, &a->before, ret_why);
	if (r < 0)
		return r;
	/* How a compiler reads a bit field is its own affair, but for the sign and the last shift. */
	a->unchecked =
		before.is_bits && kind != SKEP_CORE_FIELD_SIGNED && kind != SKEP_CORE_FIELD_RSHIFT;
	if (!target) {
		a->missing = true;
		return 0;
	}
	r = read_field(target, &after, ret_why);
	if (r == 0)
		r = field_number(kind, &after, &a->after, ret_why);
	if (r < 0 || kind != SKEP_CORE_FIELD_OFFSET)
		return r;
	a->size_before = before.is_bits ? 0 : before.byte_size;
	a->size_after = after.is_bits ? 0 : after.byte_size;
	a->wrong_width =
		a->size_before != a->size_after && !may_change_width(&before.type, &after.type);
	return 0;
}

static int type_number(enum skep_core_kind kind, const struct core_place *p, uint64_t *ret_number,
		       const char **ret_why)
{
	uint32_t size;

	if (kind == SKEP_CORE_TYPE_EXISTS || kind == SKEP_CORE_TYPE_MATCHES) {
		*ret_number = 1;
	} else if (kind == SKEP_CORE_TYPE_SIZE) {
		if (skep_btf_size(p->btf, p->root, &size) < 0) {
			*ret_why = "the type has no size";
			return -EINVAL;
		}
		*ret_number = size;
	} else {
		*ret_number = p->root;
	}
	return 0;
}

/* Of a type that is not there everything is 0. */
static int ask_type(enum skep_core_kind kind, const struct core_place *local,
		    const struct core_place *target, struct core_answer *a, const char **ret_why)
{
	int r = type_number(kind, local, &a->before, ret_why);

	a->unchecked = kind == SKEP_CORE_TYPE_ID_LOCAL || kind == SKEP_CORE_TYPE_ID_TARGET;
	if (kind == SKEP_CORE_TYPE_ID_LOCAL)
		a->after = local->root;
	else if (r == 0 && target)
		r = type_number(kind, target, &a->after, ret_why);
	return r;
}

static uint64_t enum_number(const struct core_place *p)
{
	struct skep_btf_enumerator e = {};
	int r = skep_btf_enumerator(p->btf, p->steps[0].type, p->steps[0].index, &e);

	/* A constant of 32 bits is an int, whatever sign its enum has. */
	if (r == 0 && skep_btf_kind(p->btf, p->steps[0].type) == SKEP_BTF_ENUM)
		return (uint64_t)(int32_t)e.value;
	return e.value;
}

int core_ask(enum skep_core_kind kind, const struct core_place *local,
	     const struct core_place *target, struct core_answer *ret_answer, const char **ret_why)
{
	struct core_answer a = {};
	int r = 0;

	*ret_why = "its types are broken";
	if (core_is_type(kind)) {
		r = ask_type(kind, local, target, &a, ret_why);
	} else if (kind == SKEP_CORE_ENUM_EXISTS) {
		a.before = 1;
		a.after = target != NULL;
	} else if (kind == SKEP_CORE_ENUM_VALUE) {
		a.before = enum_number(local);
		a.missing = !target;
		a.after = target ? enum_number(target) : 0;
	} else {
		r = ask_field(kind, local, target, &a, ret_why);
	}
	if (r == 0)
		*ret_answer = a;
	return r;
}

/*
 * Instructions.
 */

static void poison(struct skep_insn *insn, size_t left)
{
	struct skep_insn call = skep_insn_call(SKEP_CORE_POISON);

	if (skep_insn_is_wide(*insn) && left > 1)
		insn[1] = call;
	*insn = call;
}

static int patch_constant(struct skep_insn *insn, const struct core_answer *a, const char **ret_why)
{
	if (insn->opcode & SKEP_SRC_X) {
		*ret_why = "it stands beside an operation without a constant";
		return -EINVAL;
	}
	if (!a->unchecked && (uint64_t)(int64_t)insn->imm != a->before &&
	    (uint32_t)insn->imm != a->before) {
		*ret_why = "the instruction does not hold what its types say";
		return -EINVAL;
	}
	insn->imm = (int32_t)a->after;
	return 0;
}

static int patch_wide(struct skep_insn *insn, size_t left, const struct core_answer *a,
		      const char **ret_why)
{
	if (!skep_insn_is_wide(*insn) || left < 2 || insn->src || insn->off || insn[1].opcode ||
	    insn[1].dst || insn[1].src || insn[1].off) {
		*ret_why = "it stands beside a load that is none of a constant";
		return -EINVAL;
	}
	if (!a->unchecked && skep_insn_imm64(insn[0], insn[1]) != a->before) {
		*ret_why = "the instruction does not hold what its types say";
		return -EINVAL;
	}
	insn[0].imm = (int32_t)(uint32_t)a->after;
	insn[1].imm = (int32_t)(uint32_t)(a->after >> 32);
	return 0;
}

static int patch_access(struct skep_insn *insn, size_t left, struct core_answer *a,
			const char **ret_why)
{
	unsigned size = a->size_after;

	if (!a->unchecked && (uint64_t)(int64_t)insn->off != a->before) {
		*ret_why = "the instruction does not hold what its types say";
		return -EINVAL;
	}
	if (a->after > INT16_MAX) {
		*ret_why = "the offset in the target does not fit the instruction";
		return -ERANGE;
	}
	if (a->wrong_width) {
		a->missing = true;
		poison(insn, left);
		return 0;
	}
	insn->off = (int16_t)a->after;
	if (a->size_before == a->size_after)
		return 0;
	if (skep_size_bytes(insn->opcode) != a->size_before ||
	    (size != 1 && size != 2 && size != 4 && size != 8)) {
		*ret_why = "the width of the access cannot follow that of the field";
		return -EINVAL;
	}
	insn->opcode = (uint8_t)((insn->opcode & ~SKEP_SIZE_MASK) | skep_size_from_bytes(size));
	return 0;
}

int core_patch(struct skep_insn *insn, size_t left, struct core_answer *answer,
	       const char **ret_why)
{
	if (answer->missing) {
		poison(insn, left);
		return 0;
	}
	switch (skep_insn_class(*insn)) {
	case SKEP_CLASS_ALU:
	case SKEP_CLASS_ALU64:
		return patch_constant(insn, answer, ret_why);
	case SKEP_CLASS_LD:
		return patch_wide(insn, left, answer, ret_why);
	case SKEP_CLASS_LDX:
	case SKEP_CLASS_ST:
	case SKEP_CLASS_STX:
		return patch_access(insn, left, answer, ret_why);
	default:
		*ret_why = "it stands beside an instruction that holds no number";
		return -EINVAL;
	}
}
