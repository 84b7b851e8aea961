/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Value: text that a person gives for something of a BTF type, as the bytes that it has in memory. The way back of
 * typed.h: for global variables of programs, keys and values of maps.
 *
 *	42 -7 0x1f 0b101 'c'		integers of any width, and floats: 1.5, 2e9
 *	true false			bool
 *	STATE_OPEN			enums, by name or number
 *	"text" text			arrays of char; without quotes only where it stands alone
 *	{1, 2, 3}			arrays; elements that are left out are zero
 *	{.pid = 1, .comm = "sh"}	structs and unions, also {pid: 1, comm: "sh"} and, in order, {1, "sh"}
 *	192.0.2.1 2001:db8::1		__be32, struct in_addr, struct in6_addr; numbers in __be16 and the like are turned
 *
 * Everything is checked: a number must fit, a name must exist, nothing may be left over. Braces nest up to
 * SKEP_VALUE_DEPTH_MAX deep.
 *
 *	r = skep_value_find(btf, var.type, "limits[2].max", diag, &place);
 *	r = skep_value_parse(btf, &place, "100", bytes + place.offset, diag);
 */
#pragma once

#include "obj/btf.h"

#define SKEP_VALUE_DEPTH_MAX 16

/* Where inside something of another type, and as what. */
struct skep_value_place {
	uint32_t type;
	uint32_t offset, size;	      /* bytes; of a bit field those of the integer that it is in */
	uint8_t bit_offset, bit_size; /* bit_size 0: no bit field */
};

/*
 * @path: what follows the name of something of type @type: "" for all of it, ".member", "[3]", ".a[1].b". @what: how it is
 * called in messages. -ENOENT: no such member; -ERANGE: an element beyond the end; -EINVAL.
 */
int skep_value_find(const struct skep_btf *btf, uint32_t type, const char *what, const char *path,
		    struct skep_diag *diag, struct skep_value_place *ret_place) _must_check_;
/*
 * Writes place->size bytes at @bytes, which is where the place is; of a bit field only its bits. Nothing is written on
 * failure. -EINVAL: that is no value of this type; -ERANGE: it does not fit; -ENOENT: no such enumerator or member.
 */
int skep_value_parse(const struct skep_btf *btf, const struct skep_value_place *place,
		     const char *what, const char *text, void *bytes,
		     struct skep_diag *diag) _must_check_;
