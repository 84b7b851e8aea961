/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of an object, from its rings to text: tests/vectors/live/rows.bpf.c in the machine of our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../obj/compile.h"
#include "live/feed_print.h"
#include "obj/object.h"
#include "vm/engine.h"

struct object {
	struct skep_arena *arena;
	struct skep_str bytes;
	struct skep_spec spec;
	struct skep_diag diag;
	struct skep_loaded *loaded;
	struct skep_feed *feed;
};

static int setup(void **state)
{
	struct object *o = calloc(1, sizeof(*o));
	struct skep_object_file file = { .name = "rows.bpf.o" };
	struct skep_feed_options options;

	*state = o;
	o->arena = skep_arena_new();
	if (!compile_bpf("../live/rows", "-g -mcpu=v3", &o->bytes))
		return 0;
	file.data = o->bytes.data;
	file.size = o->bytes.len;
	if (skep_object_read(&file, 1, NULL, o->arena, &o->diag, &o->spec) < 0 ||
	    skep_vm_engine()->load(skep_vm_engine(), &o->spec, NULL, &o->diag, &o->loaded) < 0)
		return -1;
	options = (struct skep_feed_options){ .spec = &o->spec,
					      .engine = skep_vm_engine(),
					      .loaded = o->loaded };
	return skep_feed_open(&options, &o->diag, &o->feed);
}

static int teardown(void **state)
{
	struct object *o = *state;

	skep_feed_close(o->feed);
	if (o->loaded)
		skep_vm_engine()->close(o->loaded);
	skep_diag_fini(&o->diag);
	skep_str_fini(&o->bytes);
	skep_arena_free(o->arena);
	free(o);
	return 0;
}

static void run(struct object *o, const char *name)
{
	uint64_t ctx[8] = {};
	uint32_t value;

	for (size_t i = 0; i < o->spec.n_progs; i++)
		if (!strcmp(o->spec.progs[i].name, name)) {
			assert_int_equal(
				skep_vm_engine()->run(o->loaded, i, ctx, sizeof(ctx), &value), 0);
			return;
		}
	fail_msg("no program %s", name);
}

/* What the program `rows` writes, in one shape. */
static void check(struct object *o, enum skep_feed_format format, const char *wanted)
{
	struct skep_feed_printer printer;
	struct skep_feed_sink sink = { skep_feed_print_row, &printer };
	struct skep_feed_counts counts;
	struct skep_str out = {};

	if (!o->feed)
		skip();
	skep_feed_print_open(o->feed, format, 0, 0, &out, &printer);
	skep_str_reset(&out);
	run(o, "rows");
	assert_int_equal(skep_feed_drain(o->feed, &sink), 8);
	skep_feed_print_close(&printer);
	assert_string_equal(skep_str_text(&out), wanted);
	skep_feed_counts(o->feed, &counts);
	assert_int_equal(counts.rows, 8);
	assert_int_equal(counts.unknown, 2);
	assert_int_equal(counts.lost, 0);
	skep_str_fini(&out);
}

static void test_json(void **state)
{
	check(*state, SKEP_FEED_JSON,
	      "{\"type\": \"row\", \"map\": \"events\", \"name\": \"event\", \"version\": 1, \"fields\": {\"pid\": 77, \"verdict\": \"DROP\", \"latency\": 1234, \"daddr\": \"127.0.0.1\", \"dport\": 80, \"retried\": true, \"ttl\": 64, \"low\": 5, \"high\": 1000, \"delta\": -2, \"v6\": \"::1\", \"comm\": \"sh\"}}\n"
	      "{\"type\": \"row\", \"map\": \"mixed\", \"name\": \"exec\", \"version\": 1, \"fields\": {\"kind\": 1, \"n_args\": 2, \"pid\": 78, \"args\": \"ls -l\"}}\n"
	      "{\"type\": \"row\", \"map\": \"mixed\", \"name\": \"exec\", \"version\": 1, \"fields\": {\"kind\": 1, \"n_args\": 2, \"pid\": 78, \"args\": \"ls -l\"}}\n"
	      "{\"type\": \"row\", \"map\": \"mixed\", \"name\": \"exit\", \"version\": 1, \"fields\": {\"kind\": 0, \"code\": 3}}\n"
	      "{\"type\": \"row\", \"map\": \"mixed\", \"name\": \"unknown\", \"version\": 1, \"fields\": {\"bytes\": \"63000000\"}}\n"
	      "{\"type\": \"row\", \"map\": \"texts\", \"name\": \"text\", \"version\": 1, \"fields\": {\"len\": 5, \"text\": \"hello\"}}\n"
	      "{\"type\": \"row\", \"map\": \"bare\", \"name\": \"unknown\", \"version\": 1, \"fields\": {\"bytes\": \"63000000\"}}\n"
	      "{\"type\": \"row\", \"map\": \"perf\", \"name\": \"exit\", \"version\": 1, \"fields\": {\"kind\": 0, \"code\": 3}}\n");
}

static void test_csv(void **state)
{
	check(*state, SKEP_FEED_CSV,
	      "row,pid,verdict,latency_ns,daddr,dport,retried,ttl,low,high,delta,v6,comm\n"
	      "event,77,DROP,1234,127.0.0.1,80,true,64,5,1000,-2,::1,sh\n"
	      "row,kind,n_args,pid,args\n"
	      "exec,1,2,78,ls -l\n"
	      "exec,1,2,78,ls -l\n"
	      "row,kind,code\n"
	      "exit,0,3\n"
	      "row,bytes\n"
	      "unknown,63000000\n"
	      "row,len,text\n"
	      "text,5,hello\n"
	      "unknown,63000000\n"
	      "exit,0,3\n");
}

static void test_table(void **state)
{
	check(*state, SKEP_FEED_TABLE,
	      "ROW        PID  VERDICT   LATENCY(ns)  DADDR      DPORT  RETRIED  TTL      LOW     HIGH    DELTA  V6        COMM\n"
	      "event       77  DROP             1234  127.0.0.1     80  true      64        5     1000       -2  ::1       sh\n"
	      "ROW    KIND  N_ARGS      PID  ARGS\n"
	      "exec      1       2       78  ls -l\n"
	      "exec      1       2       78  ls -l\n"
	      "ROW    KIND   CODE\n"
	      "exit      0      3\n"
	      "ROW      BYTES\n"
	      "unknown  63000000\n"
	      "ROW       LEN  TEXT\n"
	      "text        5  hello\n"
	      "unknown  63000000\n"
	      "exit      0      3\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_json, setup, teardown),
		cmocka_unit_test_setup_teardown(test_csv, setup, teardown),
		cmocka_unit_test_setup_teardown(test_table, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
