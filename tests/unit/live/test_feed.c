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
#include "live/feed_map.h"
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

/* CSV: the columns of all rows, and their places where a map has nothing. */
#define ROWS \
	"row,pid,verdict,latency_ns,daddr,dport,retried,ttl,low,high,delta,v6,comm,kind,n_args,args,code,len,text,bytes"
#define NO_ROW ",,,,,,,,,,,,,,,,,,,"

static void test_csv(void **state)
{
	check(*state, SKEP_FEED_CSV,
	      ROWS "\n"
		   "event,77,DROP,1234,127.0.0.1,80,true,64,5,1000,-2,::1,sh,,,,,,,\n"
		   "exec,78,,,,,,,,,,,,1,2,ls -l,,,,\n"
		   "exec,78,,,,,,,,,,,,1,2,ls -l,,,,\n"
		   "exit,,,,,,,,,,,,,0,,,3,,,\n"
		   "unknown,,,,,,,,,,,,,,,,,,,63000000\n"
		   "text,,,,,,,,,,,,,,,,,5,hello,\n"
		   "unknown,,,,,,,,,,,,,,,,,,,63000000\n"
		   "exit,,,,,,,,,,,,,0,,,3,,,\n");
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

/* What maps hold once the program `maps` has run twice. */
static void check_maps(struct object *o, enum skep_feed_format format, bool per_cpu,
		       const char *wanted)
{
	struct skep_feed_map_options options = { .per_cpu = per_cpu };
	struct skep_feed_printer printer;
	struct skep_str out = {};
	struct skep_feed_set set;

	if (!o->feed)
		skip();
	run(o, "maps");
	run(o, "maps");
	skep_feed_print_open(o->feed, format, 0, 0, &out, &printer);
	skep_str_reset(&out);
	for (size_t i = 0; i < o->spec.n_maps; i++) {
		struct skep_feed_map map = skep_feed_map(o->feed, i);

		if (!map.read_only && skep_feed_map_has_values(map.type))
			skep_feed_print_tell(&printer, &map, &options);
	}
	for (size_t i = 0; i < o->spec.n_maps; i++) {
		struct skep_feed_map map = skep_feed_map(o->feed, i);

		if (map.read_only || !skep_feed_map_has_values(map.type))
			continue;
		assert_int_equal(skep_feed_map_read(&map, &options, o->arena, &o->diag, &set), 0);
		for (size_t k = 0; k < set.n; k++)
			skep_feed_print_map(&printer, &set.items[k]);
	}
	skep_feed_print_close(&printer);
	assert_string_equal(skep_str_text(&out), wanted);
	skep_str_fini(&out);
}

static void test_maps_json(void **state)
{
	check_maps(
		*state, SKEP_FEED_JSON, false,
		"{\"type\": \"map\", \"name\": \"percpu\", \"kind\": \"sum\", \"keys\": [{\"name\": \"index\", \"type\": \"uint32\"}], \"value\": {\"type\": \"uint64\"}, \"entries\": [{\"key\": [1], \"value\": 10}]}\n"
		"{\"type\": \"map\", \"name\": \"counts\", \"kind\": \"value\", \"keys\": [{\"name\": \"uid\", \"type\": \"username\"}, {\"name\": \"comm\", \"type\": \"string\"}], \"value\": {\"type\": \"struct\", \"fields\": [{\"name\": \"calls\", \"type\": \"uint64\"}, {\"name\": \"bytes\", \"type\": \"uint64\", \"unit\": \"By\"}]}, \"entries\": [{\"key\": [\"root\", \"cat\"], \"value\": {\"calls\": 2, \"bytes\": 4096}}]}\n"
		"{\"type\": \"map\", \"name\": \"hists\", \"kind\": \"hist\", \"keys\": [{\"name\": \"key\", \"type\": \"uint32\"}, {\"name\": \"comm\", \"type\": \"string\"}], \"value\": {\"type\": \"array\", \"element\": {\"type\": \"struct\", \"fields\": [{\"name\": \"min\", \"type\": \"int64\"}, {\"name\": \"max\", \"type\": \"int64\"}, {\"name\": \"count\", \"type\": \"uint64\"}]}}, \"entries\": [{\"key\": [10, \"dd\"], \"value\": [{\"min\": 0, \"max\": 1, \"count\": 8}, {\"min\": 2, \"max\": 3, \"count\": 0}, {\"min\": 4, \"max\": 7, \"count\": 0}, {\"min\": 8, \"max\": 15, \"count\": 8}]}]}\n"
		"{\"type\": \"map\", \"name\": \"total\", \"kind\": \"value\", \"keys\": [], \"value\": {\"type\": \"uint64\"}, \"entries\": [{\"value\": 5}]}\n"
		"{\"type\": \"map\", \"name\": \"slots\", \"kind\": \"hist\", \"keys\": [], \"value\": {\"type\": \"array\", \"element\": {\"type\": \"struct\", \"fields\": [{\"name\": \"min\", \"type\": \"int64\"}, {\"name\": \"max\", \"type\": \"int64\"}, {\"name\": \"count\", \"type\": \"uint64\"}]}}, \"entries\": [{\"value\": [{\"min\": 4, \"max\": 7, \"count\": 14}]}]}\n");
}

static void test_maps_table(void **state)
{
	check_maps(
		*state, SKEP_FEED_TABLE, false,
		"percpu\n"
		"INDEX       SUM\n"
		"    1        10\n"
		"\n"
		"counts\n"
		"UID   COMM  CALLS  BYTES(bytes)\n"
		"root  cat       2          4096\n"
		"\n"
		"hists[10, dd]:\n"
		"[0, 2)                 8 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|\n"
		"[2, 4)                 0 |                                                    |\n"
		"[4, 8)                 0 |                                                    |\n"
		"[8, 16)                8 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|\n"
		"\n"
		"total: 5\n"
		"\n"
		"slots:\n"
		"[4, 8)                14 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|\n"
		"\n");
}

static void test_maps_csv(void **state)
{
	check_maps(*state, SKEP_FEED_CSV, true,
		   ROWS ",index,cpu,value,uid,calls,bytes_bytes,key,min,max,count,total\n"
			"percpu" NO_ROW ",1,0,10,,,,,,,,\n"
			"counts,,,,,,,,,,,,cat,,,,,,,,,,,root,2,4096,,,,,\n"
			"hists,,,,,,,,,,,,dd,,,,,,,,,,,,,,10,0,1,8,\n"
			"hists,,,,,,,,,,,,dd,,,,,,,,,,,,,,10,2,3,0,\n"
			"hists,,,,,,,,,,,,dd,,,,,,,,,,,,,,10,4,7,0,\n"
			"hists,,,,,,,,,,,,dd,,,,,,,,,,,,,,10,8,15,8,\n"
			"total" NO_ROW ",,,,,,,,,,,5\n"
			"slots" NO_ROW ",,,,,,,,4,7,14,\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_json, setup, teardown),
		cmocka_unit_test_setup_teardown(test_csv, setup, teardown),
		cmocka_unit_test_setup_teardown(test_table, setup, teardown),
		cmocka_unit_test_setup_teardown(test_maps_json, setup, teardown),
		cmocka_unit_test_setup_teardown(test_maps_table, setup, teardown),
		cmocka_unit_test_setup_teardown(test_maps_csv, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
