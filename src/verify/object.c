/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel objects: reads through pointers whose type BTF knows. A fault there gives 0 in the kernel, so any read that stays
 * inside the type is safe.
 */
#include <errno.h>
#include <inttypes.h>

#include "verify/walk.h"

/* The pointer that lies @off bytes into @type, followed through members and arrays: its target structure, or 0. */
static uint32_t pointer_at(const struct skep_btf *btf, uint32_t type, uint32_t off, uint32_t size)
{
	for (unsigned depth = 0; depth < 16; depth++) {
		struct skep_btf_type t;
		uint32_t elem, n, elem_size, target, i = 0;
		struct skep_btf_member m;
		bool found = false;

		type = skep_btf_strip(btf, type, true);
		t = skep_btf_type(btf, type);
		switch (t.kind) {
		case SKEP_BTF_PTR:
			if (off || size != 8 || skep_btf_pointee(btf, type, &target) < 0)
				return 0;
			target = skep_btf_strip(btf, target, true);
			return skep_btf_kind(btf, target) == SKEP_BTF_STRUCT ? target : 0;
		case SKEP_BTF_ARRAY:
			if (skep_btf_array(btf, type, &elem, &n) < 0 ||
			    skep_btf_size(btf, elem, &elem_size) < 0 || !elem_size)
				return 0;
			type = elem;
			off %= elem_size;
			break;
		case SKEP_BTF_STRUCT:
		case SKEP_BTF_UNION: /* of which the first member counts, as in the kernel's contexts */
			for (; skep_btf_member(btf, type, i, &m) == 0 && !found; i++) {
				uint32_t begin = m.bit_offset / 8, bytes;

				if (m.bit_size || skep_btf_size(btf, m.type, &bytes) < 0 ||
				    off < begin || off >= begin + bytes)
					continue;
				off -= begin;
				type = m.type;
				found = true;
			}
			if (!found)
				return 0;
			break;
		default:
			return 0; /* numbers */
		}
	}
	return 0;
}

int skep_access_object(struct skep_walk *walk, const struct skep_access *access,
		       const struct skep_value *pointer, struct skep_value *ret_value)
{
	const struct skep_btf *btf = walk->options->btf;
	int64_t off = (int64_t)pointer->off + access->off;
	uint32_t size, target;

	if (!btf)
		return skep_undecided(
			walk,
			"not judged without the kernel's BTF: a load through a pointer to a kernel object");
	if (pointer->flags & (SKEP_VALUE_USER | SKEP_VALUE_PERCPU))
		return skep_reject(
			walk, SKEP_REASON_ACCESS, (int)access->reg,
			"this pointer cannot be followed directly; a helper has to read through it");
	if (access->direction == SKEP_WRITE)
		return skep_reject(walk, SKEP_REASON_ACCESS, (int)access->reg,
				   "objects of the kernel cannot be written");
	if (!skep_scalar_is_const(&pointer->num))
		return skep_reject(
			walk, SKEP_REASON_BOUNDS, (int)access->reg,
			"a kernel object is read at an offset that is not known before the program runs");
	off += (int64_t)pointer->num.bits.value;
	if (skep_btf_size(btf, pointer->type, &size) < 0)
		return skep_undecided(walk, "not judged: an object whose type has no size");
	if (off < 0 || (uint64_t)off + access->size > size)
		return skep_reject(walk, SKEP_REASON_BOUNDS, (int)access->reg,
				   "this reads bytes %" PRId64 " to %" PRId64
				   " of struct %s, which has %u",
				   off, off + (int64_t)access->size - 1,
				   skep_btf_name(btf, pointer->type), size);
	target = pointer_at(btf, pointer->type, (uint32_t)off, access->size);
	if (!ret_value)
		return 0;
	*ret_value = skep_value_number();
	if (target) {
		*ret_value = skep_value_pointer(SKEP_VALUE_OBJECT, 0);
		ret_value->type = target;
	}
	return 0;
}
