/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Typed: bytes of a map as their type in BTF says them, the way C writes a value.
 *
 *	struct key { int pid; char comm[8]; }	{ .pid = 77, .comm = "sh" }
 *	__u64 slots[16]				[0, 3, 1 and 13 zeroes]
 *
 * Numbers keep their sign, enumerators have their names, what is of the network is shown as live/typed.h says,
 * pointers and what has no other form are hex.
 *
 *	if (skep_typed_text(btf, map->btf_value_type, bytes, size, &out) < 0)
 *		// no type, or one of another size: show bytes
 */
#pragma once

#include "obj/btf.h"

#define SKEP_TYPED_DEPTH_MAX 8 /* structs and arrays inside of each other; deeper ones are "..." */
#define SKEP_TYPED_BYTES_MAX 65536 /* of text for one value; then it ends with "..." */

/* -EINVAL: type @id is no type of @size bytes, or a section of variables; nothing is appended then. */
int skep_typed_text(const struct skep_btf *btf, uint32_t id, const uint8_t *bytes, size_t size,
		    struct skep_str *out) _must_check_;
