/* SPDX-License-Identifier: Apache-2.0 */
/* What attach points become: instances, their kinds, targets and numbers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "isa/arch.h"
#include "isa/progkind.h"
#include "lang/provider.h"
#include "lang/syscall_table.h"
#include "world_file.h"

static struct world_file file;
static struct skep_compiler c;
static struct skep_compile_options options;
static struct skep_diag diag;

static int setup(void **state)
{
	world_file_open(&file, SKEP_VECTORS "/lang/check/world");
	return 0;
}

static int teardown(void **state)
{
	skep_vec_fini(&c.instances);
	skep_vec_fini(&c.maps);
	skep_vec_fini(&c.probe_names);
	skep_hash_fini(&c.probe_index);
	skep_diag_fini(&diag);
	skep_arena_free(c.arena);
	world_file_close(&file);
	memset(&c, 0, sizeof(c));
	memset(&options, 0, sizeof(options));
	memset(&diag, 0, sizeof(diag));
	return 0;
}

static int match(const char *script)
{
	c = (struct skep_compiler){
		.arena = skep_arena_new(),
		.world = &file.world,
		.options = &options,
		.diag = &diag,
		.config = { .max_probes = 1024, .max_strlen = 1024 },
	};
	c.types = (struct skep_types){ .arena = c.arena, .btf = file.btf, .max_strlen = 1024 };
	assert_int_equal(skep_parse(c.arena, script, strlen(script), NULL, &diag, &c.script), 0);
	return skep_match_all(&c);
}

/* Instance @i with @n targets. */
static struct skep_instance *instance(size_t i, size_t n)
{
	assert_true(i < c.instances.len);
	assert_int_equal(c.instances.data[i]->n_matches, n);
	return c.instances.data[i];
}

static void test_user_run(void **state)
{
	assert_int_equal(match("BEGIN { exit(); } END { exit(); } interval:ms:250 { exit(); }"), 0);
	assert_int_equal(c.instances.len, 3);
	assert_int_equal(instance(0, 1)->user.kind, SKEP_USER_BEGIN);
	assert_int_equal(instance(1, 1)->user.kind, SKEP_USER_END);
	assert_int_equal(instance(2, 1)->user.period_ns, 250000000);
	assert_int_equal(instance(2, 1)->attach.kind, SKEP_ATTACH_USER);
	assert_true(instance(2, 1)->user_run);
}

static void test_periods(void **state)
{
	static const struct {
		const char *point;
		uint64_t ns;
	} periods[] = {
		{ "interval:1s", 1000000000 },	 { "interval:s:2", 2000000000 },
		{ "interval:us:70", 70000 },	 { "interval:500ms", 500000000 },
		{ "interval:1000000", 1000000 }, { "interval:hz:10", 100000000 },
		{ "i:1e9", 1000000000 },	 { "interval:s:1_0", 10000000000 },
	};
	char script[128];

	for (size_t i = 0; i < ARRAY_SIZE(periods); i++) {
		snprintf(script, sizeof(script), "%s { exit(); }", periods[i].point);
		assert_int_equal(match(script), 0);
		assert_int_equal(instance(0, 1)->user.period_ns, periods[i].ns);
		teardown(NULL);
		setup(NULL);
	}
	assert_int_equal(match("interval:s:99999999999999999999 { exit(); }"), -EINVAL);
}

/* One program for all of them: attached once, told apart by number. */
static void test_syscalls(void **state)
{
	const struct skep_arch *arch = skep_arch();
	struct skep_instance *inst;

	if (!arch)
		skip();
	assert_int_equal(match("tracepoint:syscalls:sys_enter_* { @[probe] = count(); }"), 0);
	assert_int_equal(c.instances.len, 1);
	inst = instance(0, 4);
	assert_int_equal(inst->proto.type, SKEP_PROG_TRACING);
	assert_int_equal(inst->proto.attach_type, 23);
	assert_string_equal(skep_btf_name(file.btf, inst->proto.attach_btf_id),
			    "btf_trace_sys_enter");
	assert_int_equal(inst->attach.kind, SKEP_ATTACH_TRACING);
	assert_int_equal(inst->attach.n_targets, 1);
	for (size_t i = 0; i < inst->n_matches; i++) {
		const char *name = strrchr(inst->matches[i].name, ':') + 1;

		assert_int_equal(inst->matches[i].number,
				 skep_syscall_number(arch->name, name + strlen("sys_enter_")));
		assert_int_equal(inst->matches[i].probe_index, i);
	}
}

/* Targets whose used arguments stand alike share a program. */
static void test_syscalls_by_arguments(void **state)
{
	if (!skep_arch())
		skip();
	/* buf is the second argument of read and write; openat and getppid have none. */
	assert_int_equal(match("tracepoint:syscalls:sys_enter_* { @[args.buf] = count(); }"), 0);
	assert_int_equal(c.instances.len, 2);
	for (size_t i = 0; i < 2; i++) {
		struct skep_instance *inst = instance(i, 2);
		bool has_buf = strstr(inst->matches[0].name, "read") ||
			       strstr(inst->matches[0].name, "write");

		assert_int_equal(inst->attach.kind, has_buf ? SKEP_ATTACH_TRACING : SKEP_ATTACH_TP);
		assert_int_equal(inst->args_space, SKEP_SPACE_USER);
	}
}

static void test_syscalls_fallbacks(void **state)
{
	if (!skep_arch())
		skip();
	file.features &= ~(1u << SKEP_WORLD_TP_BTF);
	assert_int_equal(match("tracepoint:syscalls:sys_exit_read { @ = count(); }"), 0);
	assert_int_equal(instance(0, 1)->attach.kind, SKEP_ATTACH_RAW_TP);
	assert_string_equal(instance(0, 1)->attach.targets[0].name, "sys_exit");
	teardown(NULL);
	setup(NULL);
	file.features &= ~(1u << SKEP_WORLD_CURRENT_TASK_BTF);
	assert_int_equal(match("tracepoint:syscalls:sys_exit_read { @ = count(); }"), 0);
	assert_int_equal(instance(0, 1)->attach.kind, SKEP_ATTACH_TP);
	assert_string_equal(instance(0, 1)->matches[0].target.name, "syscalls/sys_exit_read");
}

/* Who names many calls does not run at all others: perf's events. Those of a pattern stay in one program. */
static void test_syscalls_crowd(void **state)
{
	static const char script[] = "tracepoint:syscalls:sys_enter_read,"
				     "tracepoint:syscalls:sys_enter_write { @ = count(); } "
				     "tracepoint:syscalls:sys_enter_openat { @ = count(); } "
				     "tracepoint:syscalls:sys_enter_g* { @ = count(); }";

	if (!skep_arch())
		skip();
	assert_int_equal(match(script), 0);
	assert_int_equal(c.instances.len, 4);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(instance(i, 1)->attach.kind, SKEP_ATTACH_TP);
	assert_int_equal(instance(3, 1)->attach.kind, SKEP_ATTACH_TRACING);
	teardown(NULL);
	setup(NULL);
	file.features &= ~(1u << SKEP_WORLD_TRACEFS);
	assert_int_equal(match(script), 0);
	assert_int_equal(instance(0, 1)->attach.kind, SKEP_ATTACH_TRACING);
	teardown(NULL);
	setup(NULL);
	assert_int_equal(match("tracepoint:syscalls:sys_enter_read,"
			       "tracepoint:syscalls:sys_enter_write { @ = count(); }"),
			 0);
	assert_int_equal(instance(0, 1)->attach.kind, SKEP_ATTACH_TRACING);
}

/* The same call in two attach points fires twice. */
static void test_syscalls_twice(void **state)
{
	assert_int_equal(match("tracepoint:syscalls:sys_enter_read,"
			       "tracepoint:syscalls:sys_enter_re* { @ = count(); }"),
			 0);
	assert_int_equal(c.instances.len, 2);
}

static void test_perf_tracepoint(void **state)
{
	file.features &= ~(1u << SKEP_WORLD_RAW_TP);
	assert_int_equal(match("tracepoint:sched:* { @[probe] = count(); }"), 0);
	assert_int_equal(c.instances.len, 1);
	assert_int_equal(instance(0, 2)->attach.kind, SKEP_ATTACH_TP);
	assert_int_equal(instance(0, 2)->matches[1].target.cookie, 1);
	teardown(NULL);
	setup(NULL);
	file.features &= ~(1u << SKEP_WORLD_COOKIE | 1u << SKEP_WORLD_RAW_TP);
	assert_int_equal(match("tracepoint:sched:* { @[probe] = count(); }"), 0);
	assert_int_equal(c.instances.len, 2);
	assert_int_equal(instance(1, 1)->matches[0].target.cookie, 0);
}

/* How @script, whose only event is one that also is a raw tracepoint, is attached. */
static enum skep_attach_kind kind_of(const char *script)
{
	enum skep_attach_kind kind;

	assert_int_equal(match(script), 0);
	kind = instance(0, 1)->attach.kind;
	teardown(NULL);
	setup(NULL);
	return kind;
}

static bool always_made(const struct skep_world *world, const char *path)
{
	return true;
}

static void test_plain_tracepoint(void **state)
{
	assert_int_equal(match("tracepoint:sched:* /pid == 1/ { @[probe, comm] = count(); }"), 0);
	assert_int_equal(c.instances.len, 2);
	assert_int_equal(instance(0, 1)->attach.kind, SKEP_ATTACH_TP);
	assert_int_equal(instance(1, 1)->attach.kind, SKEP_ATTACH_RAW_TP);
	assert_int_equal(instance(1, 1)->proto.type, SKEP_PROG_RAW_TRACEPOINT);
	assert_string_equal(instance(1, 1)->matches[0].target.name, "sched_switch");
	assert_string_equal(instance(1, 1)->matches[0].name, "tracepoint:sched:sched_switch");
	assert_int_equal(instance(1, 1)->matches[0].target.cookie, 1);
	teardown(NULL);
	setup(NULL);
	file.features &= ~(1u << SKEP_WORLD_RAW_TP_COOKIE);
	assert_int_equal(match("tracepoint:sched:* { @[probe] = count(); }"), 0);
	assert_int_equal(instance(1, 1)->attach.kind, SKEP_ATTACH_RAW_TP);
	assert_int_equal(instance(1, 1)->matches[0].target.cookie, 0);
	teardown(NULL);
	setup(NULL);
	file.world.tracepoint_is_made = always_made;
	assert_int_equal(kind_of("tracepoint:sched:sched_switch { @ = count(); }"), SKEP_ATTACH_TP);
	assert_int_equal(kind_of("tracepoint:sched:sched_switch { @ = count(); }"),
			 SKEP_ATTACH_RAW_TP);
	assert_int_equal(kind_of("tracepoint:sched:sched_switch { @[args.prev_pid] = count(); }"),
			 SKEP_ATTACH_TP);
	assert_int_equal(kind_of("tracepoint:sched:sched_switch { @[kstack] = count(); }"),
			 SKEP_ATTACH_TP);
	assert_int_equal(kind_of("tracepoint:sched:sched_switch /args.prev_pid/ { @ = count(); }"),
			 SKEP_ATTACH_TP);
	assert_int_equal(kind_of("tracepoint:sched:sched_switch { @ = (uint64)ctx; }"),
			 SKEP_ATTACH_TP);
	assert_int_equal(kind_of("tracepoint:syscalls:sys_enter_read { @ = (uint64)ctx; }"),
			 SKEP_ATTACH_TP);
}

static void test_kprobes(void **state)
{
	if (!skep_arch())
		skip();
	assert_int_equal(match("kprobe:vfs_* { @[func] = count(); } kprobe:vfs_read+4 { @x = 1; }"),
			 0);
	assert_int_equal(c.instances.len, 2);
	assert_int_equal(instance(0, 2)->proto.attach_type, 42);
	assert_string_equal(instance(0, 2)->matches[0].func, "vfs_read");
	assert_true(instance(0, 2)->matches[0].target.optional);
	assert_int_equal(instance(1, 1)->proto.attach_type, 0);
	assert_int_equal(instance(1, 1)->matches[0].target.offset, 4);
	assert_false(instance(1, 1)->matches[0].target.optional);
}

static void test_fentry(void **state)
{
	struct skep_instance *inst;

	assert_int_equal(
		match("fentry:vfs_* { @[args.count] = count(); } fexit:vfs_read { @ = retval; }"),
		0);
	assert_int_equal(c.instances.len, 3);
	inst = instance(1, 1);
	assert_int_equal(inst->proto.type, SKEP_PROG_TRACING);
	assert_int_equal(inst->proto.attach_type, 24);
	assert_string_equal(skep_btf_name(file.btf, inst->proto.attach_btf_id), "vfs_write");
	assert_int_equal(inst->args->n_fields, 4);
	assert_int_equal(instance(2, 1)->proto.attach_type, 25);
}

static void test_rawtracepoint(void **state)
{
	assert_int_equal(match("rawtracepoint:sched_switch { @[args.prev->pid] = count(); }"
			       "rawtracepoint:sched_switch { @x = arg1; }"),
			 0);
	assert_int_equal(instance(0, 1)->attach.kind, SKEP_ATTACH_TRACING);
	assert_string_equal(instance(0, 1)->args->fields[1].name, "prev");
	assert_int_equal(instance(0, 1)->args->fields[1].offset, 8);
	assert_int_equal(instance(1, 1)->attach.kind, SKEP_ATTACH_RAW_TP);
}

static void test_uprobes(void **state)
{
	struct skep_instance *inst;

	if (!skep_arch())
		skip();
	options.pid = 77;
	assert_int_equal(match("uprobe:libdemo:read_* { @ = count(); }"
			       "uprobe:/bin/demo:main+8 { @x = 1; }"
			       "uretprobe:/bin/demo:0x401010 { @y = 1; }"),
			 0);
	inst = instance(0, 2);
	assert_int_equal(inst->proto.attach_type, 48);
	assert_int_equal(inst->attach.pid, 77);
	assert_string_equal(inst->matches[0].target.name, "/bin/demo");
	assert_int_equal(inst->matches[1].target.offset, 0x1200);
	assert_int_equal(instance(1, 1)->matches[0].target.offset, 0x1008);
	assert_int_equal(instance(2, 1)->matches[0].target.offset, 0x1010);
	assert_int_equal(instance(2, 1)->attach.kind, SKEP_ATTACH_URETPROBE);
	assert_int_equal(instance(2, 1)->proto.attach_type, 48);
	teardown(NULL);
	setup(NULL);
	file.features &= ~(1u << SKEP_WORLD_UPROBE_MULTI_PID);
	assert_int_equal(match("uprobe:/bin/demo:main { @ = 1; }"), 0);
	assert_int_equal(instance(0, 1)->proto.attach_type, 48);
	teardown(NULL);
	setup(NULL);
	file.features &= ~(1u << SKEP_WORLD_UPROBE_MULTI_PID);
	options.pid = 77;
	assert_int_equal(match("uprobe:/bin/demo:main { @ = 1; }"), 0);
	assert_int_equal(instance(0, 1)->proto.attach_type, 0);
}

static int odd_only(const struct skep_world *world, const struct skep_world_symbol *function,
		    uint64_t inside)
{
	return inside % 2 ? 1 : inside % 4 ? 0 : -EINVAL;
}

static int at_place(const char *script, bool unsafe)
{
	int r;

	file.world.is_user_instruction = odd_only;
	options.unsafe = unsafe;
	r = match(script);
	teardown(NULL);
	setup(NULL);
	return r;
}

/* A breakpoint inside an instruction is refused, one where nobody knows is the user's word. */
static void test_uprobe_places(void **state)
{
	if (!skep_arch())
		skip();
	assert_int_equal(at_place("uprobe:/bin/demo:main+1 { @ = 1; }", false), 0);
	assert_int_equal(at_place("uprobe:/bin/demo:main+2 { @ = 1; }", false), -EINVAL);
	assert_int_equal(at_place("uprobe:/bin/demo:main+4 { @ = 1; }", false), -EINVAL);
	assert_int_equal(at_place("uprobe:/bin/demo:main+2 { @ = 1; }", true), -EINVAL);
	assert_int_equal(at_place("uprobe:/bin/demo:main+4 { @ = 1; }", true), 0);
}

static void test_perf(void **state)
{
	assert_int_equal(match("profile:hz:99 { @ = count(); } software:faults:7 { @x = 1; } "
			       "hardware:cache-misses { @y = 1; }"),
			 0);
	assert_int_equal(instance(0, 1)->attach.perf_freq, 99);
	assert_true(instance(0, 1)->attach.all_cpus);
	assert_int_equal(instance(1, 1)->attach.perf_config, 2);
	assert_int_equal(instance(1, 1)->attach.perf_period, 7);
	assert_int_equal(instance(2, 1)->attach.perf_type, 0);
	assert_int_equal(instance(2, 1)->attach.perf_config, 3);
}

/* The machine cannot: another code than a mistake in the script. */
static void test_unable(void **state)
{
	file.features &= ~(1u << SKEP_WORLD_KPROBE);
	assert_int_equal(match("kprobe:vfs_read { @ = count(); }"), -ENOTSUP);
	teardown(NULL);
	setup(NULL);
	file.features &= ~(1u << SKEP_WORLD_KPROBE);
	assert_int_equal(match("kprobe:vfs_read { @ = count(); } nosuch:x { @ = count(); }"),
			 -EINVAL);
}

static void test_syscall_table(void **state)
{
	assert_int_equal(skep_syscall_number("x86_64", "read"), 0);
	assert_int_equal(skep_syscall_number("x86_64", "openat"), 257);
	assert_int_equal(skep_syscall_number("x86_64", "newstat"), 4);
	assert_int_equal(skep_syscall_number("arm64", "openat"), 56);
	assert_int_equal(skep_syscall_number("arm64", "open"), -1);
	assert_int_equal(skep_syscall_number("vax", "read"), -1);
	assert_int_equal(skep_syscall_number(NULL, "read"), -1);
	assert_string_equal(skep_syscall_name("x86_64", 39), "getpid");
	assert_null(skep_syscall_name("x86_64", 400));
	assert_null(skep_syscall_name("x86_64", -1));
	assert_null(skep_syscall_name("x86_64", 99999));
	for (int i = 0; i < 2 * SKEP_SYSCALL_MAX; i++) {
		const char *name = skep_syscall_name("x86_64", i);

		if (name)
			assert_int_equal(skep_syscall_number("x86_64", name), i);
		assert_true(!name || i < SKEP_SYSCALL_MAX);
	}
}

static void test_list(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	assert_int_equal(
		skep_list_probes(&file.world, "t:syscalls:sys_enter_r*", false, 0, &diag, &out), 0);
	assert_string_equal(out.data, "tracepoint:syscalls:sys_enter_read\n");
	skep_str_reset(&out);
	assert_int_equal(skep_list_probes(&file.world, "rawtracepoint:sched_switch", true, 0, &diag,
					  &out),
			 0);
	assert_non_null(strstr(out.data, "    struct task_struct *prev\n"));
	skep_str_reset(&out);
	assert_int_equal(skep_list_probes(&file.world, "*sched_switch", false, 0, &diag, &out), 0);
	assert_string_equal(out.data,
			    "tracepoint:sched:sched_switch\nrawtracepoint:sched_switch\n");
	skep_str_reset(&out);
	assert_int_equal(skep_list_probes(&file.world, "fexit:vfs_read", true, 0, &diag, &out), 0);
	assert_non_null(strstr(out.data, "    long retval\n"));
	assert_int_equal(skep_list_probes(&file.world, "nosuch:x", false, 0, &diag, &out), -EINVAL);
	c.arena = skep_arena_new();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_user_run),
		TEST(test_periods),
		TEST(test_syscalls),
		TEST(test_syscalls_by_arguments),
		TEST(test_syscalls_fallbacks),
		TEST(test_syscalls_crowd),
		TEST(test_syscalls_twice),
		TEST(test_perf_tracepoint),
		TEST(test_plain_tracepoint),
		TEST(test_kprobes),
		TEST(test_fentry),
		TEST(test_rawtracepoint),
		TEST(test_uprobes),
		TEST(test_uprobe_places),
		TEST(test_perf),
		TEST(test_unable),
		TEST(test_syscall_table),
		TEST(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
