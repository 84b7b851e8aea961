/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of `sys` share: a way to write small programs by hand, and the rule that each of
 * them does something only for this very process.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "isa/helper.h"
#include "isa/mapkind.h"
#include "isa/progkind.h"
#include "obj/engine.h"
#include "sys/bpf.h"
#include "sys/feature.h"
#include "sys/kernel.h"

struct code {
	struct skep_insn insns[64];
	size_t n;
	struct skep_reloc relocs[8];
	size_t n_relocs;
};

static inline void emit(struct code *c, struct skep_insn insn)
{
	assert_true(c->n < ARRAY_SIZE(c->insns));
	c->insns[c->n++] = insn;
}

static inline void emit_map(struct code *c, enum skep_reloc_kind kind, unsigned reg, uint32_t map)
{
	struct skep_insn_pair pair = skep_insn_ld_imm64(reg, 0);

	assert_true(c->n_relocs < ARRAY_SIZE(c->relocs));
	c->relocs[c->n_relocs++] =
		(struct skep_reloc){ .kind = kind, .insn = (uint32_t)c->n, .index = map };
	emit(c, pair.insn[0]);
	emit(c, pair.insn[1]);
}

/* Goes on only in this process; elsewhere returns 0. The context is in R6 afterwards. */
static inline void emit_only_me(struct code *c)
{
	emit(c, skep_insn_mov64_reg(SKEP_R6, SKEP_R1));
	emit(c, skep_insn_call(SKEP_HELPER_GET_CURRENT_PID_TGID));
	emit(c, skep_insn_alu64_imm(SKEP_ALU_RSH, SKEP_R0, 32));
	emit(c, skep_insn_jmp_imm(SKEP_JMP_JEQ, SKEP_R0, (int32_t)getpid(), 2));
	emit(c, skep_insn_mov64_imm(SKEP_R0, 0));
	emit(c, skep_insn_exit());
}

static inline void emit_return(struct code *c, int32_t value)
{
	emit(c, skep_insn_mov64_imm(SKEP_R0, value));
	emit(c, skep_insn_exit());
}

/* Adds 1 to the first value of array @map. */
static inline void emit_count(struct code *c, uint32_t map)
{
	emit_map(c, SKEP_RELOC_MAP_VALUE, SKEP_R1, map);
	emit(c, skep_insn_mov64_imm(SKEP_R2, 1));
	emit(c, skep_insn_atomic(SKEP_SIZE_DW, SKEP_ATOMIC_ADD, SKEP_R1, 0, SKEP_R2));
}

/* Adds the cookie of whatever fired to the first value of array @map. */
static inline void emit_add_cookie(struct code *c, uint32_t map)
{
	emit(c, skep_insn_mov64_reg(SKEP_R1, SKEP_R6));
	emit(c, skep_insn_call(SKEP_HELPER_GET_ATTACH_COOKIE));
	emit_map(c, SKEP_RELOC_MAP_VALUE, SKEP_R1, map);
	emit(c, skep_insn_atomic(SKEP_SIZE_DW, SKEP_ATOMIC_ADD, SKEP_R1, 0, SKEP_R0));
}

static inline struct skep_spec_prog prog_of(const char *name, uint32_t type, struct code *c)
{
	return (struct skep_spec_prog){
		.name = name,
		.type = type,
		.insns = c->insns,
		.n_insns = c->n,
		.relocs = c->relocs,
		.n_relocs = c->n_relocs,
	};
}

static inline struct skep_spec_map counter_map(const char *name)
{
	return (struct skep_spec_map){
		.name = name,
		.type = SKEP_MAP_ARRAY,
		.key_size = 4,
		.value_size = 8,
		.max_entries = 1,
		.flags = SKEP_BPF_F_MMAPABLE,
	};
}

static inline uint64_t read_counter(struct skep_loaded *loaded, size_t map)
{
	uint32_t zero = 0;
	uint64_t value;

	assert_int_equal(skep_kernel_engine()->map_get(loaded, map, &zero, &value), 0);
	return value;
}

/* Loads or fails the test with what the diag says. */
static inline struct skep_loaded *load_spec(const struct skep_spec *spec)
{
	struct skep_loaded *loaded = NULL;
	struct skep_diag diag = {};
	int r;

	r = skep_kernel_engine()->load(skep_kernel_engine(), spec, NULL, &diag, &loaded);
	if (r < 0) {
		struct skep_str text = {};

		skep_diag_format(&diag, false, true, &text);
		print_error("%s", skep_str_text(&text));
		skep_str_fini(&text);
	}
	skep_diag_fini(&diag);
	assert_int_equal(r, 0);
	return loaded;
}

/* Attaches record @index or fails with what the diag says; returns how many targets. */
static inline int attach_spec(struct skep_loaded *loaded, size_t index)
{
	struct skep_diag diag = {};
	int r;

	r = skep_kernel_engine()->attach(loaded, index, &diag);
	if (r < 0) {
		struct skep_str text = {};

		skep_diag_format(&diag, false, true, &text);
		print_error("%s", skep_str_text(&text));
		skep_str_fini(&text);
	}
	skep_diag_fini(&diag);
	return r;
}

/* Links that programs with this name have in the whole kernel; -1: the list is not readable. */
static inline int count_progs_named(const char *name)
{
	struct skep_bpf_prog_info info;
	uint32_t id = 0, size;
	int n = 0, fd;

	while (skep_bpf_next_id(SKEP_BPF_PROG_NEXT_ID, id, &id) == 0) {
		fd = skep_bpf_fd_by_id(SKEP_BPF_PROG_FD_BY_ID, id);
		if (fd < 0)
			continue;
		memset(&info, 0, sizeof(info));
		size = sizeof(info);
		if (skep_bpf_obj_info(fd, &info, &size) == 0 && !strncmp(info.name, name, 15))
			n++;
		close(fd);
	}
	return n;
}

/*
 * Waits for the kernel to drop the last program of this name: the link is gone when close returns,
 * the program it held goes a moment later.
 */
static inline void assert_gone(const char *name)
{
	int n = 0;

	for (int i = 0; i < 200; i++) {
		n = count_progs_named(name);
		if (!n)
			return;
		usleep(10000);
	}
	print_error("%d programs called %s are still there\n", n, name);
	fail();
}

/* Skips the test, saying why, where the kernel or our rights do not allow it. */
static inline void need(enum skep_feature feature)
{
	int r;

	if (geteuid() != 0) {
		print_message("skipped: loading programs needs root\n");
		skip();
	}
	r = skep_feature_error(feature);
	if (r < 0) {
		print_message("skipped: this kernel has no %s (%s)\n", skep_feature_name(feature),
			      strerror(-r));
		skip();
	}
}
