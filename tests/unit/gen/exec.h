/* SPDX-License-Identifier: Apache-2.0 */
/* One function under construction and its run on the test machine. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "machine.h"

struct bench {
	struct skep_arena *arena;
	struct skep_gen *gen;
	struct skep_fn *fn;
	struct skep_spec *spec;
	struct skep_diag diag;
	struct machine m;
	uint64_t seen[64]; /* what helpers were given */
	unsigned n_seen;
};

/*
 * Helper 1 remembers its first argument and returns it plus 1; helper 2 returns 77; helper 3 all
 * five, mixed.
 */
static inline uint64_t bench_helper(struct machine *m, int id, uint64_t *args)
{
	struct bench *b = m->data;

	if (b->n_seen < ARRAY_SIZE(b->seen))
		b->seen[b->n_seen++] = id == 2 ? 77 : args[0];
	if (id == 1)
		return args[0] + 1;
	if (id == 3)
		return args[0] + args[1] * 10 + args[2] * 100 + args[3] * 1000 + args[4] * 10000;
	return 77;
}

static inline void bench_open(struct bench *b, unsigned cpu, unsigned opt_level)
{
	struct skep_gen_options options = { .cpu = cpu, .opt_level = opt_level, .stripes = 2 };

	memset(b, 0, sizeof(*b));
	b->arena = skep_arena_new();
	b->gen = skep_gen_new(b->arena, "GPL", &options);
	b->fn = skep_gen_prog(b->gen, &(struct skep_spec_prog){ .name = "test", .type = 17 });
	b->m.helper = bench_helper;
	b->m.data = b;
	b->m.max_steps = 1000000;
	for (unsigned i = 0; i < ARRAY_SIZE(b->m.map_values); i++)
		machine_allow(&b->m, b->m.map_values[i], sizeof(b->m.map_values[i]));
}

static inline int bench_finish(struct bench *b)
{
	int r = skep_gen_finish(b->gen, &b->diag, &b->spec);

	b->m.spec = b->spec;
	return r;
}

/* Finishes and runs function @fn with @ctx as the context. */
static inline uint64_t bench_run(struct bench *b, const void *ctx, size_t size)
{
	uint64_t arg = (uint64_t)(uintptr_t)ctx, value;

	if (!b->spec) {
		assert_int_equal(bench_finish(b), 0);
		machine_allow(&b->m, ctx, size);
	}
	value = machine_run(&b->m, skep_fn_index(b->fn), &arg, 1);
	if (b->m.error[0]) {
		fprintf(stderr, "%s\n", b->m.error);
		machine_print(&b->spec->progs[skep_fn_index(b->fn)]);
		fail();
	}
	return value;
}

static inline void bench_close(struct bench *b)
{
	skep_diag_fini(&b->diag);
	skep_arena_free(b->arena);
}

/* Runs the statement for both machines, optimized or not, with a fresh bench. */
#define FOR_ALL(b)                                                                   \
	for (unsigned _i = 0; _i < 4 && (bench_open((b), 3 + _i / 2, _i % 2), true); \
	     bench_close(b), _i++)
