/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the reader of debugging information: dwarf.c (files, lines, functions), dwarf_btf.c (types), dwarf_params.c
 * (where arguments are) and dwarf_words.c (those of Go and Rust), dwarf_places.c.
 */
#pragma once

#include <dwarf.h>
#include <elfutils/libdw.h>

#include "base/arena.h"
#include "who/dwarf.h"

/* In the order of the names in dwarf.c. */
struct dwarf_library {
	Dwarf *(*begin)(int, Dwarf_Cmd);
	int (*end)(Dwarf *);
	int (*nextcu)(Dwarf *, Dwarf_Off, Dwarf_Off *, size_t *, Dwarf_Off *, uint8_t *, uint8_t *);
	Dwarf_Die *(*offdie)(Dwarf *, Dwarf_Off, Dwarf_Die *);
	int (*haspc)(Dwarf_Die *, Dwarf_Addr);
	int (*child)(Dwarf_Die *, Dwarf_Die *);
	int (*siblingof)(Dwarf_Die *, Dwarf_Die *);
	int (*tag)(Dwarf_Die *);
	const char *(*diename)(Dwarf_Die *);
	Dwarf_Attribute *(*attr_integrate)(Dwarf_Die *, unsigned, Dwarf_Attribute *);
	Dwarf_Die *(*formref_die)(Dwarf_Attribute *, Dwarf_Die *);
	int (*formudata)(Dwarf_Attribute *, Dwarf_Word *);
	int (*formsdata)(Dwarf_Attribute *, Dwarf_Sword *);
	int (*hasattr_integrate)(Dwarf_Die *, unsigned);
	int (*getsrclines)(Dwarf_Die *, Dwarf_Lines **, size_t *);
	Dwarf_Line *(*onesrcline)(Dwarf_Lines *, size_t);
	const char *(*linesrc)(Dwarf_Line *, Dwarf_Word *, Dwarf_Word *);
	int (*lineno)(Dwarf_Line *, int *);
	int (*linecol)(Dwarf_Line *, int *);
	int (*lineaddr)(Dwarf_Line *, Dwarf_Addr *);
	int (*linebeginstatement)(Dwarf_Line *, bool *);
	int (*lineendsequence)(Dwarf_Line *, bool *);
	Dwarf *(*begin_elf)(Elf *, Dwarf_Cmd, Elf_Scn *);
	int (*lowpc)(Dwarf_Die *, Dwarf_Addr *);
	int (*highpc)(Dwarf_Die *, Dwarf_Addr *);
	ptrdiff_t (*getlocations)(Dwarf_Attribute *, ptrdiff_t, Dwarf_Addr *, Dwarf_Addr *,
				  Dwarf_Addr *, Dwarf_Op **, size_t *);
	const char *(*formstring)(Dwarf_Attribute *);
	int (*formflag)(Dwarf_Attribute *, bool *);
	int (*getlocation_attr)(Dwarf_Attribute *, const Dwarf_Op *, Dwarf_Attribute *);
};

extern struct dwarf_library dwarf_lib;

/* Whose rules a function is called by. */
enum dwarf_caller {
	DWARF_GNU,
	DWARF_LLVM, /* and all that we do not know */
	DWARF_RUST,
	DWARF_GO,
};

/* An argument, or a word of one. */
struct dwarf_param {
	const char *name; /* NULL: it has none */
	Dwarf_Die type;
	struct skep_param_place place;
};

enum dwarf_caller dwarf_caller_of(Dwarf_Die *unit);
/* The parameters of @function, at most @max; those beyond are left out. */
size_t dwarf_params(Dwarf_Die *function, enum dwarf_caller caller, struct skep_arena *arena,
		    struct dwarf_param *params, size_t max);
/* The words of @param when the function begins, or all of it in no register; how many. */
size_t dwarf_words(Dwarf_Die *param, struct skep_arena *arena, Dwarf_Addr begin,
		   struct dwarf_param *params, size_t max);
/* Go describes its results as parameters. */
bool dwarf_go_is_result(Dwarf_Die *param);
/* What the location of @param is at the instruction @begin; false: none is told. */
bool dwarf_ops_at(Dwarf_Die *param, Dwarf_Addr begin, Dwarf_Op **ret_ops, size_t *ret_n);
/* An attribute that is a number; 0: there is none. */
uint64_t dwarf_number(Dwarf_Die *die, unsigned attribute);
/* What @die is of; false: void. */
bool dwarf_type_of(Dwarf_Die *die, Dwarf_Die *ret_type);
/* Without typedefs and modifiers. */
Dwarf_Die dwarf_stripped(Dwarf_Die type);

/* The prototype of function @die as the last type of a new BTF, and the places of its parameters: SKEP_PARAMS_MAX. */
int dwarf_to_btf(Dwarf_Die *die, enum dwarf_caller caller, struct skep_param_place *ret_places,
		 struct skep_btf **ret_btf, uint32_t *ret_proto) _must_check_;
/* The types of @n variables, each a number in *ret_btf; 0: void, or too many. */
int dwarf_types_to_btf(Dwarf_Die *vars, size_t n, struct skep_btf **ret_btf,
		       uint32_t *ret_types) _must_check_;
/* The type @die, and all that it is made of, as a new BTF. */
int dwarf_type_to_btf(Dwarf_Die *die, struct skep_btf **ret_btf, uint32_t *ret_id) _must_check_;
/* -ENOTSUP without libdw. */
int dwarf_open_library(void) _must_check_;
