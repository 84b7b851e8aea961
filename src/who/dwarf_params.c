/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where functions find their arguments when they begin. The debugging information says it for the first instruction where code is
 * optimized; without, it tells places on the stack that the function only fills later, and the registers are those
 * that C's rules give.
 *
 *	DW_AT_location ──► at the first instruction: a register | in parts | in the frame: UNTOLD
 *	no location    ──► UNTOLD of GNU's compilers, which rename a function whose parameters they change;
 *	                   GONE of LLVM's, which do not, and whose callers pass anything for what is unused
 */
#include "who/dwarf.h"

#if __has_include(<elfutils/libdw.h>)
#include <string.h>

#include "who/dwarf_priv.h"

#define RANGES_MAX 64 /* looked at for the one that the function begins with */

static const char *producer_of(Dwarf_Die *unit)
{
	Dwarf_Attribute attr;
	const char *by = NULL;

	if (dwarf_lib.attr_integrate(unit, DW_AT_producer, &attr))
		by = dwarf_lib.formstring(&attr);
	return by ? by : "";
}

enum dwarf_caller dwarf_caller_of(Dwarf_Die *unit)
{
	const char *by = producer_of(unit);

	if (skep_has_prefix(by, "Go cmd/compile")) /* other compilers of Go call as C does */
		return DWARF_GO;
	if (strstr(by, "rustc"))
		return DWARF_RUST;
	return skep_has_prefix(by, "GNU ") ? DWARF_GNU : DWARF_LLVM;
}

bool dwarf_ops_at(Dwarf_Die *param, Dwarf_Addr begin, Dwarf_Op **ret_ops, size_t *ret_n)
{
	Dwarf_Addr base, start, end;
	Dwarf_Attribute attr;
	ptrdiff_t at = 0;

	if (!dwarf_lib.attr_integrate(param, DW_AT_location, &attr))
		return false;
	for (unsigned i = 0; i < RANGES_MAX; i++) {
		at = dwarf_lib.getlocations(&attr, at, &base, &start, &end, ret_ops, ret_n);
		if (at <= 0)
			return false;
		if (start <= begin && begin < end)
			return *ret_n > 0;
	}
	return false;
}

static bool is_reg(uint8_t atom)
{
	return atom >= DW_OP_reg0 && atom <= DW_OP_reg31;
}

/* Where C passes nothing is what was put aside later, as `register` variables are without optimization. */
static bool passes_arguments(Dwarf_Word reg)
{
#if defined(__x86_64__)
	return reg < 32 &&
	       ((1u << reg) & (1u << 1 | 1u << 2 | 1u << 4 | 1u << 5 | 1u << 8 | 1u << 9));
#else
	return reg < 8;
#endif
}

static struct skep_param_place in_reg(Dwarf_Word reg, enum dwarf_caller caller)
{
	if (caller == DWARF_GO || passes_arguments(reg))
		return (struct skep_param_place){ SKEP_PARAM_REG, (int64_t)reg };
#if defined(__x86_64__)
	if (reg >= 17 && reg <= 32) /* a number with a point */
		return (struct skep_param_place){ SKEP_PARAM_PARTS };
#endif
	return (struct skep_param_place){ SKEP_PARAM_UNTOLD };
}

/* The register that entry_value(regN) speaks of: one operation inside of a block. */
static bool entry_register(Dwarf_Attribute *attr, const Dwarf_Op *op, Dwarf_Word *ret_reg)
{
	Dwarf_Attribute inner;
	Dwarf_Addr base, start, end;
	Dwarf_Op *ops;
	size_t n;

	if ((op->atom != DW_OP_entry_value && op->atom != DW_OP_GNU_entry_value) ||
	    dwarf_lib.getlocation_attr(attr, op, &inner) != 0 ||
	    dwarf_lib.getlocations(&inner, 0, &base, &start, &end, &ops, &n) <= 0 || n != 1 ||
	    !is_reg(ops[0].atom))
		return false;
	*ret_reg = ops[0].atom - DW_OP_reg0;
	return true;
}

static bool constant(const Dwarf_Op *op, int64_t *ret_value)
{
	switch (op->atom) {
	case DW_OP_lit0 ... DW_OP_lit31:
		*ret_value = op->atom - DW_OP_lit0;
		return true;
	case DW_OP_const1u:
	case DW_OP_const1s:
	case DW_OP_const2u:
	case DW_OP_const2s:
	case DW_OP_const4u:
	case DW_OP_const4s:
	case DW_OP_const8u:
	case DW_OP_const8s:
	case DW_OP_constu:
	case DW_OP_consts:
		*ret_value = (int64_t)op->number;
		return true;
	default:
		return false;
	}
}

/*
 * "breg8 0, const 0xff, and, convert, stack_value": what a register holds, cut to the type's width. Who reads it as that type
 * does the same.
 */
static bool cut_register(const Dwarf_Op *ops, size_t n, Dwarf_Word *ret_reg)
{
	int64_t value;

	if (n < 2 || ops[0].atom < DW_OP_breg0 || ops[0].atom > DW_OP_breg31 || ops[0].number ||
	    ops[n - 1].atom != DW_OP_stack_value)
		return false;
	for (size_t i = 1; i + 1 < n; i++)
		if (ops[i].atom != DW_OP_and && ops[i].atom != DW_OP_convert &&
		    ops[i].atom != DW_OP_GNU_convert && !constant(&ops[i], &value))
			return false;
	*ret_reg = ops[0].atom - DW_OP_breg0;
	return true;
}

static struct skep_param_place place_of_ops(Dwarf_Die *param, const Dwarf_Op *ops, size_t n,
					    enum dwarf_caller caller)
{
	bool is_value = n == 2 && ops[1].atom == DW_OP_stack_value;
	Dwarf_Attribute attr;
	Dwarf_Word reg;
	int64_t value;

	if (n == 1 && is_reg(ops[0].atom))
		return in_reg(ops[0].atom - DW_OP_reg0, caller);
	if (n == 1 && ops[0].atom == DW_OP_regx)
		return in_reg(ops[0].number, caller);
	/* GNU's compilers show so what they keep a pointer of: a class of C++ that is not passed by value. */
	if (ops[0].atom == DW_OP_fbreg && n == 2 && ops[1].atom == DW_OP_deref)
		return (struct skep_param_place){ SKEP_PARAM_STRANGE };
	/* In memory: in the frame that is not there yet, or where C passes it. */
	if (ops[0].atom == DW_OP_fbreg ||
	    (n == 1 && ops[0].atom >= DW_OP_breg0 && ops[0].atom <= DW_OP_breg31))
		return (struct skep_param_place){ SKEP_PARAM_UNTOLD };
	if (cut_register(ops, n, &reg))
		return in_reg(reg, caller);
	if (is_value && constant(&ops[0], &value))
		return (struct skep_param_place){ SKEP_PARAM_CONSTANT, value };
	if (is_value && dwarf_lib.attr_integrate(param, DW_AT_location, &attr) &&
	    entry_register(&attr, &ops[0], &reg))
		return in_reg(reg, caller);
	return (struct skep_param_place){ SKEP_PARAM_PARTS };
}

static struct skep_param_place place_of(Dwarf_Die *param, Dwarf_Addr begin,
					enum dwarf_caller caller)
{
	Dwarf_Attribute attr;
	Dwarf_Sword value;
	Dwarf_Op *ops;
	size_t n;

	if (dwarf_lib.attr_integrate(param, DW_AT_const_value, &attr))
		return dwarf_lib.formsdata(&attr, &value) == 0
			       ? (struct skep_param_place){ SKEP_PARAM_CONSTANT, value }
			       : (struct skep_param_place){ SKEP_PARAM_GONE };
	if (dwarf_ops_at(param, begin, &ops, &n))
		return place_of_ops(param, ops, n, caller);
	return (struct skep_param_place){ caller == DWARF_GNU ? SKEP_PARAM_UNTOLD
							      : SKEP_PARAM_GONE };
}

static bool is_aggregate(Dwarf_Die *type)
{
	int tag = dwarf_lib.tag(type);

	return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type;
}

uint64_t dwarf_number(Dwarf_Die *die, unsigned attribute)
{
	Dwarf_Attribute attr;
	Dwarf_Word number;

	if (!dwarf_lib.attr_integrate(die, attribute, &attr) ||
	    dwarf_lib.formudata(&attr, &number) != 0)
		return 0;
	return number;
}

/* Rust's own rules for what is larger than a register changed with its versions. */
static bool has_own_rules(enum dwarf_caller caller, Dwarf_Die type)
{
	type = dwarf_stripped(type);
	return caller == DWARF_RUST && is_aggregate(&type) &&
	       dwarf_number(&type, DW_AT_byte_size) > 8;
}

/* Whether members or bases are classes, or functions belong to it: then there may be a destructor or a copy constructor. */
static bool may_have_ways(Dwarf_Die *type)
{
	Dwarf_Die child, of;

	for (int more = dwarf_lib.child(type, &child); more == 0;
	     more = dwarf_lib.siblingof(&child, &child)) {
		int tag = dwarf_lib.tag(&child);

		if (tag == DW_TAG_subprogram || tag == DW_TAG_inheritance)
			return true;
		if (tag != DW_TAG_member || !dwarf_type_of(&child, &of))
			continue;
		of = dwarf_stripped(of);
		if (is_aggregate(&of))
			return true;
	}
	return false;
}

/*
 * A class of C++ that has its own way of being copied or destroyed is passed by a pointer, and returned through one that goes
 * in front of the arguments. Compilers say so since DWARF 5, but not all of them; C has no such types.
 */
static bool may_go_by_pointer(Dwarf_Die type, bool is_cxx)
{
	uint64_t how;

	type = dwarf_stripped(type);
	if (!is_aggregate(&type))
		return false;
	how = dwarf_number(&type, DW_AT_calling_convention);
	if (how)
		return how == DW_CC_pass_by_reference;
	/* clang describes what is in a library only as a name. */
	return is_cxx &&
	       (dwarf_lib.hasattr_integrate(&type, DW_AT_declaration) || may_have_ways(&type));
}

/* Functions of C++ have a name for the linker beside their own. */
static bool is_cxx(Dwarf_Die *function)
{
	return dwarf_lib.hasattr_integrate(function, DW_AT_linkage_name);
}

/* A result that is larger than two registers goes through a pointer in any case, as C has it. */
static bool is_small(Dwarf_Die type)
{
	type = dwarf_stripped(type);
	return dwarf_number(&type, DW_AT_byte_size) <= 16;
}

/*
 * Where one may go so and the debugging information tells no place, those behind cannot be counted either. Of parameters GNU's
 * compilers tell it (place_of_ops).
 */
static void doubt_classes(struct dwarf_param *params, size_t n, enum dwarf_caller caller,
			  Dwarf_Die *function)
{
	bool cxx = is_cxx(function);
	Dwarf_Die result;
	bool moved = dwarf_type_of(function, &result) && is_small(result) &&
		     may_go_by_pointer(result, cxx);

	for (size_t i = 0; i < n; i++) {
		if (params[i].place.in == SKEP_PARAM_STRANGE)
			moved = true;
		if (params[i].place.in != SKEP_PARAM_UNTOLD)
			continue;
		if (caller != DWARF_GNU)
			moved |= may_go_by_pointer(params[i].type, cxx);
		if (moved)
			params[i].place.in = SKEP_PARAM_STRANGE;
	}
}

/* What nobody passes any more moves those behind it: what the debugging information leaves open cannot be counted then. */
static void doubt(struct dwarf_param *params, size_t n, enum dwarf_caller caller,
		  Dwarf_Die *function)
{
	bool moved = false;
	Dwarf_Die type;

	for (size_t i = 0; i < n; i++)
		moved |= params[i].place.in == SKEP_PARAM_GONE ||
			 params[i].place.in == SKEP_PARAM_CONSTANT;
	if (dwarf_type_of(function, &type) && has_own_rules(caller, type))
		moved = true;
	for (size_t i = 0; i < n; i++)
		if (params[i].place.in == SKEP_PARAM_UNTOLD && moved)
			params[i].place.in = SKEP_PARAM_STRANGE;
		else if (params[i].place.in == SKEP_PARAM_UNTOLD &&
			 has_own_rules(caller, params[i].type))
			params[i].place.in = SKEP_PARAM_STRANGE;
}

size_t dwarf_params(Dwarf_Die *function, enum dwarf_caller caller, struct skep_arena *arena,
		    struct dwarf_param *params, size_t max)
{
	Dwarf_Addr begin;
	Dwarf_Die child;
	size_t n = 0;

	if (dwarf_lib.lowpc(function, &begin) != 0)
		return 0;
	for (int more = dwarf_lib.child(function, &child); more == 0;
	     more = dwarf_lib.siblingof(&child, &child)) {
		struct dwarf_param param = { .name = dwarf_lib.diename(&child) };

		if (dwarf_lib.tag(&child) != DW_TAG_formal_parameter || n == max ||
		    dwarf_go_is_result(&child))
			continue;
		if (!dwarf_type_of(&child, &param.type))
			continue;
		param.place = place_of(&child, begin, caller);
		if (caller == DWARF_GO ||
		    (caller == DWARF_RUST && param.place.in == SKEP_PARAM_PARTS))
			n += dwarf_words(&child, arena, begin, params + n, max - n);
		else
			params[n++] = param;
	}
	if (caller == DWARF_GNU || caller == DWARF_LLVM)
		doubt_classes(params, n, caller, function);
	if (caller != DWARF_GO && caller != DWARF_GNU)
		doubt(params, n, caller, function);
	return n;
}
#endif
