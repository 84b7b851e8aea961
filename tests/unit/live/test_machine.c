/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that user space runs itself, on maps of another machine that plays a kernel without the helpers that they call.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lang/compile.h"
#include "live/machine.h"
#include "vm/engine.h"

static bool has(const struct skep_world *world, enum skep_world_feature feature)
{
	return false;
}

static const struct skep_world world = { .n_cpus = 1, .has = has, .machine = true };

struct session {
	struct skep_arena *arena;
	struct skep_plan *plan;
	struct skep_loaded *loaded;
	struct skep_machine *machine;
	unsigned n_rows;
};

static void open_script(struct session *s, const char *text)
{
	struct skep_compile_options options = { .source_name = "script" };
	struct skep_diag diag = {};

	*s = (struct session){ .arena = skep_arena_new() };
	if (skep_compile(s->arena, &world, text, strlen(text), &options, &diag, &s->plan) < 0)
		fail_msg("%s", diag.items[0].what);
	assert_int_equal(skep_vm_engine()->load(skep_vm_engine(), s->plan->spec, NULL, &diag,
						&s->loaded),
			 0);
	assert_int_equal(
		skep_machine_open(s->plan, skep_vm_engine(), s->loaded, &diag, &s->machine), 0);
	skep_diag_fini(&diag);
}

static void close_script(struct session *s)
{
	skep_machine_close(s->machine);
	skep_vm_engine()->close(s->loaded);
	skep_arena_free(s->arena);
}

static int count_row(void *data, const void *bytes, size_t len)
{
	struct session *s = data;

	s->n_rows++;
	return 0;
}

/* The probe at @index, by whom the plan says. */
static void run(struct session *s, size_t index)
{
	const struct skep_plan_user_probe *p = &s->plan->user_probes[index];
	struct skep_ring_sink sink = { count_row, s };
	uint32_t value;

	if (p->by_machine)
		assert_int_equal(skep_machine_run(s->machine, p->prog, &sink, NULL), 0);
	else
		assert_int_equal(skep_vm_engine()->run(s->loaded, p->prog, NULL, 0, &value), 0);
}

/* A map without keys. */
static int64_t number(struct session *s, const char *map)
{
	int64_t value[2] = {};
	uint32_t zero = 0;

	for (size_t i = 0; i < s->plan->n_maps; i++)
		if (skep_streq(s->plan->maps[i].name, map))
			assert_int_equal(skep_vm_engine()->map_get(s->loaded,
								   s->plan->maps[i].spec_map, &zero,
								   value),
					 0);
	return value[1];
}

static void loops_are_run_here(void **state)
{
	struct session s;

	open_script(&s,
		    "BEGIN { @n[1] = 5; @n[2] = 6; @n[3] = 7; @c[9] = count(); @c[9] = count(); }"
		    "interval:s:1 {"
		    "  for $kv : @n { @sum += $kv.1; @seen++; delete(@n, $kv.0); }"
		    "  for $kv : @c { @counted += $kv.1; print($kv); }"
		    "  for $i : 0..@sum { @rounds++; }"
		    "  @n[4] = 1; @len = len(@n); @c[9] = count();"
		    "}"
		    "END { @n[5] = 1; }");
	assert_false(s.plan->user_probes[0].by_machine);
	assert_true(s.plan->user_probes[1].by_machine);
	assert_false(s.plan->user_probes[2].by_machine);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(s.plan->spec->progs[s.plan->user_probes[i].prog].is_off,
				 s.plan->user_probes[i].by_machine);
	run(&s, 0);
	run(&s, 1);
	assert_int_equal(number(&s, "@sum"), 18);
	assert_int_equal(number(&s, "@seen"), 3); /* although the walk began anew there */
	assert_int_equal(number(&s, "@counted"), 2);
	assert_int_equal(number(&s, "@rounds"), 18);
	assert_int_equal(number(&s, "@len"), 1);
	assert_int_equal(s.n_rows, 1);
	run(&s, 2);
	run(&s, 1);
	assert_int_equal(number(&s, "@sum"), 20);
	assert_int_equal(number(&s, "@counted"), 5);
	close_script(&s);
}

static void what_the_kernel_can_is_left_to_it(void **state)
{
	struct session s;

	open_script(&s, "BEGIN { for $i : 0..10 { @n[$i] = 1; } } END { print(@n); clear(@n); }");
	assert_null(s.machine);
	close_script(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loops_are_run_here),
		cmocka_unit_test(what_the_kernel_can_is_left_to_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
