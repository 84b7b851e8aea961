/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random programs do the same when evaluated directly and when compiled, optimized or not, for cpu
 * v3 and v4.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "random.h"

/* 0 when everything agreed. */
static int try(uint64_t seed, unsigned opt, unsigned cpu, bool verbose)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_diag_fini)
	struct skep_diag diag = {};
	struct skep_gen_options options = { .cpu = cpu, .opt_level = opt, .stripes = 2 };
	struct skep_gen *gen = skep_gen_new(arena, "GPL", &options);
	struct rnd_prog *p = skep_arena_alloc(arena, sizeof(*p));
	_Alignas(8) uint8_t ctx[RND_CTX_BYTES];
	struct rnd_state want = { .ctx = ctx };
	struct rnd_trace got = {};
	struct skep_spec *spec;
	struct machine m = { .helper = rnd_mock, .data = &got, .max_steps = 10000000 };
	uint64_t a, b, arg = (uint64_t)(uintptr_t)ctx;
	struct skep_str text = {};
	int r;

	rnd_make(p, arena, seed, RND_CTX_BYTES, 40);
	rnd_fill(ctx, RND_CTX_BYTES, seed);
	rnd_build(p, skep_gen_prog(gen, &(struct skep_spec_prog){ .name = "random", .type = 1 }),
		  NULL);
	if (verbose) {
		skep_gen_dump(gen, &text);
		fprintf(stderr, "%s\n", skep_str_text(&text));
		skep_str_reset(&text);
	}
	r = skep_gen_finish(gen, &diag, &spec);
	if (verbose) {
		skep_gen_dump(gen, &text);
		fprintf(stderr, "%s\n", skep_str_text(&text));
		skep_str_fini(&text);
	}
	if (r < 0) {
		/* Some random programs want more stack than there is, which is fine. */
		if (r == -E2BIG && diag.n_items && strstr(diag.items[0].what, "stack"))
			return 0;
		fprintf(stderr, "seed %" PRIu64 ": finish says %d: %s\n", seed, r,
			diag.n_items ? diag.items[0].what : "");
		return -1;
	}
	a = rnd_run(p, &want);
	m.spec = spec;
	machine_allow(&m, ctx, sizeof(ctx));
	machine_allow(&m, m.map_values, sizeof(m.map_values));
	b = machine_run(&m, 0, &arg, 1);
	if (!m.error[0] && a == b && want.trace.hash == got.hash && want.trace.calls == got.calls)
		return 0;
	fprintf(stderr,
		"seed %" PRIu64 " opt %u cpu %u: %s want %#" PRIx64 " got %#" PRIx64
		", calls %" PRIu64 " and %" PRIu64 "\n",
		seed, opt, cpu, m.error, a, b, want.trace.calls, got.calls);
	if (verbose)
		machine_print(&spec->progs[0]);
	return -1;
}

static void random_programs(void **state)
{
	const char *one = getenv("SEED"), *many = getenv("ROUNDS");
	uint64_t rounds = many ? strtoull(many, NULL, 0) : 300;
	int bad = 0;

	for (uint64_t i = one ? strtoull(one, NULL, 0) : 0;
	     i < (one ? strtoull(one, NULL, 0) + 1 : rounds); i++)
		for (unsigned opt = 0; opt < 2; opt++)
			for (unsigned cpu = 3; cpu < 5; cpu++)
				if (try(i, opt, cpu, one != NULL) < 0 && ++bad > 5)
					goto out;
out:
	assert_int_equal(bad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
