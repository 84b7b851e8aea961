/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DWARF types to BTF. Both know the same kinds; the work is that BTF numbers its types in their order, while DWARF points
 * anywhere. So types wait in a row: whoever needs one gets the number of its place, and those in the row are made one by
 * one, which may put more behind them. There is no recursion.
 *
 *	0 void | 1 int (indices of arrays) | 2 ... the row | the prototype
 */
#include <errno.h>

#include "who/dwarf.h"

#if __has_include(<elfutils/libdw.h>)
#include "base/hash.h"
#include "base/vec.h"
#include "obj/btf_build.h"
#include "who/dwarf_priv.h"

#define MEMBERS_MAX 4096    /* of one struct; enumerators of one enum */
#define FIRST 2		    /* the number of the row's first type */
#define DIMENSIONS_MAX 8    /* of an array */
#define RETURN_BYTES_MAX 16 /* a larger result is written to a place that the caller gives */

/* A type in the row: of an array without its first @dim dimensions. */
struct waiting {
	Dwarf_Die die;
	unsigned dim;
};

struct key {
	void *die;
	uint64_t dim;
};

struct converter {
	struct skep_btf_builder *b;
	struct skep_arena *arena; /* of names and keys */
	struct skep_hash numbers; /* key to number */
	struct {
		SKEP_VEC(struct waiting);
	} row;
};

static bool word_of(Dwarf_Die *die, unsigned name, uint64_t *ret_value)
{
	Dwarf_Attribute attr;
	Dwarf_Word value;

	if (!dwarf_lib.attr_integrate(die, name, &attr) || dwarf_lib.formudata(&attr, &value) != 0)
		return false;
	*ret_value = value;
	return true;
}

bool dwarf_type_of(Dwarf_Die *die, Dwarf_Die *ret_type)
{
	Dwarf_Attribute attr;

	return dwarf_lib.attr_integrate(die, DW_AT_type, &attr) &&
	       dwarf_lib.formref_die(&attr, ret_type);
}

static const char *name_of(Dwarf_Die *die)
{
	const char *name = dwarf_lib.diename(die);

	return name ? name : "";
}

/* The number that @die has or will have; 0 when there are too many. */
static uint32_t number_of(struct converter *c, const Dwarf_Die *die, unsigned dim)
{
	struct key key = { die->addr, dim }, *kept;
	void *known = skep_hash_get(&c->numbers, &key, sizeof(key));
	uint32_t number;

	if (known)
		return (uint32_t)(uintptr_t)known;
	if (c->row.len >= SKEP_DWARF_TYPES_MAX)
		return 0;
	number = FIRST + (uint32_t)c->row.len;
	skep_vec_add(&c->row, (struct waiting){ *die, dim });
	kept = skep_arena_memdup(c->arena, &key, sizeof(key));
	skep_hash_set(&c->numbers, kept, sizeof(*kept), (void *)(uintptr_t)number);
	return number;
}

/* Of the type that @die refers to; 0: void. */
static uint32_t referred(struct converter *c, Dwarf_Die *die)
{
	Dwarf_Die type;

	return dwarf_type_of(die, &type) ? number_of(c, &type, 0) : 0;
}

static void make_base(struct converter *c, Dwarf_Die *die)
{
	uint64_t size = 0, encoding = 0;
	unsigned kind = 0;

	(void)word_of(die, DW_AT_byte_size, &size);
	(void)word_of(die, DW_AT_encoding, &encoding);
	if (encoding == DW_ATE_float || encoding == DW_ATE_complex_float || size > 16 ||
	    (size & (size - 1)) || !size) {
		/* What is no number of C, such as a complex one, has a size that none has. */
		skep_btf_build_float(c->b, name_of(die),
				     encoding == DW_ATE_float &&
						     (size == 4 || size == 8 || size == 16)
					     ? (uint32_t)size
					     : 2);
		return;
	}
	if (encoding == DW_ATE_boolean)
		kind = SKEP_BTF_INT_BOOL;
	else if (encoding == DW_ATE_signed || encoding == DW_ATE_signed_char)
		kind = SKEP_BTF_INT_SIGNED;
	skep_btf_build_int(c->b, name_of(die), (uint32_t)size, kind);
}

/* Bits from the struct's beginning, and how many; DWARF 2 and 3 count from the other end of a storage unit. */
static void place_bits(Dwarf_Die *die, uint64_t bytes, struct skep_btf_member *m)
{
	uint64_t bits, offset, unit;

	if (!word_of(die, DW_AT_bit_size, &bits) || bits > 64)
		return;
	m->bit_size = (uint32_t)bits;
	if (word_of(die, DW_AT_data_bit_offset, &offset))
		m->bit_offset = offset;
	else if (word_of(die, DW_AT_bit_offset, &offset) && word_of(die, DW_AT_byte_size, &unit) &&
		 unit <= 16 && offset + bits <= unit * 8)
		m->bit_offset = bytes * 8 + unit * 8 - offset - bits;
}

/* A base class is a member without a name, whose own members are found through it. */
static bool member_of(struct converter *c, Dwarf_Die *die, struct skep_btf_member *ret_member)
{
	struct skep_btf_member m = {};
	uint64_t bytes = 0;
	int tag = dwarf_lib.tag(die);

	if (tag != DW_TAG_member && tag != DW_TAG_inheritance)
		return false;
	if (dwarf_lib.hasattr_integrate(die, DW_AT_external) ||
	    dwarf_lib.hasattr_integrate(die, DW_AT_declaration) ||
	    dwarf_lib.hasattr_integrate(die, DW_AT_virtuality))
		return false; /* static, or at a place that only the program finds */
	(void)word_of(die, DW_AT_data_member_location, &bytes);
	m.name = tag == DW_TAG_member ? name_of(die) : "";
	m.type = referred(c, die);
	m.bit_offset = bytes * 8;
	place_bits(die, bytes, &m);
	if (!m.type || m.bit_offset > UINT32_MAX)
		return false;
	*ret_member = m;
	return true;
}

static void make_struct(struct converter *c, Dwarf_Die *die, enum skep_btf_kind kind)
{
	struct {
		SKEP_VEC(struct skep_btf_member);
	} members = {};
	uint64_t size = 0;
	Dwarf_Die child;
	int more;

	if (dwarf_lib.hasattr_integrate(die, DW_AT_declaration) ||
	    !word_of(die, DW_AT_byte_size, &size) || size > INT32_MAX) {
		skep_btf_build_fwd(c->b, name_of(die), kind == SKEP_BTF_UNION);
		return;
	}
	for (more = dwarf_lib.child(die, &child); more == 0 && members.len < MEMBERS_MAX;
	     more = dwarf_lib.siblingof(&child, &child)) {
		struct skep_btf_member m;

		if (member_of(c, &child, &m))
			skep_vec_add(&members, m);
	}
	skep_btf_build_struct(c->b, kind, name_of(die), (uint32_t)size, members.data, members.len);
	skep_vec_fini(&members);
}

static void make_enum(struct converter *c, Dwarf_Die *die)
{
	struct {
		SKEP_VEC(struct skep_btf_enumerator);
	} all = {};
	bool is_signed = false;
	uint64_t size = 4;
	Dwarf_Die child;
	int more;

	(void)word_of(die, DW_AT_byte_size, &size);
	for (more = dwarf_lib.child(die, &child); more == 0 && all.len < MEMBERS_MAX;
	     more = dwarf_lib.siblingof(&child, &child)) {
		Dwarf_Attribute attr;
		Dwarf_Sword value;

		if (dwarf_lib.tag(&child) != DW_TAG_enumerator ||
		    !dwarf_lib.attr_integrate(&child, DW_AT_const_value, &attr) ||
		    dwarf_lib.formsdata(&attr, &value) != 0)
			continue;
		is_signed |= value < 0;
		skep_vec_add(&all,
			     (struct skep_btf_enumerator){ name_of(&child), (uint64_t)value });
	}
	if (size != 1 && size != 2 && size != 8)
		size = 4;
	skep_btf_build_enum(c->b, size == 8 ? SKEP_BTF_ENUM64 : SKEP_BTF_ENUM, name_of(die),
			    (uint32_t)size, is_signed, all.data, all.len);
	skep_vec_fini(&all);
}

/* How many elements in dimension @dim; *ret_more: there is another one behind it. */
static uint32_t elements(Dwarf_Die *die, unsigned dim, bool *ret_more)
{
	uint32_t count = 0;
	unsigned at = 0;
	Dwarf_Die child;
	uint64_t n;

	*ret_more = false;
	for (int more = dwarf_lib.child(die, &child); more == 0;
	     more = dwarf_lib.siblingof(&child, &child)) {
		if (dwarf_lib.tag(&child) != DW_TAG_subrange_type)
			continue;
		if (at++ > dim) {
			*ret_more = at <= DIMENSIONS_MAX;
			break;
		}
		if (at - 1 != dim)
			continue;
		if (word_of(&child, DW_AT_count, &n))
			count = (uint32_t)MIN(n, (uint64_t)INT32_MAX);
		else if (word_of(&child, DW_AT_upper_bound, &n))
			count = (uint32_t)MIN(n + 1, (uint64_t)INT32_MAX);
	}
	return count;
}

static void make_array(struct converter *c, Dwarf_Die *die, unsigned dim)
{
	bool more;
	uint32_t count = elements(die, dim, &more);
	uint32_t elem = more ? number_of(c, die, dim + 1) : referred(c, die);

	skep_btf_build_array(c->b, elem, 1, count);
}

static void make_ref(struct converter *c, Dwarf_Die *die, enum skep_btf_kind kind, const char *name)
{
	uint32_t type = referred(c, die);

	skep_btf_build_ref(c->b, kind, name, type);
}

/* Exactly one type. What BTF has no word for is something that is only declared. */
static void make(struct converter *c, const struct waiting *w)
{
	Dwarf_Die die = w->die;

	switch (dwarf_lib.tag(&die)) {
	case DW_TAG_base_type:
		make_base(c, &die);
		break;
	case DW_TAG_pointer_type:
	case DW_TAG_reference_type:
	case DW_TAG_rvalue_reference_type:
		make_ref(c, &die, SKEP_BTF_PTR, NULL);
		break;
	case DW_TAG_const_type:
		make_ref(c, &die, SKEP_BTF_CONST, NULL);
		break;
	case DW_TAG_volatile_type:
	case DW_TAG_atomic_type:
		make_ref(c, &die, SKEP_BTF_VOLATILE, NULL);
		break;
	case DW_TAG_restrict_type:
		make_ref(c, &die, SKEP_BTF_RESTRICT, NULL);
		break;
	case DW_TAG_typedef:
		make_ref(c, &die, SKEP_BTF_TYPEDEF, name_of(&die));
		break;
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
		make_struct(c, &die, SKEP_BTF_STRUCT);
		break;
	case DW_TAG_union_type:
		make_struct(c, &die, SKEP_BTF_UNION);
		break;
	case DW_TAG_enumeration_type:
		make_enum(c, &die);
		break;
	case DW_TAG_array_type:
		make_array(c, &die, w->dim);
		break;
	case DW_TAG_subroutine_type:
		skep_btf_build_proto(c->b, 0, NULL, 0);
		break;
	default:
		skep_btf_build_fwd(c->b, name_of(&die), false);
		break;
	}
}

Dwarf_Die dwarf_stripped(Dwarf_Die type)
{
	Dwarf_Die next;

	for (unsigned i = 0; i < 64; i++) {
		int tag = dwarf_lib.tag(&type);

		if ((tag != DW_TAG_typedef && tag != DW_TAG_const_type &&
		     tag != DW_TAG_volatile_type && tag != DW_TAG_atomic_type) ||
		    !dwarf_type_of(&type, &next))
			break;
		type = next;
	}
	return type;
}

/* Whether the first register holds the place of the result instead of the first argument. */
static bool returns_in_memory(Dwarf_Die *function)
{
	uint64_t size, convention;
	Dwarf_Die type;

	if (!dwarf_type_of(function, &type))
		return false;
	type = dwarf_stripped(type);
	if (dwarf_lib.tag(&type) != DW_TAG_structure_type &&
	    dwarf_lib.tag(&type) != DW_TAG_class_type && dwarf_lib.tag(&type) != DW_TAG_union_type)
		return false;
	if (word_of(&type, DW_AT_calling_convention, &convention) &&
	    convention == DW_CC_pass_by_reference)
		return true;
	return word_of(&type, DW_AT_byte_size, &size) && size > RETURN_BYTES_MAX;
}

/* C++ passes the address of what has a life of its own; which types have one is told from DWARF 5 on. */
static bool passed_by_reference(Dwarf_Die *type)
{
	Dwarf_Die plain = dwarf_stripped(*type);
	uint64_t convention;

	return word_of(&plain, DW_AT_calling_convention, &convention) &&
	       convention == DW_CC_pass_by_reference;
}

/* As a number go a function as a value, which is a pointer though it is not described as one, and an address in our stead. */
static uint32_t param_type(struct converter *c, Dwarf_Die *type)
{
	Dwarf_Die plain = dwarf_stripped(*type);

	if (dwarf_lib.tag(&plain) == DW_TAG_subroutine_type || passed_by_reference(type))
		return 1;
	return number_of(c, type, 0);
}

static size_t params_of(struct converter *c, Dwarf_Die *function, enum dwarf_caller caller,
			struct skep_btf_param *params, struct skep_param_place *places)
{
	struct dwarf_param found[SKEP_PARAMS_MAX];
	size_t n = 0, n_found;

	if (caller != DWARF_GO && returns_in_memory(function)) {
		/* As a number: what is there is not written yet. */
		places[n] = (struct skep_param_place){ SKEP_PARAM_UNTOLD };
		params[n++] = (struct skep_btf_param){ "", 1 };
	}
	n_found = dwarf_params(function, caller, c->arena, found, SKEP_PARAMS_MAX - n);
	for (size_t i = 0; i < n_found; i++, n++) {
		params[n].name = found[i].name ? found[i].name : "";
		params[n].type = param_type(c, &found[i].type);
		places[n] = found[i].place;
	}
	return n;
}

/* Makes what waits in the row; types that it needs come to its end. */
static void make_row(struct converter *c)
{
	skep_btf_build_int(c->b, "unsigned long", 8, 0);
	for (size_t i = 0; i < c->row.len; i++) {
		struct waiting w = c->row.data[i]; /* the row grows meanwhile */

		make(c, &w);
	}
}

static int finish(struct converter *c, struct skep_btf **ret_btf)
{
	void *data, *copy;
	size_t size;
	int r = skep_btf_builder_finish(c->b, c->arena, &data, &size);

	if (r < 0)
		return r;
	copy = malloc(size);
	if (!copy)
		skep_oom();
	memcpy(copy, data, size);
	r = skep_btf_parse(copy, size, NULL, skep_btf_release_malloc, NULL, ret_btf);
	if (r < 0)
		free(copy);
	return r;
}

static struct converter begin(void)
{
	return (struct converter){ .b = skep_btf_builder_new(NULL), .arena = skep_arena_new() };
}

static void end(struct converter *c)
{
	skep_vec_fini(&c->row);
	skep_hash_fini(&c->numbers);
	skep_btf_builder_free(c->b);
	skep_arena_free(c->arena);
}

int dwarf_to_btf(Dwarf_Die *die, enum dwarf_caller caller, struct skep_param_place *ret_places,
		 struct skep_btf **ret_btf, uint32_t *ret_proto)
{
	struct skep_btf_param params[SKEP_PARAMS_MAX];
	struct converter c = begin();
	size_t n = params_of(&c, die, caller, params, ret_places);
	uint32_t result = referred(&c, die);
	int r;

	make_row(&c);
	*ret_proto = skep_btf_build_proto(c.b, result, params, n);
	r = finish(&c, ret_btf);
	end(&c);
	return r;
}

int dwarf_types_to_btf(Dwarf_Die *vars, size_t n, struct skep_btf **ret_btf, uint32_t *ret_types)
{
	struct converter c = begin();
	int r;

	for (size_t i = 0; i < n; i++)
		ret_types[i] = referred(&c, &vars[i]);
	make_row(&c);
	r = finish(&c, ret_btf);
	end(&c);
	return r;
}

int dwarf_type_to_btf(Dwarf_Die *die, struct skep_btf **ret_btf, uint32_t *ret_id)
{
	struct converter c = begin();
	int r;

	*ret_id = number_of(&c, die, 0);
	make_row(&c);
	r = finish(&c, ret_btf);
	end(&c);
	return r;
}
#endif
