/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: measure DIRECTORY
 *
 * Times the seven loops (and an empty program) of programs.c: natively, in the machine's engines, and in the kernel when it may be asked;
 * DIRECTORY holds each program's instructions as NAME.bin. Then operations on maps. Each figure is the best of several
 * rounds. One JSON object a line on stdout, a table on stderr.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include <linux/bpf.h>
#include <skep/vm.h>

#include "isa/insn.h"
#include "vm/helpers/helpers.h"
#include "vm/maps/maps.h"

typedef uint64_t native(uint64_t seed);
native nop, alu, div_, stack, branch, call, crc, sort;

static const struct {
	const char *name;
	native *run;
} programs[] = {
	{ "nop", nop },	      { "alu", alu },	{ "div", div_ }, { "stack", stack },
	{ "branch", branch }, { "call", call }, { "crc", crc },	 { "sort", sort },
};

#define ROUNDS 7
#define SEED 42

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Repeats until a round lasts some milliseconds; the best round's nanoseconds for one. */
static double best(void (*once)(void *data), void *data)
{
	uint64_t n = 1, start, took;
	double least = 1e18;

	for (;; n *= 2) {
		start = now();
		for (uint64_t i = 0; i < n; i++)
			once(data);
		took = now() - start;
		if (took > 3000000)
			break;
	}
	for (unsigned round = 0; round < ROUNDS; round++) {
		start = now();
		for (uint64_t i = 0; i < n; i++)
			once(data);
		took = now() - start;
		least = (double)took / (double)n < least ? (double)took / (double)n : least;
	}
	return least;
}

static volatile uint64_t sink;

struct job {
	native *run;
	struct skep_vm_run *vm_run;
	uint32_t prog;
	uint64_t value, insns;
};

static void run_native(void *data)
{
	struct job *job = data;

	sink = job->value = job->run(SEED);
}

static void run_vm(void *data)
{
	const uint64_t args[5] = { SEED };
	struct job *job = data;
	struct skep_vm_result result = {};

	if (skep_vm_run_prog(job->vm_run, job->prog, &(struct skep_vm_input){ .args = args },
			     &result) < 0)
		fprintf(stderr, "%s\n", skep_vm_fault_text(job->vm_run));
	job->value = result.value;
}

static int count(void *data, uint32_t prog, uint32_t insn, uint64_t regs[11])
{
	++*(uint64_t *)data;
	return 0;
}

/* The kernel's own time of one run, from its test-run with repetitions; negative: not allowed, or refused. */
static double run_kernel(const struct skep_insn *insns, uint32_t n)
{
	_cleanup_free_ struct skep_insn *whole = calloc(n + 1, sizeof(*whole));
	_cleanup_close_ int prog = -1;
	uint8_t packet[64] = {};
	double least = -1;
	union bpf_attr attr;

	whole[0] = skep_insn_mov64_imm(SKEP_R1, SEED);
	memcpy(whole + 1, insns, n * sizeof(*insns));
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (uintptr_t)whole;
	attr.insn_cnt = n + 1;
	attr.license = (uintptr_t) "GPL";
	prog = (int)syscall(__NR_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	for (unsigned round = 0; prog >= 0 && round < ROUNDS; round++) {
		memset(&attr, 0, sizeof(attr));
		attr.test.prog_fd = (uint32_t)prog;
		attr.test.data_in = (uintptr_t)packet;
		attr.test.data_size_in = sizeof(packet);
		attr.test.repeat = 1000;
		if (syscall(__NR_bpf, BPF_PROG_TEST_RUN, &attr, sizeof(attr)) < 0)
			return -1;
		if (least < 0 || attr.test.duration < least)
			least = attr.test.duration;
	}
	return least;
}

static uint32_t read_program(const char *directory, const char *name, struct skep_insn *insns,
			     size_t max)
{
	char path[512];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.bin", directory, name);
	f = fopen(path, "re");
	if (!f) {
		perror(path);
		exit(1);
	}
	n = fread(insns, sizeof(*insns), max, f);
	fclose(f);
	return (uint32_t)n;
}

static double engine(enum skep_vm_mode mode, bool jit, const struct skep_insn *insns, uint32_t n,
		     struct job *job)
{
	struct skep_vm_config config = { .mode = mode, .jit = jit };
	char why[256];
	struct skep_vm *vm;
	double ns;

	if (skep_vm_new(&config, &vm) < 0 ||
	    skep_vm_add_prog(vm, &(struct skep_vm_prog_def){ .insns = insns, .n_insns = n }, why,
			     sizeof(why), &job->prog) < 0 ||
	    skep_vm_run_new(vm, &job->vm_run) < 0) {
		fprintf(stderr, "%s\n", why);
		exit(1);
	}
	ns = best(run_vm, job);
	job->insns = 0;
	skep_vm_run_watch(job->vm_run, count, &job->insns);
	run_vm(job);
	skep_vm_run_free(job->vm_run);
	skep_vm_free(vm);
	return ns;
}

/* Nanoseconds of making a program's code, with that of decoding; best of a few. */
static double compile_ns(const struct skep_insn *insns, uint32_t n)
{
	struct skep_vm_config config = { .mode = SKEP_VM_UNCHECKED, .jit = true };
	double least = 1e18;

	for (unsigned round = 0; round < 50; round++) {
		struct skep_vm *vm;
		uint64_t start;
		uint32_t prog;

		if (skep_vm_new(&config, &vm) < 0)
			exit(1);
		start = now();
		if (skep_vm_add_prog(vm, &(struct skep_vm_prog_def){ .insns = insns, .n_insns = n },
				     NULL, 0, &prog) < 0)
			exit(1);
		start = now() - start;
		least = (double)start < least ? (double)start : least;
		skep_vm_free(vm);
	}
	return least;
}

/* Engines of the machine. */
static const struct {
	const char *name;
	enum skep_vm_mode mode;
	bool jit;
} engines[] = {
	{ "interp", SKEP_VM_CHECKED, false },
	{ "unchecked", SKEP_VM_UNCHECKED, false },
	{ "jit", SKEP_VM_UNCHECKED, true },
	{ "jit_checked", SKEP_VM_CHECKED, true },
};

/* What the figures are held against, over all programs but the empty one. */
static struct {
	double log_ratio, log_checked; /* sums of logarithms, to native */
	double interp_worst, make_worst;
	unsigned n, above_kernel;
} total;

static void add_up(double plain, double kernel, double compile, const double ns[4], uint64_t insns,
		   uint32_t words)
{
	double make = compile / 1000 * 100 / (words > 100 ? words : 100);

	total.n++;
	total.log_ratio += log(ns[2] / plain);
	total.log_checked += log(ns[3] / plain);
	total.interp_worst = fmax(total.interp_worst, ns[0] / (double)insns);
	total.make_worst = fmax(total.make_worst, make);
	total.above_kernel += kernel > 0 && ns[2] > kernel;
}

static void judge(const char *what, double figure, double limit)
{
	fprintf(stderr, "%-44s %8.2f, at most %6.2f: %s\n", what, figure, limit,
		figure <= limit ? "reached" : "MISSED");
	printf("{\"target\":\"%s\",\"figure\":%.3f,\"limit\":%.2f}\n", what, figure, limit);
}

static void judge_programs(void)
{
	judge("JIT to native, geometric mean", exp(total.log_ratio / total.n), 1.05);
	judge("JIT with checks to native, geometric mean", exp(total.log_checked / total.n), 1.5);
	judge("programs slower in the JIT than in the kernel", total.above_kernel, 0);
	judge("interpreter with checks, worst ns/instruction", total.interp_worst, 1.2);
	judge("making code, worst us for 100 instructions", total.make_worst, 30);
}

static void measure_program(size_t i, const char *directory)
{
	static struct skep_insn insns[4096];
	uint32_t n = read_program(directory, programs[i].name, insns, ARRAY_SIZE(insns));
	struct job job = { .run = programs[i].run };
	double plain = best(run_native, &job), kernel = run_kernel(insns, n);
	double compile = compile_ns(insns, n);
	uint64_t value = job.value;
	double all[ARRAY_SIZE(engines)];

	fprintf(stderr, "%-8s %10.1f %10.1f", programs[i].name, plain, kernel);
	printf("{\"program\":\"%s\",\"words\":%u,\"native_ns\":%.1f,\"kernel_ns\":%.1f,\"compile_ns\":%.0f",
	       programs[i].name, n, plain, kernel, compile);
	for (size_t k = 0; k < ARRAY_SIZE(engines); k++) {
		double ns = engine(engines[k].mode, engines[k].jit, insns, n, &job);

		all[k] = ns;
		if (job.value != value)
			fprintf(stderr, "%s: 0x%" PRIx64 " instead of 0x%" PRIx64 "\n",
				programs[i].name, job.value, value);
		if (engines[k].jit)
			fprintf(stderr, " %10.1f %6.2f", ns, ns / plain);
		else
			fprintf(stderr, " %10.1f %6.2f", ns, ns / (double)job.insns);
		printf(",\"%s_ns\":%.1f", engines[k].name, ns);
	}
	fprintf(stderr, " %8.1f\n", compile / 1000);
	printf(",\"insns\":%" PRIu64 "}\n", job.insns);
	if (i > 0)
		add_up(plain, kernel, compile, all, job.insns, n);
}

static void measure_programs(const char *directory)
{
	fprintf(stderr, "%-8s %10s %10s %10s %6s %10s %6s %10s %6s %10s %6s %8s\n", "ns", "native",
		"kernel", "interp", "/insn", "unchecked", "/insn", "jit", "/nat", "checked", "/nat",
		"make us");
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		measure_program(i, directory);
	judge_programs();
}

/* Maps. */

struct map_job {
	struct skep_vm_run *run;
	struct skep_vm *vm;
	uint64_t map;
	uint32_t n, key_size;
	uint32_t turn;
	uint8_t value[64];
};

static uint64_t next_key(struct map_job *job)
{
	job->turn = job->turn * 1664525 + 1013904223;
	return (job->turn >> 8) % job->n;
}

static void lookup(void *data)
{
	struct map_job *job = data;
	uint64_t key = next_key(job);

	sink = vm_helper_map_lookup_elem(job->run, job->map, (uint64_t)(uintptr_t)&key, 0, 0, 0);
}

static void update(void *data)
{
	struct map_job *job = data;
	uint64_t key = next_key(job);

	sink = vm_helper_map_update_elem(job->run, job->map, (uint64_t)(uintptr_t)&key,
					 (uint64_t)(uintptr_t)job->value, 0, 0);
}

static void only_key(void *data)
{
	sink = next_key(data);
}

static int ignore(void *data, uint32_t cpu, const void *bytes, size_t size)
{
	return 0;
}

static void reserve_and_submit(void *data)
{
	struct map_job *job = data;
	uint64_t record = vm_helper_ringbuf_reserve(job->run, job->map, 32, 0, 0, 0);

	if (!record) {
		(void)!skep_vm_ring_drain(job->vm, 0, ignore, NULL);
		return;
	}
	vm_helper_ringbuf_submit(job->run, record, 0, 0, 0, 0);
}

static void measure_map(const char *name, uint32_t kind, uint32_t key_size, uint32_t n,
			void (*operation)(void *data), double limit)
{
	struct skep_vm_map_def def = {
		.kind = kind, .key_size = key_size, .value_size = 8, .max_entries = n
	};
	struct map_job job = { .n = n, .key_size = key_size };
	uint32_t map;
	char why[256] = "";
	double ns;

	if (kind == SKEP_MAP_RINGBUF)
		def.key_size = def.value_size = 0;
	if (kind == SKEP_MAP_LPM_TRIE)
		def.flags = SKEP_MAP_F_NO_PREALLOC;
	if (skep_vm_new(NULL, &job.vm) < 0 ||
	    skep_vm_add_map(job.vm, &def, why, sizeof(why), &map) < 0 ||
	    skep_vm_run_new(job.vm, &job.run) < 0) {
		fprintf(stderr, "%s: %s\n", name, why);
		exit(1);
	}
	for (uint64_t key = 0; key < n && kind != SKEP_MAP_RINGBUF; key++)
		(void)!skep_vm_map_set(job.vm, map, &key, job.value, 0);
	job.map = (uint64_t)(uintptr_t)&job.vm->maps[map];
	ns = best(operation, &job);
	if (kind != SKEP_MAP_RINGBUF)
		ns -= best(only_key, &job);
	fprintf(stderr, "%-28s %8.1f ns", name, ns);
	if (limit > 0)
		fprintf(stderr, ", at most %.0f: %s", limit, ns <= limit ? "reached" : "MISSED");
	fprintf(stderr, "\n");
	printf("{\"map\":\"%s\",\"ns\":%.1f}\n", name, ns);
	skep_vm_run_free(job.run);
	skep_vm_free(job.vm);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
		return 2;
	}
	measure_programs(argv[1]);
	measure_map("array lookup", SKEP_MAP_ARRAY, 4, 1024, lookup, 2);
	measure_map("per-cpu array lookup", SKEP_MAP_PERCPU_ARRAY, 4, 1024, lookup, 2);
	measure_map("hash lookup, 8-byte keys", SKEP_MAP_HASH, 8, 1024, lookup, 15);
	measure_map("hash lookup, 4-byte keys", SKEP_MAP_HASH, 4, 1024, lookup, 15);
	measure_map("hash update", SKEP_MAP_HASH, 8, 1024, update, 0);
	measure_map("per-cpu hash lookup", SKEP_MAP_PERCPU_HASH, 8, 1024, lookup, 15);
	measure_map("lru hash lookup", SKEP_MAP_LRU_HASH, 8, 1024, lookup, 15);
	measure_map("ring reserve + submit", SKEP_MAP_RINGBUF, 0, 1 << 20, reserve_and_submit, 20);
	return 0;
}
