/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The running kernel takes what gen makes and computes the same: canonical programs and random ones
 * are loaded with plain bpf(2) and run with its test-run. Skipped where bpf(2) is not allowed.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <linux/bpf.h>
#include <sys/syscall.h>

#include "programs.h"
#include "random.h"

#define LOG_BYTES (1 << 20)
#define CTX_BYTES 96 /* what a raw tracepoint's program may read */

static char log_text[LOG_BYTES];

static int bpf(int cmd, union bpf_attr *attr)
{
	return (int)syscall(__NR_bpf, cmd, attr, sizeof(*attr));
}

static int map_create(const struct skep_spec_map *m)
{
	union bpf_attr attr = { .map_type = m->type,
				.key_size = m->key_size,
				.value_size = m->value_size,
				.max_entries = m->max_entries };

	return bpf(BPF_MAP_CREATE, &attr);
}

/* Marks what @index calls, one level deep; the kernel refuses functions that nobody calls. */
static void find_called(const struct skep_spec *spec, unsigned index, bool *called)
{
	const struct skep_spec_prog *p = &spec->progs[index];

	called[index] = true;
	for (size_t r = 0; r < p->n_relocs; r++)
		if (p->relocs[r].kind == SKEP_RELOC_FUNC)
			called[p->relocs[r].index] = true;
}

/* The function and those it calls as one program; returns the number of instructions. */
static size_t link_prog(const struct skep_spec *spec, unsigned first, const int *fds,
			struct skep_insn *insns, size_t max)
{
	size_t start[16] = {}, n = 0;
	bool called[16] = {};

	find_called(spec, first, called);
	for (unsigned pass = 0; pass < 2; pass++) {
		n = 0;
		for (unsigned k = 0; k < spec->n_progs; k++) {
			unsigned i = k ? k - (k <= first) : first;
			const struct skep_spec_prog *p = &spec->progs[i];

			if (!called[i])
				continue;
			start[i] = n;
			if (n + p->n_insns > max)
				return 0;
			memcpy(insns + n, p->insns, p->n_insns * sizeof(*insns));
			for (size_t r = 0; r < p->n_relocs; r++) {
				const struct skep_reloc *rel = &p->relocs[r];
				struct skep_insn *in = insns + n + rel->insn;

				if (rel->kind == SKEP_RELOC_FUNC)
					in->imm = (int32_t)(start[rel->index] -
							    (size_t)(in - insns) - 1);
				else
					in->imm = fds[rel->index];
			}
			n += p->n_insns;
		}
	}
	return n;
}

static int load(const struct skep_insn *insns, size_t n, unsigned type)
{
	union bpf_attr attr = { .prog_type = type,
				.insns = (uint64_t)(uintptr_t)insns,
				.insn_cnt = (uint32_t)n,
				.license = (uint64_t)(uintptr_t) "GPL" };
	int fd = bpf(BPF_PROG_LOAD, &attr);

	if (fd >= 0)
		return fd;
	attr.log_buf = (uint64_t)(uintptr_t)log_text;
	attr.log_size = LOG_BYTES;
	attr.log_level = 1;
	log_text[0] = 0;
	fd = bpf(BPF_PROG_LOAD, &attr);
	return fd < 0 ? -errno : fd;
}

static bool can_load(void)
{
	struct skep_insn nothing[] = { skep_insn_mov64_imm(SKEP_R0, 0), skep_insn_exit() };
	int fd = load(nothing, 2, RAW_TP);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static void open_maps(const struct skep_spec *spec, int *fds)
{
	for (size_t i = 0; i < spec->n_maps; i++) {
		fds[i] = map_create(&spec->maps[i]);
		assert_true(fds[i] >= 0);
	}
}

static void close_maps(const struct skep_spec *spec, int *fds)
{
	for (size_t i = 0; i < spec->n_maps; i++)
		close(fds[i]);
}

static int run(int fd, const void *ctx, uint32_t *ret_value)
{
	union bpf_attr attr = { .test = { .prog_fd = (uint32_t)fd,
					  .ctx_in = (uint64_t)(uintptr_t)ctx,
					  .ctx_size_in = CTX_BYTES } };

	if (bpf(BPF_PROG_TEST_RUN, &attr) < 0)
		return -errno;
	*ret_value = attr.test.retval;
	return 0;
}

static void canonical_programs(void **state)
{
	struct skep_insn insns[1024];
	uint64_t ctx[CTX_BYTES / 8] = { 77, 39 };

	if (!can_load()) {
		print_message("skipped, because bpf(2) is not allowed here\n");
		skip();
	}
	for (unsigned opt = 0; opt < 2; opt++)
		for (unsigned i = 0; i < ARRAY_SIZE(programs); i++) {
			_cleanup_(skep_arena_freep)
			struct skep_arena *arena = skep_arena_new();
			struct skep_gen *gen = skep_gen_new(
				arena, "GPL", &(struct skep_gen_options){ .opt_level = opt });
			struct skep_spec *spec;
			int fds[8];

			programs[i].make(gen);
			assert_int_equal(skep_gen_finish(gen, NULL, &spec), 0);
			open_maps(spec, fds);
			for (unsigned k = 0; k < spec->n_progs; k++) {
				size_t n = link_prog(spec, k, fds, insns, ARRAY_SIZE(insns));
				int fd = load(insns, n, RAW_TP);
				uint32_t value;

				if (fd < 0)
					print_message("%s: %s\n", programs[i].name, log_text);
				assert_true(fd >= 0);
				assert_int_equal(run(fd, ctx, &value), 0);
				close(fd);
			}
			close_maps(spec, fds);
		}
}

/*
 * --- random programs, whose calls are functions of the same program
 * -----------------------------------------
 */

/* The trace in the map: hash at 0, number of calls at 8. The same arithmetic as rnd_mix. */
static void build_mix(struct skep_fn *fn, unsigned map, struct skep_val *v)
{
	struct skep_val *at = skep_ir_map_value(fn, map, 0), *h;

	h = skep_ir_op(fn, SKEP_OP_XOR, skep_ir_load(fn, at, 0, 8, 0), v);
	h = skep_ir_opi(fn, SKEP_OP_MUL, h, UINT64_C(0x100000001b3));
	h = skep_ir_op(fn, SKEP_OP_XOR, h, skep_ir_opi(fn, SKEP_OP_SHR, h, 29));
	skep_ir_store(fn, at, 0, 8, h);
}

static struct skep_fn *build_helper_value(struct skep_gen *gen, unsigned map, unsigned n)
{
	struct skep_fn *fn = skep_gen_subprog(gen, "value", n);
	struct skep_block *even = skep_ir_block(fn), *odd = skep_ir_block(fn);
	struct skep_val *at = skep_ir_map_value(fn, map, 0), *h;

	h = skep_ir_load(fn, at, 8, 8, 0);
	skep_ir_store(fn, at, 8, 8, skep_ir_opi(fn, SKEP_OP_ADD, h, 1));
	build_mix(fn, map, skep_ir_const(fn, n));
	for (unsigned i = 0; i < n; i++)
		build_mix(fn, map, skep_ir_param(fn, i));
	h = skep_ir_load(fn, at, 0, 8, 0);
	skep_ir_branch(fn, SKEP_CC_NE, skep_ir_opi(fn, SKEP_OP_AND, h, 1), skep_ir_const(fn, 0),
		       odd, even);
	skep_ir_at(fn, odd);
	skep_ir_ret(fn, h);
	skep_ir_at(fn, even);
	skep_ir_ret(fn, skep_ir_opi(fn, SKEP_OP_AND, h, 15));
	return fn;
}

static struct skep_fn *build_helper_buffer(struct skep_gen *gen, unsigned map)
{
	struct skep_fn *fn = skep_gen_subprog(gen, "buffer", 1);
	struct skep_val *h = NULL, *w, *buf = skep_ir_param(fn, 0);

	for (int i = 0; i < 3; i++) {
		w = skep_ir_load(fn, buf, i * 8, 8, 0);
		build_mix(fn, map, w);
		h = skep_ir_load(fn, skep_ir_map_value(fn, map, 0), 0, 8, 0);
		skep_ir_store(fn, buf, i * 8, 8,
			      skep_ir_op(fn, SKEP_OP_ADD, w, skep_ir_opi(fn, SKEP_OP_SHR, h, 7)));
	}
	skep_ir_ret(fn, h);
	return fn;
}

/* 1: agreed, 0: the verifier found it too complex, or it needs too much stack; -1: wrong. */
static int try_random(uint64_t seed, unsigned opt)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_gen *gen =
		skep_gen_new(arena, "GPL", &(struct skep_gen_options){ .opt_level = opt });
	struct skep_spec_map data = {
		.name = "data", .type = ARRAY_MAP, .key_size = 4, .value_size = 16, .max_entries = 1
	};
	struct rnd_prog *p = skep_arena_alloc(arena, sizeof(*p));
	struct skep_insn *insns = skep_arena_calloc(arena, 65536, sizeof(*insns));
	struct skep_fn *mocks[7], *fn;
	uint64_t ctx[CTX_BYTES / 8], got[2];
	struct rnd_state want = { .ctx = (uint8_t *)ctx };
	struct skep_spec *spec;
	uint32_t value = 0, expect;
	union bpf_attr attr = {};
	int fds[1], fd, key = 0, r;

	rnd_make(p, arena, seed, CTX_BYTES, 6);
	rnd_fill((uint8_t *)ctx, CTX_BYTES, seed);
	skep_gen_map(gen, &data);
	for (unsigned i = 0; i < 6; i++)
		mocks[i] = build_helper_value(gen, 0, i);
	mocks[6] = build_helper_buffer(gen, 0);
	fn = begin(gen, "random");
	rnd_build(p, fn, mocks);
	if (skep_gen_finish(gen, NULL, &spec) < 0)
		return 0;
	open_maps(spec, fds);
	fd = load(insns, link_prog(spec, skep_fn_index(fn), fds, insns, 65536), RAW_TP);
	if (fd < 0) {
		close_maps(spec, fds);
		if (fd == -E2BIG || strstr(log_text, "too complex") ||
		    strstr(log_text, "too large") || strstr(log_text, "combined stack size") ||
		    strstr(log_text, "infinite loop"))
			return 0;
		print_message("seed %" PRIu64 " opt %u: %d\n%.20000s\n", seed, opt, fd, log_text);
		return -1;
	}
	expect = (uint32_t)rnd_run(p, &want);
	r = run(fd, ctx, &value);
	attr.map_fd = (uint32_t)fds[0];
	attr.key = (uint64_t)(uintptr_t)&key;
	attr.value = (uint64_t)(uintptr_t)got;
	if (r == 0)
		r = bpf(BPF_MAP_LOOKUP_ELEM, &attr);
	close(fd);
	close_maps(spec, fds);
	if (r == 0 && value == expect && got[0] == want.trace.hash)
		return 1;
	print_message("seed %" PRIu64 " opt %u: run says %d, want %#x got %#x\n", seed, opt, r,
		      expect, value);
	return -1;
}

static void random_programs(void **state)
{
	const char *many = getenv("ROUNDS");
	uint64_t rounds = many ? strtoull(many, NULL, 0) : 150;
	unsigned good = 0, bad = 0, skipped = 0;

	if (!can_load()) {
		print_message("skipped, because bpf(2) is not allowed here\n");
		skip();
	}
	for (uint64_t i = 0; i < rounds && bad < 5; i++)
		for (unsigned opt = 0; opt < 2; opt++) {
			int r = try_random(i, opt);

			*(r > 0 ? &good : r < 0 ? &bad : &skipped) += 1;
		}
	print_message("%u agreed, %u differed, %u too complex for the verifier\n", good, bad,
		      skipped);
	assert_int_equal(bad, 0);
	assert_true(good > skipped);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(canonical_programs),
		cmocka_unit_test(random_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
