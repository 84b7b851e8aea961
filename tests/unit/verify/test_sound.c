/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Soundness: random programs that the verifier calls safe run in the checked machine on random input. None may fault, and
 * every number in a register has to lie in what the verifier claimed of it on one of the paths through that instruction.
 *
 * SKEP_ROUNDS asks for more programs than the few of a normal run, SKEP_SEED begins elsewhere.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/vec.h"
#include "isa/disasm.h"
#include "isa/progkind.h"
#include "obj/link.h"
#include "random_program.h"
#include "verify/verify.h"
#include "vm/engine.h"

#define RUNS 4 /* of each program, with other input */
#define CLAIMED_MAX \
	3000 /* steps of all paths whose claims are kept; of larger programs only faults are looked for */

struct claim {
	struct skep_value regs[SKEP_R10];
};

struct claims {
	struct {
		SKEP_VEC(struct claim);
	} at[512]; /* per instruction */
	uint32_t failed_at;
	int failed_reg;
	uint64_t failed_value;
	uint64_t steps;
	uint32_t first[4]; /* per function: its place in the linked program */
};

static uint64_t seed_state;

static uint64_t next(void)
{
	seed_state ^= seed_state << 13;
	seed_state ^= seed_state >> 7;
	seed_state ^= seed_state << 17;
	return seed_state * 0x2545f4914f6cdd1d;
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static void collect(void *data, uint32_t insn, unsigned depth, const struct skep_value *regs)
{
	struct claims *claims = data;
	struct claim claim;

	(void)depth;
	if (insn >= ARRAY_SIZE(claims->at))
		return;
	memcpy(claim.regs, regs, sizeof(claim.regs));
	skep_vec_add(&claims->at[insn], claim);
}

/* The first register that the claim is wrong about, or -1. */
static int contradicts(const struct claim *claim, const uint64_t *regs)
{
	for (int reg = 0; reg < SKEP_R10; reg++)
		if (claim->regs[reg].kind == SKEP_VALUE_NUMBER &&
		    !skep_scalar_has(&claim->regs[reg].num, regs[reg]))
			return reg;
	return -1;
}

static int check_step(void *data, uint32_t prog, uint32_t insn, uint64_t regs[11])
{
	struct claims *claims = data;
	int reg = -1;

	claims->steps++;
	if (prog >= ARRAY_SIZE(claims->first))
		return 0;
	insn += claims->first[prog];
	if (insn >= ARRAY_SIZE(claims->at))
		return 0;
	for (size_t i = 0; i < claims->at[insn].len; i++) {
		reg = contradicts(&claims->at[insn].data[i], regs);
		if (reg < 0)
			return 0;
	}
	claims->failed_at = insn;
	claims->failed_reg = reg;
	claims->failed_value = reg >= 0 ? regs[reg] : 0;
	return 1;
}

/* Numbers in the context and the packet: small ones, edges, any. */
static void randomize(uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i += 4) {
		uint32_t x = (uint32_t)next();

		if (next() % 3 == 0)
			x %= 80;
		else if (next() % 4 == 0)
			x = (uint32_t)(INT32_MAX - 1 + next() % 4);
		memcpy(bytes + i, &x, 4);
	}
}

static void fill_maps(struct skep_loaded *loaded)
{
	uint8_t value[64];

	for (uint32_t key = 0; key < 4; key++) {
		randomize(value, sizeof(value));
		(void)!skep_vm_engine()->map_set(loaded, 0, &key, value, 0);
		if (next() % 2)
			(void)!skep_vm_engine()->map_set(loaded, 1, &key, value, 0);
	}
}

static void fail_with(uint64_t seed, const struct skep_spec *spec, const char *what)
{
	struct skep_str text = {};

	skep_disasm_program(spec->progs[0].insns, spec->progs[0].n_insns, NULL, &text);
	fprintf(stderr, "%s\n", skep_str_text(&text));
	skep_str_fini(&text);
	fail_msg("seed %llu: %s", (unsigned long long)seed, what);
}

static void run_once(uint64_t seed, const struct skep_spec *spec, struct skep_loaded *loaded,
		     struct claims *claims)
{
	struct skep_vm_run *run = skep_vm_loaded_run(loaded);
	uint8_t ctx[256] = {}, packet[128];
	struct skep_vm_input input = { .ctx = ctx, .ctx_size = sizeof(ctx) };
	struct skep_vm_result result;
	char what[400];
	int r;

	randomize(ctx, sizeof(ctx));
	randomize(packet, sizeof(packet));
	fill_maps(loaded);
	input.ctx_size = spec->progs[0].type == SKEP_PROG_XDP ? 24 : 192;
	if (spec->progs[0].type == SKEP_PROG_XDP) {
		input.packet = packet;
		input.packet_size = 14 + next() % (sizeof(packet) - 14);
	}
	skep_vm_run_watch(run, claims ? check_step : NULL, claims);
	r = skep_vm_run_prog(run, skep_vm_loaded_prog(loaded, 0), &input, &result);
	if (r == -ECANCELED) {
		snprintf(what, sizeof(what),
			 "r%d is %llu before instruction %u, which no path claims",
			 claims->failed_reg, (unsigned long long)claims->failed_value,
			 claims->failed_at);
		fail_with(seed, spec, what);
	}
	if (r < 0) {
		snprintf(what, sizeof(what), "a safe program failed with %d: %s", r,
			 skep_vm_fault_text(run));
		fail_with(seed, spec, what);
	}
}

static void forget(struct claims *claims)
{
	for (size_t i = 0; i < ARRAY_SIZE(claims->at); i++)
		claims->at[i].len = 0;
}

/* True when the program was safe and ran. */
static bool try_program(uint64_t seed, struct claims *claims, uint64_t *ret_claimed)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_verify_options all = {
		.max_insns = CLAIMED_MAX, .keep_all_paths = true, .visit = collect, .data = claims
	};
	struct skep_verify_result result;
	struct skep_loaded *loaded = NULL;
	struct skep_linked linked;
	struct skep_spec spec;
	bool claimed;

	random_program(seed, arena, &spec);
	assert_int_equal(skep_verify(&spec, 0, &(struct skep_verify_options){}, arena, &result), 0);
	if (result.verdict != SKEP_VERDICT_SAFE)
		return false;
	forget(claims);
	assert_int_equal(skep_spec_link(&spec, 0, arena, NULL, &linked), 0);
	for (size_t i = 0; i < linked.n_funcs; i++)
		claims->first[linked.funcs[i].prog] = linked.funcs[i].insn;
	assert_int_equal(skep_verify(&spec, 0, &all, arena, &result), 0);
	claimed = result.verdict == SKEP_VERDICT_SAFE;
	*ret_claimed += claimed;
	assert_int_equal(
		skep_vm_load_spec(&spec,
				  &(struct skep_vm_config){ .size = sizeof(struct skep_vm_config) },
				  NULL, &loaded),
		0);
	for (int i = 0; i < RUNS; i++)
		run_once(seed, &spec, loaded, claimed ? claims : NULL);
	skep_vm_engine()->close(loaded);
	return true;
}

static void test_safe_programs_are_safe(void **state)
{
	uint64_t rounds = number_of("SKEP_ROUNDS", 300), first = number_of("SKEP_SEED", 1),
		 safe = 0, claimed = 0;
	struct claims *claims = calloc(1, sizeof(*claims));

	(void)state;
	assert_non_null(claims);
	seed_state = first * 0x9e3779b97f4a7c15 | 1;
	for (uint64_t seed = first; seed < first + rounds; seed++)
		safe += try_program(seed, claims, &claimed);
	print_message("%llu programs, %llu safe, of %llu every value was checked: %llu steps\n",
		      (unsigned long long)rounds, (unsigned long long)safe,
		      (unsigned long long)claimed, (unsigned long long)claims->steps);
	assert_true(safe > 0 && claims->steps > 0);
	for (size_t i = 0; i < ARRAY_SIZE(claims->at); i++)
		skep_vec_fini(&claims->at[i]);
	free(claims);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_safe_programs_are_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
