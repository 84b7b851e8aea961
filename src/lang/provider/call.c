/* SPDX-License-Identifier: Apache-2.0 */
/* Facts: System V psABI for x86-64, section 3.2.3; for arm64 only what is no larger than a register is counted. */
#include "lang/provider/call.h"

#include "base/str.h"

#define DEPTH_MAX 8	  /* structs in each other */
#define FIELDS_MAX 64	  /* looked at in 16 bytes */
#define FLOAT_REGS 8	  /* for numbers with a point, on both */
#define BY_VALUE_BYTES 16 /* more is on the stack */

/* What the two halves of 16 bytes are made of. */
struct halves {
	bool is_int[2], is_float[2];
	bool strange;
	unsigned n_fields;
};

static void classify(struct halves *h, const struct skep_btf *btf, uint32_t type, uint64_t at,
		     unsigned depth);

static void classify_members(struct halves *h, const struct skep_btf *btf, uint32_t type,
			     uint64_t at, unsigned depth)
{
	unsigned n = skep_btf_type(btf, type).vlen;
	struct skep_btf_member m;

	for (unsigned i = 0; i < n && !h->strange; i++) {
		if (skep_btf_member(btf, type, i, &m) < 0) {
			h->strange = true;
			return;
		}
		if (m.bit_size && at + m.bit_offset / 8 < BY_VALUE_BYTES) {
			h->is_int[(at + m.bit_offset / 8) / 8] = true;
			h->is_int[MIN((at * 8 + m.bit_offset + m.bit_size - 1) / 64, (uint64_t)1)] =
				true;
			continue;
		}
		classify(h, btf, m.type, at + m.bit_offset / 8, depth + 1);
	}
}

static void classify_scalar(struct halves *h, bool is_float, uint64_t at, uint32_t size)
{
	/* What is packed goes on the stack, and so does what the x87 counts with. */
	if (!size || size > 8 || at % size || at + size > BY_VALUE_BYTES)
		h->strange = true;
	else if (is_float)
		h->is_float[at / 8] = true;
	else
		h->is_int[at / 8] = true;
}

static void classify(struct halves *h, const struct skep_btf *btf, uint32_t type, uint64_t at,
		     unsigned depth)
{
	uint32_t id = skep_btf_strip(btf, type, true), elem, count, size = 0;
	enum skep_btf_kind kind = skep_btf_kind(btf, id);

	if (depth > DEPTH_MAX || h->n_fields++ > FIELDS_MAX || skep_btf_size(btf, id, &size) < 0) {
		h->strange = true;
		return;
	}
	switch (kind) {
	case SKEP_BTF_STRUCT:
	case SKEP_BTF_UNION:
		classify_members(h, btf, id, at, depth);
		break;
	case SKEP_BTF_ARRAY:
		if (skep_btf_array(btf, id, &elem, &count) < 0 ||
		    skep_btf_size(btf, elem, &size) < 0) {
			h->strange = true;
			break;
		}
		for (uint32_t i = 0; i < count && !h->strange; i++)
			classify(h, btf, elem, at + (uint64_t)i * size, depth + 1);
		break;
	case SKEP_BTF_INT:
	case SKEP_BTF_PTR:
	case SKEP_BTF_ENUM:
	case SKEP_BTF_ENUM64:
	case SKEP_BTF_FLOAT:
		classify_scalar(h, kind == SKEP_BTF_FLOAT, at, size);
		break;
	default:
		h->strange = true;
		break;
	}
}

static struct skep_call_place lost(struct skep_calling *call)
{
	call->lost = true;
	return (struct skep_call_place){ .in = SKEP_CALL_LOST };
}

static struct skep_call_place on_stack(struct skep_calling *call, const struct skep_arch *arch,
				       uint32_t size)
{
	struct skep_call_place place = { SKEP_CALL_STACK, arch->stack_args + call->stack_bytes };

	call->stack_bytes += (size + 7) & ~7u;
	return place;
}

static struct skep_call_place scalar(struct skep_calling *call, const struct skep_arch *arch)
{
	if (call->n_ints >= arch->n_args)
		return on_stack(call, arch, 8);
	return (struct skep_call_place){ SKEP_CALL_REG, arch->args[call->n_ints++] };
}

static struct skep_call_place number_with_point(struct skep_calling *call,
						const struct skep_arch *arch, uint32_t size)
{
	if (size != 4 && size != 8)
		return lost(call);
	if (call->n_floats >= FLOAT_REGS)
		(void)on_stack(call, arch, 8);
	else
		call->n_floats++;
	return (struct skep_call_place){ .in = SKEP_CALL_FLOAT };
}

static struct skep_call_place by_value(struct skep_calling *call, const struct skep_arch *arch,
				       const struct skep_btf *btf, uint32_t type, uint32_t size)
{
	struct skep_call_place place = { .in = SKEP_CALL_VALUE };
	struct halves h = {};
	unsigned ints, floats;

	if (!arch->counts_structs || !size)
		return lost(call);
	if (size > BY_VALUE_BYTES) {
		/* It may have to begin at a multiple of 16. */
		if (call->stack_bytes % 16 && size % 16 == 0)
			return lost(call);
		(void)on_stack(call, arch, size);
		return place;
	}
	classify(&h, btf, type, 0, 0);
	if (h.strange)
		return lost(call);
	ints = h.is_int[0] + h.is_int[1];
	floats = (h.is_float[0] && !h.is_int[0]) + (h.is_float[1] && !h.is_int[1]);
	if (call->n_ints + ints > arch->n_args || call->n_floats + floats > FLOAT_REGS) {
		(void)on_stack(call, arch, size);
		return place;
	}
	call->n_ints += ints;
	call->n_floats += floats;
	return place;
}

struct skep_call_place skep_call_next(struct skep_calling *call, const struct skep_arch *arch,
				      const struct skep_btf *btf, uint32_t type)
{
	uint32_t id = skep_btf_strip(btf, type, true), size = 0;

	if (call->lost || skep_btf_size(btf, id, &size) < 0)
		return lost(call);
	switch (skep_btf_kind(btf, id)) {
	case SKEP_BTF_INT:
	case SKEP_BTF_PTR:
	case SKEP_BTF_ENUM:
	case SKEP_BTF_ENUM64:
		return size <= 8 ? scalar(call, arch) : lost(call);
	case SKEP_BTF_FLOAT:
		return number_with_point(call, arch, size);
	case SKEP_BTF_STRUCT:
	case SKEP_BTF_UNION:
		return by_value(call, arch, btf, id, size);
	default:
		return lost(call);
	}
}
