/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel engine: load, run, maps, rings, raw tracepoints. Needs root; every program acts on
 * this process only.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>

#include "fixture.h"
#include "sys/vmlinux.h"

static const struct skep_engine *engine;

static void test_run(void **state)
{
	struct code c = {};
	struct skep_spec_prog prog;
	struct skep_spec spec = { .license = "GPL", .progs = &prog, .n_progs = 1 };
	uint64_t ctx[3] = { 40, 2, 0 };
	struct skep_loaded *loaded;
	uint32_t value = 0;

	need(SKEP_FEATURE_TEST_RUN);
	/* The sum of the first two words of the context. */
	emit(&c, skep_insn_load(SKEP_SIZE_DW, SKEP_R0, SKEP_R1, 0));
	emit(&c, skep_insn_load(SKEP_SIZE_DW, SKEP_R2, SKEP_R1, 8));
	emit(&c, skep_insn_alu64_reg(SKEP_ALU_ADD, SKEP_R0, SKEP_R2));
	emit(&c, skep_insn_exit());
	prog = prog_of("t_run", SKEP_PROG_RAW_TRACEPOINT, &c);
	loaded = load_spec(&spec);
	assert_int_equal(engine->run(loaded, 0, ctx, sizeof(ctx), &value), 0);
	assert_int_equal(value, 42);
	assert_int_equal(engine->run(loaded, 1, ctx, sizeof(ctx), &value), -EINVAL);
	engine->close(loaded);
	assert_gone("t_run");
}

static void test_raw_tp(void **state)
{
	struct code c = {};
	struct skep_spec_prog prog;
	struct skep_spec_map map = counter_map("hits");
	struct skep_attach_target target = { .name = "sys_enter" };
	struct skep_spec_attach attach = { .kind = SKEP_ATTACH_RAW_TP,
					   .targets = &target,
					   .n_targets = 1 };
	struct skep_spec spec = { .license = "GPL",
				  .maps = &map,
				  .n_maps = 1,
				  .progs = &prog,
				  .n_progs = 1,
				  .attaches = &attach,
				  .n_attaches = 1 };
	struct skep_loaded *loaded;
	uint64_t misses = 1, *memory;
	size_t size;
	void *p;

	need(SKEP_FEATURE_RAW_TP);
	emit_only_me(&c);
	emit(&c, skep_insn_load(SKEP_SIZE_DW, SKEP_R1, SKEP_R6, 8));
	emit(&c, skep_insn_jmp_imm(SKEP_JMP_JNE, SKEP_R1, SYS_getppid, 4));
	emit_count(&c, 0);
	emit_return(&c, 0);
	prog = prog_of("t_raw_tp", SKEP_PROG_RAW_TRACEPOINT, &c);
	loaded = load_spec(&spec);
	assert_int_equal(attach_spec(loaded, 0), 1);
	for (int i = 0; i < 100; i++)
		syscall(SYS_getppid);
	assert_int_equal(read_counter(loaded, 0), 100);
	assert_int_equal(engine->map_mmap(loaded, 0, &p, &size), 0);
	memory = p;
	assert_int_equal(size, 8);
	assert_int_equal(*memory, 100);
	*memory = 50;
	assert_int_equal(read_counter(loaded, 0), 50);
	*memory = 100;
	assert_int_equal(skep_kernel_n_links(loaded), 1);
	assert_int_equal(engine->prog_misses(loaded, 0, &misses), 0);
	assert_int_equal(misses, 0);
	engine->detach(loaded);
	assert_int_equal(skep_kernel_n_links(loaded), 0);
	syscall(SYS_getppid);
	assert_int_equal(*memory, 100);
	engine->close(loaded);
	assert_gone("t_raw_tp");
}

struct seen {
	size_t n, bytes;
	uint64_t last;
	int stop_after;
};

static int take(void *data, const void *bytes, size_t len)
{
	struct seen *seen = data;
	const uint64_t *words = bytes;

	/* Each word of a record is its number. */
	for (size_t i = 0; i < len / 8; i++)
		if (words[i] != seen->last + 1)
			return -EBADMSG;
	seen->last++;
	seen->n++;
	seen->bytes += len;
	return seen->stop_after && seen->n >= (size_t)seen->stop_after ? -ECANCELED : 0;
}

/* Writes one record of 24 times 8 bytes that all are the counter's value. 0 when there was room. */
static void ring_program(struct code *c)
{
	emit_map(c, SKEP_RELOC_MAP_VALUE, SKEP_R6, 1);
	emit(c, skep_insn_load(SKEP_SIZE_DW, SKEP_R7, SKEP_R6, 0));
	emit(c, skep_insn_alu64_imm(SKEP_ALU_ADD, SKEP_R7, 1));
	for (int i = 1; i <= 24; i++)
		emit(c, skep_insn_store(SKEP_SIZE_DW, SKEP_FP, -8 * i, SKEP_R7));
	emit_map(c, SKEP_RELOC_MAP, SKEP_R1, 0);
	emit(c, skep_insn_mov64_reg(SKEP_R2, SKEP_FP));
	emit(c, skep_insn_alu64_imm(SKEP_ALU_ADD, SKEP_R2, -192));
	emit(c, skep_insn_mov64_imm(SKEP_R3, 192));
	emit(c, skep_insn_mov64_imm(SKEP_R4, 0));
	emit(c, skep_insn_call(SKEP_HELPER_RINGBUF_OUTPUT));
	emit(c, skep_insn_jmp_imm(SKEP_JMP_JNE, SKEP_R0, 0, 1));
	emit(c, skep_insn_store(SKEP_SIZE_DW, SKEP_R6, 0, SKEP_R7));
	emit(c, skep_insn_exit());
}

static bool readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/*
 * Fills, drains and wraps a ring of one page many times; nothing lost, nothing twice, drops seen by
 * the program.
 */
static void test_ring(void **state)
{
	struct code c = {};
	struct skep_spec_prog prog;
	struct skep_spec_map maps[2] = { { .name = "ring", .type = SKEP_MAP_RINGBUF }, {} };
	struct skep_spec spec = {
		.license = "GPL", .maps = maps, .n_maps = 2, .progs = &prog, .n_progs = 1
	};
	struct seen seen = {};
	struct skep_ring_sink sink = { take, &seen };
	struct skep_loaded *loaded;
	uint32_t value;
	size_t sent = 0;

	need(SKEP_FEATURE_RINGBUF);
	maps[0].max_entries = (uint32_t)sysconf(_SC_PAGESIZE);
	maps[1] = counter_map("sent");
	ring_program(&c);
	prog = prog_of("t_ring", SKEP_PROG_RAW_TRACEPOINT, &c);
	loaded = load_spec(&spec);
	assert_true(engine->ring_fd(loaded) >= 0);
	assert_false(readable(engine->ring_fd(loaded)));
	assert_int_equal(engine->ring_drain(loaded, 0, &sink), 0);
	for (int round = 0; round < 200; round++) {
		size_t now = 0;

		do {
			assert_int_equal(engine->run(loaded, 0, NULL, 0, &value), 0);
			now += value == 0;
		} while (value == 0 && now < (size_t)(round % 30) + 1);
		sent += now;
		assert_true(readable(engine->ring_fd(loaded)));
		assert_int_equal(engine->ring_drain(loaded, 0, &sink), now);
		assert_false(readable(engine->ring_fd(loaded)));
	}
	assert_int_equal(seen.n, sent);
	assert_int_equal(seen.bytes, sent * 192);
	assert_int_equal(read_counter(loaded, 1), sent);

	/* A sink that stops: its record is taken, the next one waits. */
	for (int i = 0; i < 3; i++)
		assert_int_equal(engine->run(loaded, 0, NULL, 0, &value), 0);
	seen.n = 0;
	seen.stop_after = 1;
	assert_int_equal(engine->ring_drain(loaded, 0, &sink), -ECANCELED);
	seen.stop_after = 0;
	assert_int_equal(engine->ring_drain(loaded, 0, &sink), 2);
	assert_int_equal(engine->ring_drain(loaded, 1, &sink), -EINVAL);
	engine->close(loaded);
}

/* A record that is given up is passed over, and does not count. */
static void test_ring_discard(void **state)
{
	struct code c = {};
	struct skep_spec_prog prog;
	struct skep_spec_map map = { .name = "ring",
				     .type = SKEP_MAP_RINGBUF,
				     .max_entries = (uint32_t)sysconf(_SC_PAGESIZE) };
	struct skep_spec spec = {
		.license = "GPL", .maps = &map, .n_maps = 1, .progs = &prog, .n_progs = 1
	};
	struct seen seen = {};
	struct skep_ring_sink sink = { take, &seen };
	struct skep_loaded *loaded;
	uint32_t value;

	need(SKEP_FEATURE_RINGBUF);
	emit_map(&c, SKEP_RELOC_MAP, SKEP_R1, 0);
	emit(&c, skep_insn_mov64_imm(SKEP_R2, 12));
	emit(&c, skep_insn_mov64_imm(SKEP_R3, 0));
	emit(&c, skep_insn_call(SKEP_HELPER_RINGBUF_RESERVE));
	emit(&c, skep_insn_jmp_imm(SKEP_JMP_JEQ, SKEP_R0, 0, 3));
	emit(&c, skep_insn_mov64_reg(SKEP_R1, SKEP_R0));
	emit(&c, skep_insn_mov64_imm(SKEP_R2, 0));
	emit(&c, skep_insn_call(SKEP_HELPER_RINGBUF_DISCARD));
	emit(&c, skep_insn_store_imm(SKEP_SIZE_DW, SKEP_FP, -8, 1));
	emit_map(&c, SKEP_RELOC_MAP, SKEP_R1, 0);
	emit(&c, skep_insn_mov64_reg(SKEP_R2, SKEP_FP));
	emit(&c, skep_insn_alu64_imm(SKEP_ALU_ADD, SKEP_R2, -8));
	emit(&c, skep_insn_mov64_imm(SKEP_R3, 8));
	emit(&c, skep_insn_mov64_imm(SKEP_R4, 0));
	emit(&c, skep_insn_call(SKEP_HELPER_RINGBUF_OUTPUT));
	emit(&c, skep_insn_exit());
	prog = prog_of("t_discard", SKEP_PROG_RAW_TRACEPOINT, &c);
	loaded = load_spec(&spec);
	for (int i = 0; i < 500; i++) {
		seen.last = 0;
		assert_int_equal(engine->run(loaded, 0, NULL, 0, &value), 0);
		assert_int_equal(value, 0);
		assert_int_equal(engine->ring_drain(loaded, 0, &sink), 1);
	}
	engine->close(loaded);
}

/* A call of a function of the kernel by name. */
static void test_kfunc(void **state)
{
	struct code c = {};
	struct skep_spec_prog prog;
	struct skep_spec spec = { .license = "GPL", .progs = &prog, .n_progs = 1 };
	struct skep_diag diag = {};
	const struct skep_btf *btf;
	struct skep_loaded *loaded;
	uint32_t id;

	need(SKEP_FEATURE_TP_BTF);
	assert_int_equal(skep_vmlinux_btf(NULL, &btf), 0);
	if (skep_btf_find(btf, "bpf_rcu_read_lock", SKEP_BTF_FUNC, &id) < 0) {
		print_message("skipped: this kernel has no such function\n");
		skip();
	}
	c.relocs[0] = (struct skep_reloc){ .kind = SKEP_RELOC_KFUNC,
					   .insn = 0,
					   .name = "bpf_rcu_read_lock" };
	c.relocs[1] = (struct skep_reloc){ .kind = SKEP_RELOC_KFUNC,
					   .insn = 1,
					   .name = "bpf_rcu_read_unlock" };
	c.n_relocs = 2;
	emit(&c, skep_insn_call_kfunc(0, 0));
	emit(&c, skep_insn_call_kfunc(0, 0));
	emit_return(&c, 0);
	prog = prog_of("t_kfunc", SKEP_PROG_TRACING, &c);
	prog.attach_type = SKEP_BPF_ATTACH_RAW_TP;
	assert_int_equal(skep_btf_find(btf, "btf_trace_sys_enter", SKEP_BTF_TYPEDEF,
				       &prog.attach_btf_id),
			 0);
	loaded = load_spec(&spec);
	engine->close(loaded);
	c.relocs[1].name = "skep_no_such_function";
	assert_int_equal(engine->load(engine, &spec, NULL, &diag, &loaded), -ENOENT);
	assert_non_null(strstr(diag.items[0].what, "skep_no_such_function"));
	skep_diag_fini(&diag);
}

static void test_stats(void **state)
{
	struct code c = {};
	struct skep_spec_prog prog;
	struct skep_spec spec = { .license = "GPL", .progs = &prog, .n_progs = 1 };
	_cleanup_close_ int stats = -1;
	struct skep_loaded *loaded;
	uint64_t runs, time_ns;
	uint32_t value;

	need(SKEP_FEATURE_TEST_RUN);
	emit_return(&c, 0);
	prog = prog_of("t_stats", SKEP_PROG_RAW_TRACEPOINT, &c);
	loaded = load_spec(&spec);
	stats = skep_bpf_enable_stats();
	assert_true(stats >= 0);
	for (int i = 0; i < 7; i++)
		assert_int_equal(engine->run(loaded, 0, NULL, 0, &value), 0);
	assert_int_equal(engine->prog_stats(loaded, 0, &runs, &time_ns), 0);
	/* Kernels before 6.14 or so do not count test runs of this kind. */
	assert_true(runs == 7 || runs == 0);
	assert_int_equal(engine->prog_stats(loaded, 1, &runs, &time_ns), -EINVAL);
	engine->close(loaded);
}

/* Nothing that was opened may reach a program that we start. */
static void test_close_on_exec(void **state)
{
	struct code c = {};
	struct skep_spec_prog prog;
	struct skep_spec_map maps[2] = { counter_map("m"),
					 { .name = "ring",
					   .type = SKEP_MAP_RINGBUF,
					   .max_entries = (uint32_t)sysconf(_SC_PAGESIZE) } };
	struct skep_attach_target target = { .name = "sys_enter" };
	struct skep_spec_attach attach = { .kind = SKEP_ATTACH_RAW_TP,
					   .targets = &target,
					   .n_targets = 1 };
	struct skep_spec spec = { .license = "GPL",
				  .maps = maps,
				  .n_maps = 2,
				  .progs = &prog,
				  .n_progs = 1,
				  .attaches = &attach,
				  .n_attaches = 1 };
	struct skep_loaded *loaded;
	bool before[256];

	need(SKEP_FEATURE_RAW_TP);
	for (int fd = 0; fd < 256; fd++)
		before[fd] = fcntl(fd, F_GETFD) >= 0;
	emit_return(&c, 0);
	prog = prog_of("t_cloexec", SKEP_PROG_RAW_TRACEPOINT, &c);
	loaded = load_spec(&spec);
	assert_int_equal(attach_spec(loaded, 0), 1);
	for (int fd = 0; fd < 256; fd++)
		if (!before[fd] && fcntl(fd, F_GETFD) >= 0)
			assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	engine->close(loaded);
	for (int fd = 0; fd < 256; fd++)
		assert_int_equal(before[fd], fcntl(fd, F_GETFD) >= 0);
}

static void test_maps(void **state)
{
	static const char contents[] = "constant";
	struct skep_spec_map maps[] = {
		{ .name = "h",
		  .type = SKEP_MAP_HASH,
		  .key_size = 4,
		  .value_size = 8,
		  .max_entries = 8 },
		{ .name = "ro",
		  .type = SKEP_MAP_ARRAY,
		  .key_size = 4,
		  .value_size = 16,
		  .max_entries = 1,
		  .data = contents,
		  .data_size = sizeof(contents),
		  .read_only = true },
		{ .name = "p",
		  .type = SKEP_MAP_PERCPU_HASH,
		  .key_size = 4,
		  .value_size = 4,
		  .max_entries = 8 },
	};
	struct skep_spec spec = { .license = "GPL", .maps = maps, .n_maps = ARRAY_SIZE(maps) };
	_cleanup_free_ uint64_t *values = NULL;
	unsigned n_cpus = engine->n_cpus(engine);
	struct skep_loaded *loaded;
	uint32_t key = 1, next, zero = 0;
	uint64_t value = 7;
	char text[16];
	size_t size;
	void *p;

	need(SKEP_FEATURE_BPF);
	loaded = load_spec(&spec);
	assert_int_equal(engine->map_next(loaded, 0, NULL, &next), -ENOENT);
	assert_int_equal(engine->map_set(loaded, 0, &key, &value, 2), -ENOENT);
	assert_int_equal(engine->map_set(loaded, 0, &key, &value, 0), 0);
	assert_int_equal(engine->map_set(loaded, 0, &key, &value, 1), -EEXIST);
	assert_int_equal(engine->map_next(loaded, 0, NULL, &next), 0);
	assert_int_equal(next, 1);
	assert_int_equal(engine->map_next(loaded, 0, &next, &next), -ENOENT);
	assert_int_equal(engine->map_delete(loaded, 0, &key), 0);
	assert_int_equal(engine->map_get(loaded, 0, &key, &value), -ENOENT);
	assert_int_equal(engine->map_get(loaded, 1, &zero, text), 0);
	assert_string_equal(text, contents);
	assert_int_equal(engine->map_set(loaded, 1, &zero, text, 0), -EPERM);
	assert_int_equal(engine->map_mmap(loaded, 1, &p, &size), -EOPNOTSUPP);
	assert_int_equal(engine->map_get(loaded, 3, &key, &value), -EINVAL);
	assert_int_equal(engine->ring_fd(loaded), -1);

	values = calloc(n_cpus, sizeof(*values));
	values[n_cpus - 1] = 99;
	assert_int_equal(engine->map_set(loaded, 2, &key, values, 0), 0);
	memset(values, 0, n_cpus * sizeof(*values));
	assert_int_equal(engine->map_get(loaded, 2, &key, values), 0);
	assert_int_equal(values[n_cpus - 1], 99);
	engine->close(loaded);
	engine->close(NULL);
}

/* What is read-only is constant for the verifier: a branch that it rules out may hold nonsense. */
static void test_constant(void **state)
{
	static const uint64_t one = 1;
	struct code c = {};
	struct skep_spec_prog prog;
	struct skep_spec_map map = counter_map("ro");
	struct skep_spec spec = {
		.license = "GPL", .maps = &map, .n_maps = 1, .progs = &prog, .n_progs = 1
	};
	struct skep_loaded *loaded;
	struct skep_diag diag = {};

	need(SKEP_FEATURE_BPF);
	map.data = &one;
	map.data_size = sizeof(one);
	map.read_only = true;
	emit_map(&c, SKEP_RELOC_MAP_VALUE, SKEP_R1, 0);
	emit(&c, skep_insn_load(SKEP_SIZE_DW, SKEP_R0, SKEP_R1, 0));
	emit(&c, skep_insn_jmp_imm(SKEP_JMP_JEQ, SKEP_R0, 1, 1));
	emit(&c, skep_insn_load(SKEP_SIZE_DW, SKEP_R0, SKEP_R0, 0));
	emit(&c, skep_insn_exit());
	prog = prog_of("t_constant", SKEP_PROG_RAW_TRACEPOINT, &c);
	loaded = load_spec(&spec);
	engine->close(loaded);
	map.read_only = false;
	assert_int_equal(engine->load(engine, &spec, NULL, &diag, &loaded), -EACCES);
	skep_diag_fini(&diag);
	/* An address inside a map that is no array of one element, or behind its end. */
	map.max_entries = 2;
	assert_int_equal(engine->load(engine, &spec, NULL, NULL, &loaded), -EINVAL);
	map.max_entries = 1;
	c.relocs[0].addend = 8;
	assert_int_equal(engine->load(engine, &spec, NULL, NULL, &loaded), -EINVAL);
	/* More contents than a value holds. */
	c.relocs[0].addend = 0;
	map.data_size = 9;
	assert_int_equal(engine->load(engine, &spec, NULL, NULL, &loaded), -EINVAL);
}

/* A program with a subprogram, whose debug information the kernel takes. */
static void test_subprog(void **state)
{
	struct code c = {}, sub = {};
	struct skep_spec_line line = { .insn = 0, .loc = { 1, 1, 3 } };
	struct skep_spec_prog progs[2];
	struct skep_spec spec = { .license = "GPL",
				  .progs = progs,
				  .n_progs = 2,
				  .source_name = "t.bt",
				  .source_text = "one",
				  .source_len = 3 };
	struct skep_bpf_prog_info info = {};
	uint32_t value = 0, size = sizeof(info);
	struct skep_loaded *loaded;

	need(SKEP_FEATURE_TEST_RUN);
	emit(&c, skep_insn_mov64_imm(SKEP_R1, 20));
	c.relocs[c.n_relocs++] =
		(struct skep_reloc){ .kind = SKEP_RELOC_FUNC, .insn = 1, .index = 1 };
	emit(&c, skep_insn_call_local(0));
	emit(&c, skep_insn_exit());
	emit(&sub, skep_insn_mov64_reg(SKEP_R0, SKEP_R1));
	emit(&sub, skep_insn_alu64_imm(SKEP_ALU_ADD, SKEP_R0, 1));
	emit(&sub, skep_insn_exit());
	progs[0] = prog_of("t_main", SKEP_PROG_RAW_TRACEPOINT, &c);
	progs[1] = prog_of("t_sub", 0, &sub);
	progs[0].lines = &line;
	progs[0].n_lines = 1;
	loaded = load_spec(&spec);
	assert_int_equal(engine->run(loaded, 0, NULL, 0, &value), 0);
	assert_int_equal(value, 21);
	assert_int_equal(engine->run(loaded, 1, NULL, 0, &value), -EINVAL);
	assert_int_equal(skep_bpf_obj_info(skep_kernel_prog_fd(loaded, 0), &info, &size), 0);
	assert_int_equal(info.nr_func_info, 2);
	assert_true(info.nr_line_info >= 1);
	engine->close(loaded);
}

static unsigned count_open(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/*
 * Large programs are verified side by side: each has its place all the same; of one that is rejected is told, and of the others
 * nothing stays.
 */
static void test_side_by_side(void **state)
{
	enum {
		N = 6,
		INSNS = 500
	};
	static struct skep_insn insns[N][INSNS];
	struct skep_spec_prog progs[N];
	struct skep_spec spec = { .license = "GPL", .progs = progs, .n_progs = N };
	struct skep_loaded *loaded;
	struct skep_diag diag = {};
	size_t refused = N;
	struct skep_load_options options = { .refused = &refused };
	uint32_t value;
	unsigned n_open;

	need(SKEP_FEATURE_TEST_RUN);
	for (unsigned i = 0; i < N; i++) {
		insns[i][0] = skep_insn_mov64_imm(SKEP_R0, (int32_t)i);
		for (unsigned at = 1; at < INSNS - 1; at++)
			insns[i][at] = skep_insn_mov64_imm(SKEP_R2, (int32_t)at);
		insns[i][INSNS - 1] = skep_insn_exit();
		progs[i] = (struct skep_spec_prog){ .name = "t_side",
						    .type = SKEP_PROG_RAW_TRACEPOINT,
						    .insns = insns[i],
						    .n_insns = INSNS - (i == 4) };
		if (i == 4)
			insns[i][INSNS - 2] = skep_insn_exit();
	}
	loaded = load_spec(&spec);
	for (unsigned i = 0; i < N; i++) {
		assert_int_equal(engine->run(loaded, i, (uint64_t[1]){}, 8, &value), 0);
		assert_int_equal(value, i);
	}
	engine->close(loaded);
	assert_gone("t_side");

	insns[3][100] = skep_insn_load(SKEP_SIZE_DW, SKEP_R2, SKEP_R5, 0); /* holds nothing */
	n_open = count_open();
	assert_true(engine->load(engine, &spec, &options, &diag, &loaded) < 0);
	assert_int_equal(refused, 3);
	assert_true(diag.n_items > 0);
	skep_diag_fini(&diag);
	assert_int_equal(count_open(), n_open);
	assert_gone("t_side");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run),	     cmocka_unit_test(test_raw_tp),
		cmocka_unit_test(test_ring),	     cmocka_unit_test(test_maps),
		cmocka_unit_test(test_subprog),	     cmocka_unit_test(test_ring_discard),
		cmocka_unit_test(test_stats),	     cmocka_unit_test(test_constant),
		cmocka_unit_test(test_kfunc),	     cmocka_unit_test(test_close_on_exec),
		cmocka_unit_test(test_side_by_side),
	};

	engine = skep_kernel_engine();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
