/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random programs: the live kernel and the verifier have to give the same verdict. A program that we accept and the kernel
 * rejects is the worst that can happen. SKEP_ROUNDS asks for more than the few of a normal run, SKEP_SEED begins elsewhere.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include <cmocka.h>

#include "isa/disasm.h"
#include "obj/link.h"
#include "random_program.h"
#include "sys/bpf.h"
#include "verify/verify.h"

static uint64_t number_of(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

/* The program with descriptors in place of relocations. 1: accepted, 0: rejected. */
static int ask_kernel(const struct skep_spec *spec, const int *map_fds, char **ret_log)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_spec_prog *prog;
	struct skep_linked linked;
	struct skep_bpf_prog_load attr = {
		.prog_type = spec->progs[0].type,
		.license = (uint64_t)(uintptr_t)spec->license,
	};
	int fd;

	assert_int_equal(skep_spec_link(spec, 0, arena, NULL, &linked), 0);
	prog = &linked.prog;
	attr.insns = (uint64_t)(uintptr_t)prog->insns;
	attr.insn_cnt = (uint32_t)prog->n_insns;
	for (size_t i = 0; i < prog->n_relocs; i++)
		prog->insns[prog->relocs[i].insn].imm = map_fds[prog->relocs[i].index];
	fd = skep_bpf_prog_load(&attr, ret_log ? 1 : 0, ret_log);
	if (fd < 0)
		return 0;
	close(fd);
	return 1;
}

/* What is known before each step, as the kernel's log has it. */
static void trace(void *data, uint32_t insn, unsigned depth, const struct skep_value *regs)
{
	struct skep_str text = {};

	for (unsigned reg = 0; reg < SKEP_R10; reg++) {
		if (regs[reg].kind == SKEP_VALUE_NOTHING)
			continue;
		skep_str_addf(&text, " R%u=", reg);
		skep_value_format(&regs[reg], &text);
	}
	(void)data;
	fprintf(stderr, "%u:%u%s\n", depth, insn, skep_str_text(&text));
	skep_str_fini(&text);
}

static void show_steps(const struct skep_spec *spec)
{
	struct skep_verify_result result;
	struct skep_arena *arena = skep_arena_new();

	(void)!skep_verify(spec, 0, &(struct skep_verify_options){ .visit = trace }, arena,
			   &result);
	skep_arena_free(arena);
}

static void show(uint64_t seed, const struct skep_spec *spec,
		 const struct skep_verify_result *result, const int *map_fds)
{
	_cleanup_free_ char *log = NULL;
	struct skep_str text = {};
	const char *tail;

	(void)ask_kernel(spec, map_fds, &log);
	skep_disasm_program(spec->progs[0].insns, spec->progs[0].n_insns, NULL, &text);
	tail = log ? log : "";
	print_error("seed %llu: we say %s%s%s at %u; %u processed\n", (unsigned long long)seed,
		    result->verdict == SKEP_VERDICT_SAFE ? "safe" : "rejected",
		    result->n_findings ? ": " : "",
		    result->n_findings ? result->findings[0].what : "",
		    result->n_findings ? result->findings[0].insn : 0, result->processed);
	if (getenv("SKEP_SHOW"))
		fprintf(stderr, "%s\n%s\n", skep_str_text(&text), tail);
	if (getenv("SKEP_SHOW"))
		show_steps(spec);
	skep_str_fini(&text);
}

/* Older kernels know less of numbers and reject more. */
static bool is_recent(void)
{
	struct utsname name;
	unsigned major, minor;

	return uname(&name) == 0 && sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 18));
}

static void test_same_verdicts(void **state)
{
	uint64_t rounds = number_of("SKEP_ROUNDS", 400), first = number_of("SKEP_SEED", 1);
	unsigned accepted = 0, unsound = 0, stricter = 0;
	struct skep_arena *arena = skep_arena_new();
	struct skep_spec spec;
	int fds[RANDOM_N_MAPS];

	(void)state;
	if (geteuid() != 0 || !is_recent()) {
		skep_arena_free(arena);
		skip();
	}
	random_program(1, arena, &spec);
	for (int i = 0; i < RANDOM_N_MAPS; i++) {
		fds[i] = skep_bpf_map_create(spec.maps[i].name, spec.maps[i].type,
					     spec.maps[i].key_size, spec.maps[i].value_size,
					     spec.maps[i].max_entries, 0);
		if (fds[i] == -EPERM) {
			skep_arena_free(arena);
			skip();
		}
		assert_true(fds[i] >= 0);
	}
	skep_arena_free(arena);
	for (uint64_t seed = first; seed < first + rounds; seed++) {
		struct skep_verify_result result;
		bool kernel;

		arena = skep_arena_new();
		random_program(seed, arena, &spec);
		assert_int_equal(
			skep_verify(&spec, 0, &(struct skep_verify_options){}, arena, &result), 0);
		assert_int_not_equal(result.verdict, SKEP_VERDICT_UNDECIDED);
		kernel = ask_kernel(&spec, fds, NULL);
		accepted += kernel;
		if (kernel != (result.verdict == SKEP_VERDICT_SAFE)) {
			if (unsound + stricter < 10)
				show(seed, &spec, &result, fds);
			if (kernel)
				stricter++;
			else
				unsound++;
		}
		skep_arena_free(arena);
	}
	for (int i = 0; i < RANDOM_N_MAPS; i++)
		close(fds[i]);
	print_message(
		"%llu programs, %u accepted by the kernel; accepted here only: %u, there only: %u\n",
		(unsigned long long)rounds, accepted, unsound, stricter);
	assert_int_equal(unsound, 0);
	assert_int_equal(stricter, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_verdicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
