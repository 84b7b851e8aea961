/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blobs for the tests of obj: BTF with every kind in it, a 16 KB one, and walks that call
 * everything.
 */
#pragma once

#include <errno.h>
#include <string.h>

#include "obj/btf_build.h"
#include "obj/elf_sym.h"

/* The ids of make_kinds. */
enum {
	ID_INT = 1,
	ID_CHAR,
	ID_ULONG,
	ID_VOID_PTR,
	ID_COMM, /* char[16] */
	ID_TASK, /* struct task */
	ID_TASK_PTR,
	ID_CONST_TASK, /* const struct task */
	ID_CONST_TASK_PTR,
	ID_TASK_T, /* typedef struct task task_t */
	ID_INNER,  /* union inside of struct task */
	ID_INNER2, /* struct inside of that union */
	ID_STATE,  /* enum state */
	ID_WIDE,   /* enum64 wide */
	ID_FWD,	   /* struct far */
	ID_PROTO,  /* int (const struct task *t, unsigned long flags, ...) */
	ID_FUNC,   /* do_wake */
	ID_FN_PTR, /* pointer to the prototype */
	ID_OPS,	   /* struct ops */
	ID_VOLATILE,
	ID_RESTRICT,
	ID_VAR,
	ID_FLOAT,
	ID_DECL_TAG,
	ID_TYPE_TAG,
	ID_TAGGED_PTR,
	ID_MATRIX_ROW, /* int[3] */
	ID_MATRIX,     /* int[2][3] */
	ID_END,
};

static inline void make_structs(struct skep_btf_builder *b)
{
	struct skep_btf_member task[] = {
		{ "pid", ID_INT, 0, 0 },       { "", ID_INNER, 64, 0 },
		{ "comm", ID_COMM, 192, 0 },   { "low", ID_INT, 320, 3 },
		{ "high", ID_INT, 323, 5 },    { "next", ID_TASK_PTR, 384, 0 },
		{ "state", ID_STATE, 448, 0 }, { "ops", ID_FN_PTR, 512, 0 },
	};
	struct skep_btf_member inner[] = { { "flags", ID_ULONG, 0, 0 }, { "", ID_INNER2, 0, 0 } };
	struct skep_btf_member inner2[] = { { "a", ID_INT, 0, 0 }, { "b", ID_INT, 32, 0 } };
	struct skep_btf_enumerator state[] = { { "RUNNING", 0 }, { "DEAD", (uint64_t)-1 } };
	struct skep_btf_enumerator wide[] = { { "HUGE_ONE", 0x123456789abcdef0 },
					      { "MINUS", ~0ull } };

	skep_btf_build_struct(b, SKEP_BTF_STRUCT, "task", 72, task, ARRAY_SIZE(task));
	skep_btf_build_ref(b, SKEP_BTF_PTR, NULL, ID_TASK);
	skep_btf_build_ref(b, SKEP_BTF_CONST, NULL, ID_TASK);
	skep_btf_build_ref(b, SKEP_BTF_PTR, NULL, ID_CONST_TASK);
	skep_btf_build_ref(b, SKEP_BTF_TYPEDEF, "task_t", ID_TASK);
	skep_btf_build_struct(b, SKEP_BTF_UNION, "", 8, inner, ARRAY_SIZE(inner));
	skep_btf_build_struct(b, SKEP_BTF_STRUCT, "", 8, inner2, ARRAY_SIZE(inner2));
	skep_btf_build_enum(b, SKEP_BTF_ENUM, "state", 4, true, state, ARRAY_SIZE(state));
	skep_btf_build_enum(b, SKEP_BTF_ENUM64, "wide", 8, false, wide, ARRAY_SIZE(wide));
	skep_btf_build_fwd(b, "far", false);
}

/* All kinds that the builder makes; DATASEC is the kernel's own affair. */
static inline void make_kinds(struct skep_btf_builder *b)
{
	struct skep_btf_param params[] = { { "t", ID_CONST_TASK_PTR },
					   { "flags", ID_ULONG },
					   { "", 0 } };
	struct skep_btf_member ops[] = { { "wake", ID_FN_PTR, 0, 0 }, { "m", ID_MATRIX, 64, 0 } };

	skep_btf_build_int(b, "int", 4, SKEP_BTF_INT_SIGNED);
	skep_btf_build_int(b, "char", 1, SKEP_BTF_INT_SIGNED | SKEP_BTF_INT_CHAR);
	skep_btf_build_int(b, "long unsigned int", 8, 0);
	skep_btf_build_ref(b, SKEP_BTF_PTR, NULL, 0);
	skep_btf_build_array(b, ID_CHAR, ID_INT, 16);
	make_structs(b);
	skep_btf_build_proto(b, ID_INT, params, ARRAY_SIZE(params));
	skep_btf_build_func(b, "do_wake", ID_PROTO, 1);
	skep_btf_build_ref(b, SKEP_BTF_PTR, NULL, ID_PROTO);
	skep_btf_build_struct(b, SKEP_BTF_STRUCT, "ops", 32, ops, ARRAY_SIZE(ops));
	skep_btf_build_ref(b, SKEP_BTF_VOLATILE, NULL, ID_INT);
	skep_btf_build_ref(b, SKEP_BTF_RESTRICT, NULL, ID_VOID_PTR);
	skep_btf_build_var(b, "jiffies", ID_VOLATILE, 1);
	skep_btf_build_float(b, "double", 8);
	skep_btf_build_decl_tag(b, "bpf_kfunc", ID_FUNC, -1);
	skep_btf_build_ref(b, SKEP_BTF_TYPE_TAG, "user", ID_CHAR);
	skep_btf_build_ref(b, SKEP_BTF_PTR, NULL, ID_TYPE_TAG);
	skep_btf_build_array(b, ID_INT, ID_INT, 3);
	skep_btf_build_array(b, ID_MATRIX_ROW, ID_INT, 2);
}

/* The kinds above, and structs of many members until the blob has 16 KB. */
static inline void make_large(struct skep_btf_builder *b)
{
	struct skep_btf_member members[60];
	char names[60][16], name[16];
	uint32_t before;

	make_kinds(b);
	for (unsigned i = 0; i < 15; i++) {
		before = skep_btf_builder_next_id(b);
		for (unsigned m = 0; m < ARRAY_SIZE(members); m++) {
			snprintf(names[m], sizeof(names[m]), "m%u_%u", i, m);
			members[m] = (struct skep_btf_member){ m % 13 ? names[m] : "",
							       m % 7 ? ID_INT : before - 1,
							       m * 32ull, 0 };
		}
		snprintf(name, sizeof(name), "large%u", i);
		skep_btf_build_struct(b, SKEP_BTF_STRUCT, i % 2 ? name : "", 240, members,
				      ARRAY_SIZE(members));
	}
}

/*
 * Asks for everything that one type has. @text: as C, too, which takes long. *absurd is set by the
 * first struct that is nested beyond the reader's bound; members are searched no more then, since
 * each search would run into it.
 */
static inline void walk_type(const struct skep_btf *btf, uint32_t id, bool text, bool *absurd,
			     struct skep_str *out)
{
	struct skep_btf_type t = skep_btf_type(btf, id);
	struct skep_btf_enumerator e;
	struct skep_btf_member m;
	struct skep_btf_param p;
	uint32_t x, y;

	(void)!skep_btf_size(btf, id, &x);
	(void)!skep_btf_pointee(btf, id, &x);
	(void)!skep_btf_array(btf, id, &x, &y);
	if (skep_btf_proto(btf, id, &x) == 0)
		for (uint32_t i = 0; skep_btf_param(btf, x, i, &p) == 0; i++)
			(void)strlen(p.name);
	for (uint32_t i = 0; skep_btf_member(btf, id, i, &m) == 0; i++)
		(void)strlen(m.name);
	for (uint32_t i = 0; skep_btf_enumerator(btf, id, i, &e) == 0; i++)
		(void)strlen(e.name);
	if (!*absurd && skep_btf_find_member(btf, id, "nothing has this name", &m) == -ELOOP)
		*absurd = true;
	(void)skep_btf_enum_name(btf, id, 42);
	(void)!skep_btf_find(btf, t.name, t.kind, &x);
	(void)!skep_btf_find_next(btf, id, SKEP_BTF_VOID, &x);
	if (!text)
		return;
	skep_str_reset(out);
	skep_btf_format(btf, id, out);
	skep_btf_format_def(btf, id, 1, out);
	if (!*absurd)
		skep_btf_format_member_names(btf, id, "pidd", 5, out);
}

static inline void walk_btf(const struct skep_btf *btf, bool text)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	struct skep_btf_enumerator e;
	unsigned pointers;
	bool absurd = false;
	uint32_t id;

	for (id = 0; id <= skep_btf_n_types(btf); id++)
		walk_type(btf, id, text, &absurd, &out);
	walk_type(btf, UINT32_MAX, text, &absurd, &out);
	(void)!skep_btf_find_enumerator(btf, "DEAD", &id, &e);
	(void)!skep_btf_find_c(btf, "unsigned long *", &id, &pointers);
	(void)skep_btf_nearest(btf, "taskk", SKEP_BTF_STRUCT);
}

static inline void walk_elf(const struct skep_elf *elf)
{
	struct skep_elf_sym sym;
	const uint8_t *id;
	const void *data;
	size_t n, size, i = 0;
	uint64_t x;

	(void)!skep_elf_build_id(elf, &id, &size);
	(void)!skep_elf_section(elf, ".text", &data, &size);
	(void)!skep_elf_find(elf, "main", SKEP_ELF_FUNC, &sym);
	(void)skep_elf_nearest(elf, "mainn");
	if (skep_elf_n_funcs(elf, &n) < 0)
		return;
	while (skep_elf_next_func(elf, "*a*", &i, &sym) == 0) {
		(void)strlen(sym.name);
		if (skep_elf_file_offset(elf, sym.value, &x) == 0)
			(void)!skep_elf_vaddr(elf, x, &x);
		(void)!skep_elf_find_addr(elf, sym.value + 1, &sym);
	}
	(void)!skep_elf_find_addr(elf, 0, &sym);
	(void)!skep_elf_find_addr(elf, UINT64_MAX, &sym);
}
