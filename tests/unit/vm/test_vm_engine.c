/* SPDX-License-Identifier: Apache-2.0 */
/* An object from clang in the machine: read, loaded, run, its maps and output as they should be. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../obj/compile.h"
#include "obj/object.h"
#include "vm/engine.h"

static struct fixture {
	struct skep_arena *arena;
	struct skep_str bytes;
	struct skep_spec spec;
	struct skep_diag diag;
	struct skep_loaded *loaded;
	const struct skep_engine *engine;
	char printed[256];
	unsigned n_records;
	uint8_t record[64];
	size_t record_size;
} f;

static bool with_jit;

static void print(void *data, const char *text, size_t len)
{
	snprintf(f.printed, sizeof(f.printed), "%.*s", (int)len, text);
}

static void explain(void)
{
	struct skep_str out = {};

	skep_diag_format(&f.diag, false, false, &out);
	fail_msg("%s", skep_str_text(&out));
}

/* NULL when there is no clang. */
static bool open_object(void)
{
	struct skep_object_file file = { .name = "engine.bpf.o" };
	struct skep_object_options options = {};

	memset(&f, 0, sizeof(f));
	if (!compile_bpf("../vm/engine", "-g -mcpu=v3", &f.bytes)) {
		printf("skipped, because there is no clang that compiles for bpf\n");
		return false;
	}
	f.arena = skep_arena_new();
	file.data = f.bytes.data;
	file.size = f.bytes.len;
	if (skep_object_read(&file, 1, &options, f.arena, &f.diag, &f.spec) < 0)
		explain();
	f.engine = with_jit ? skep_vm_jit_engine() : skep_vm_engine();
	if (f.engine->load(f.engine, &f.spec, NULL, &f.diag, &f.loaded) < 0)
		explain();
	skep_vm_run_env(skep_vm_loaded_run(f.loaded))->print = print;
	return true;
}

static void close_object(void)
{
	f.engine->close(f.loaded);
	skep_diag_fini(&f.diag);
	skep_str_fini(&f.bytes);
	skep_arena_free(f.arena);
}

static size_t prog(const char *name)
{
	for (size_t i = 0; i < f.spec.n_progs; i++)
		if (strcmp(f.spec.progs[i].name, name) == 0)
			return i;
	fail_msg("no program %s", name);
	return 0;
}

static size_t map(const char *name)
{
	for (size_t i = 0; i < f.spec.n_maps; i++)
		if (strcmp(f.spec.maps[i].name, name) == 0)
			return i;
	fail_msg("no map %s", name);
	return 0;
}

static uint32_t run(const char *name, uint64_t arg)
{
	uint64_t args[12] = { arg };
	uint32_t value = 0;
	int r = f.engine->run(f.loaded, prog(name), args, sizeof(args), &value);

	if (r < 0)
		fail_msg("%s: %d %s", name, r, skep_vm_fault_text(skep_vm_loaded_run(f.loaded)));
	return value;
}

static uint64_t global(const char *name)
{
	uint64_t value = 0;
	void *memory;
	size_t size;

	for (size_t i = 0; i < f.spec.n_vars; i++)
		if (strcmp(f.spec.vars[i].name, name) == 0) {
			assert_int_equal(f.engine->map_mmap(f.loaded, f.spec.vars[i].map, &memory,
							    &size),
					 0);
			memcpy(&value, (uint8_t *)memory + f.spec.vars[i].offset, sizeof(value));
			return value;
		}
	fail_msg("no variable %s", name);
	return 0;
}

static int take_record(void *data, const void *bytes, size_t size)
{
	f.n_records++;
	f.record_size = size;
	memcpy(f.record, bytes, size < sizeof(f.record) ? size : sizeof(f.record));
	return 0;
}

static void programs_count_and_change_variables(void **state)
{
	uint32_t key = 5, next;
	uint64_t value;

	if (!open_object())
		skip();
	assert_int_equal(run("count", 5), 7);
	assert_int_equal(run("count", 5), 7);
	assert_int_equal(run("count", 6), 7);
	assert_int_equal(f.engine->map_get(f.loaded, map("counts"), &key, &value), 0);
	assert_int_equal(value, 2);
	assert_int_equal(f.engine->map_next(f.loaded, map("counts"), NULL, &next), 0);
	assert_int_equal(global("total"), 100 + 3 * 6);
	assert_int_equal(global("calls"), 3);
	/* 5 * 2 + 6 * 1, and 0 to 9 */
	assert_int_equal(run("callbacks", 0), 16 + 45);
	/* -3 to 9 */
	assert_int_equal(run("iterator", 0), 39);
	close_object();
}

static void records_come_out_of_rings(void **state)
{
	const struct skep_ring_sink sink = { take_record, NULL };
	uint32_t zero = 0;
	uint64_t value;

	if (!open_object())
		skip();
	assert_int_equal(run("records", 0), 5);
	assert_string_equal(f.printed, "pid 1 is skep");
	assert_int_equal(f.engine->ring_drain(f.loaded, map("ring"), &sink), 1);
	assert_int_equal(f.record_size, 20);
	assert_int_equal(f.record[0], 1);
	assert_string_equal((const char *)f.record + 4, "skep");
	assert_int_equal(f.engine->map_get(f.loaded, map("per_cpu"), &zero, &value), 0);
	assert_int_equal(value, 2);
	assert_int_equal(f.engine->map_get(f.loaded, map("queue"), NULL, &value), 0);
	assert_int_equal(value, 6);
	assert_int_equal(f.engine->ring_drain(f.loaded, map("events"), &sink), 1);
	assert_int_equal(f.record_size, 8);
	assert_int_equal(f.record[0], 5);
	close_object();
}

static void tail_calls_and_timers(void **state)
{
	uint32_t zero = 0;
	uint64_t timed[3];

	if (!open_object())
		skip();
	assert_int_equal(run("jump", 0), 77);
	assert_int_equal(global("calls"), 1000);
	assert_int_equal(run("start_timer", 0), 0);
	assert_int_equal(skep_vm_run_timers(skep_vm_loaded_run(f.loaded), 1), 0);
	assert_int_equal(skep_vm_run_timers(skep_vm_loaded_run(f.loaded), 2000000000), 1);
	assert_int_equal(skep_vm_run_timers(skep_vm_loaded_run(f.loaded), 2000000000), 0);
	assert_int_equal(f.engine->map_get(f.loaded, map("timers"), &zero, timed), 0);
	assert_int_equal(timed[0], 1);
	close_object();
}

static void packets_are_cut_and_changed(void **state)
{
	uint8_t packet[40] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct skep_vm_input input = { .packet = packet, .packet_size = sizeof(packet) };
	struct skep_vm_result result;
	struct skep_vm_run *vm_run;

	if (!open_object())
		skip();
	vm_run = skep_vm_loaded_run(f.loaded);
	assert_int_equal(skep_vm_run_prog(vm_run, skep_vm_loaded_prog(f.loaded, prog("packet")),
					  &input, &result),
			 0);
	assert_int_equal(result.value, 2);
	assert_int_equal(result.packet_size, 36);
	assert_int_equal(result.packet[0], 0xaa);
	assert_int_equal(result.packet[1], 6);
	assert_int_equal(skep_vm_run_prog(vm_run, skep_vm_loaded_prog(f.loaded, prog("wild")),
					  &input, &result),
			 -EFAULT);
	assert_non_null(strstr(skep_vm_fault_text(vm_run), "3 bytes past the end of the packet"));
	close_object();
}

static void objects_for_embedders(void **state)
{
	struct skep_str bytes = {};
	struct skep_vm *vm;
	struct skep_vm_run *vm_run;
	struct skep_vm_result result;
	uint64_t args[12] = { 5 }, value;
	uint32_t prog_index, map_index, key = 5;
	char why[256] = "";

	if (!compile_bpf("../vm/engine", "-g -mcpu=v3", &bytes)) {
		printf("skipped, because there is no clang that compiles for bpf\n");
		skip();
	}
	assert_int_equal(skep_vm_new(NULL, &vm), 0);
	if (skep_vm_add_object(vm, bytes.data, bytes.len, why, sizeof(why)) < 0)
		fail_msg("%s", why);
	assert_int_equal(skep_vm_find_prog(vm, "count", &prog_index), 0);
	assert_int_equal(skep_vm_find_map(vm, "counts", &map_index), 0);
	assert_int_equal(skep_vm_find_map(vm, "nowhere", &map_index), -ENOENT);
	assert_int_equal(skep_vm_run_new(vm, &vm_run), 0);
	assert_int_equal(
		skep_vm_run_prog(vm_run, prog_index,
				 &(struct skep_vm_input){ .ctx = args, .ctx_size = sizeof(args) },
				 &result),
		0);
	assert_int_equal(result.value, 7);
	assert_int_equal(skep_vm_map_get(vm, map_index, &key, &value), 0);
	assert_int_equal(value, 1);
	skep_vm_run_free(vm_run);
	skep_vm_free(vm);
	/* Cut anywhere it is refused, or taken: never worse. */
	for (size_t size = 0; size < bytes.len; size += 97) {
		int r;

		why[0] = 0;
		assert_int_equal(skep_vm_new(NULL, &vm), 0);
		r = skep_vm_add_object(vm, bytes.data, size, why, sizeof(why));
		assert_true(r == 0 || why[0]);
		skep_vm_free(vm);
	}
	skep_str_fini(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_count_and_change_variables),
		cmocka_unit_test(records_come_out_of_rings),
		cmocka_unit_test(tail_calls_and_timers),
		cmocka_unit_test(packets_are_cut_and_changed),
		cmocka_unit_test(objects_for_embedders),
	};

	int failed = cmocka_run_group_tests(tests, NULL, NULL);

#if defined(__x86_64__)
	with_jit = true;
	failed += cmocka_run_group_tests_name("with the JIT", tests, NULL, NULL);
#endif
	return failed;
}
