/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole sessions against an engine made of arrays: programs are functions of this file that put rows into a ring
 * that is a list. No kernel is asked.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include <cmocka.h>

#include "live/live.h"
#include "live/snapshot.h"
#include "record/row.h"

#define N_CPUS 2

/* The fake engine. Maps: keys of 8 bytes at most, values of 64 at most. */

struct fake_map {
	uint8_t keys[8][8], values[8][256];
	size_t n;
};

struct fake_row {
	uint8_t bytes[128];
	size_t len;
};

static struct fake {
	struct fake_map maps[4];
	struct fake_row rows[64];
	size_t first, last;
	int ring_fd, attach_error;
	unsigned attached, detached, closed;
	void (*progs[4])(void);
	const struct skep_spec *spec;
} fake;

static int fake_load(const struct skep_engine *engine, const struct skep_spec *spec,
		     const struct skep_load_options *options, struct skep_diag *diag,
		     struct skep_loaded **ret_loaded)
{
	fake.spec = spec;
	*ret_loaded = (struct skep_loaded *)&fake;
	return 0;
}

static int fake_attach(struct skep_loaded *loaded, size_t index, struct skep_diag *diag)
{
	if (fake.attach_error)
		return fake.attach_error;
	fake.attached++;
	return 1;
}

static int fake_run(struct skep_loaded *loaded, size_t prog, const void *ctx, size_t size,
		    uint32_t *ret_value)
{
	*ret_value = 0;
	if (fake.progs[prog])
		fake.progs[prog]();
	return 0;
}

static size_t find(const struct fake_map *m, const void *key, size_t size)
{
	for (size_t i = 0; i < m->n; i++) {
		if (memcmp(m->keys[i], key, size) == 0)
			return i;
	}
	return m->n;
}

static size_t value_bytes(size_t map)
{
	size_t n = ALIGN_UP(fake.spec->maps[map].value_size, 8);

	return fake.spec->maps[map].type == 5 ? n * N_CPUS : n; /* 5: per-CPU hash */
}

static int fake_get(struct skep_loaded *loaded, size_t map, const void *key, void *ret_value)
{
	struct fake_map *m = &fake.maps[map];
	size_t i = find(m, key, fake.spec->maps[map].key_size);

	if (i == m->n)
		return -ENOENT;
	memcpy(ret_value, m->values[i], value_bytes(map));
	return 0;
}

static int fake_set(struct skep_loaded *loaded, size_t map, const void *key, const void *value,
		    uint64_t flags)
{
	struct fake_map *m = &fake.maps[map];
	size_t i = find(m, key, fake.spec->maps[map].key_size);

	if (i == m->n)
		memcpy(m->keys[m->n++], key, fake.spec->maps[map].key_size);
	memcpy(m->values[i], value, value_bytes(map));
	return 0;
}

static int fake_delete(struct skep_loaded *loaded, size_t map, const void *key)
{
	struct fake_map *m = &fake.maps[map];
	size_t i = find(m, key, fake.spec->maps[map].key_size);

	if (i == m->n)
		return -ENOENT;
	m->n--;
	memcpy(m->keys[i], m->keys[m->n], sizeof(m->keys[i]));
	memcpy(m->values[i], m->values[m->n], sizeof(m->values[i]));
	return 0;
}

static int fake_next(struct skep_loaded *loaded, size_t map, const void *key, void *ret_key)
{
	struct fake_map *m = &fake.maps[map];
	size_t i = key ? find(m, key, fake.spec->maps[map].key_size) + 1 : 0;

	if (i > m->n) /* deleted meanwhile: from the front, as the kernel does */
		i = 0;
	if (i >= m->n)
		return -ENOENT;
	memcpy(ret_key, m->keys[i], fake.spec->maps[map].key_size);
	return 0;
}

static int fake_drain(struct skep_loaded *loaded, size_t map, const struct skep_ring_sink *sink)
{
	int n = 0;

	for (; fake.first < fake.last; fake.first++, n++) {
		int r = sink->record(sink->data, fake.rows[fake.first].bytes,
				     fake.rows[fake.first].len);

		if (r < 0)
			return r;
	}
	return n;
}

static int fake_fd(struct skep_loaded *loaded)
{
	return fake.ring_fd;
}

static int fake_misses(struct skep_loaded *loaded, size_t prog, uint64_t *ret_misses)
{
	*ret_misses = 3;
	return prog == 0 ? 0 : -EOPNOTSUPP;
}

static int fake_stats(struct skep_loaded *loaded, size_t prog, uint64_t *runs, uint64_t *ns)
{
	return -EOPNOTSUPP;
}

static void fake_detach(struct skep_loaded *loaded)
{
	fake.detached++;
}

static void fake_close(struct skep_loaded *loaded)
{
	fake.closed += loaded != NULL;
}

static unsigned fake_cpus(const struct skep_engine *engine)
{
	return N_CPUS;
}

static const struct skep_engine engine = {
	.name = "fake",
	.load = fake_load,
	.attach = fake_attach,
	.run = fake_run,
	.map_get = fake_get,
	.map_set = fake_set,
	.map_delete = fake_delete,
	.map_next = fake_next,
	.ring_drain = fake_drain,
	.ring_fd = fake_fd,
	.prog_misses = fake_misses,
	.prog_stats = fake_stats,
	.detach = fake_detach,
	.close = fake_close,
	.n_cpus = fake_cpus,
};

/* A plan with one of everything */

enum {
	ACT_PRINTF,
	ACT_EXIT,
	ACT_PRINT_MAP,
	ACT_CLEAR,
	ACT_JOIN,
	ACT_PRINT,
	N_ACTS,
};

static const struct skep_schema_field number = { .name = "n", .kind = SKEP_FIELD_INT, .size = 8 };
static const struct skep_schema_field key_field = { .name = "k",
						    .kind = SKEP_FIELD_INT,
						    .size = 8 };

static struct skep_spec_map spec_maps[] = {
	{ .name = "ring", .type = 27, .max_entries = 4096 },
	{ .name = "count", .type = 5, .key_size = 8, .value_size = 8, .max_entries = 8 },
	{ .name = "loss",
	  .type = 2,
	  .key_size = 4,
	  .value_size = 3 * SKEP_LOSS_MAX * 8,
	  .max_entries = 1 },
};
static struct skep_spec_prog spec_progs[3];
static struct skep_spec_attach spec_attach = { .kind = SKEP_ATTACH_RAW_TP,
					       .prog = 0,
					       .n_targets = 1 };
static struct skep_spec spec = {
	.maps = spec_maps,
	.n_maps = 3,
	.progs = spec_progs,
	.n_progs = 3,
	.attaches = &spec_attach,
	.n_attaches = 1,
};
static const char *prog_names[] = { "rawtracepoint:x", "BEGIN", "END" };
static const char *probe_names[] = { "rawtracepoint:x", "BEGIN" };
static struct skep_plan_action acts[N_ACTS];
static struct skep_plan_map plan_map;
static struct skep_plan_user_probe user_probes[] = {
	{ .kind = SKEP_USER_BEGIN, .prog = 1 },
	{ .kind = SKEP_USER_END, .prog = 2 },
};
static struct skep_plan plan;

static void put(uint16_t action, const void *payload, size_t len)
{
	struct skep_row_head head = { .action = action, .probe = 1 };
	struct fake_row *row = &fake.rows[fake.last++];

	memcpy(row->bytes, &head, sizeof(head));
	if (len)
		memcpy(row->bytes + sizeof(head), payload, len);
	row->len = sizeof(head) + len;
}

static void put_number(uint16_t action, uint64_t n)
{
	put(action, &n, 8);
}

static int setup(void **state)
{
	size_t at;
	const char *why;

	memset(&fake, 0, sizeof(fake));
	fake.ring_fd = eventfd(0, EFD_CLOEXEC);
	memset(acts, 0, sizeof(acts));
	acts[ACT_PRINTF] = (struct skep_plan_action){
		.kind = SKEP_ACTION_PRINTF,
		.schema = { .size = 8, .fields = &number, .n_fields = 1 },
	};
	assert_int_equal(skep_format_parse("n=%d\n", 5, &acts[ACT_PRINTF].format, &at, &why), 0);
	acts[ACT_EXIT] = (struct skep_plan_action){ .kind = SKEP_ACTION_EXIT, .schema.size = 8 };
	acts[ACT_PRINT_MAP] =
		(struct skep_plan_action){ .kind = SKEP_ACTION_PRINT_MAP, .schema.size = 16 };
	acts[ACT_CLEAR] = (struct skep_plan_action){ .kind = SKEP_ACTION_CLEAR };
	acts[ACT_JOIN] = (struct skep_plan_action){ .kind = SKEP_ACTION_JOIN,
						    .join_max = 4,
						    .separator = "+" };
	acts[ACT_PRINT] =
		(struct skep_plan_action){ .kind = SKEP_ACTION_PRINT, .schema = acts[0].schema };
	plan_map = (struct skep_plan_map){
		.name = "@c",
		.spec_map = 1,
		.store = SKEP_STORE_PERCPU_HASH,
		.shape = { .name = "@c",
			   .kind = SKEP_SNAPSHOT_COUNT,
			   .key_size = 8,
			   .keys = &key_field,
			   .n_keys = 1,
			   .n_numbers = 1 },
		.value_size = 8,
		.print_at_end = true,
	};
	plan = (struct skep_plan){
		.spec = &spec,
		.actions = acts,
		.n_actions = N_ACTS,
		.maps = &plan_map,
		.n_maps = 1,
		.user_probes = user_probes,
		.n_user_probes = 2,
		.probe_names = probe_names,
		.n_probe_names = 2,
		.prog_names = prog_names,
		.ring_map = 0,
		.loss_map = 2,
		.globals_map = -1,
		.config = { .print_maps_on_exit = true },
	};
	return 0;
}

static int teardown(void **state)
{
	skep_format_fini(&acts[ACT_PRINTF].format);
	close(fake.ring_fd);
	return 0;
}

/* Runs the plan; what it wrote is in *out. */
static int session(enum skep_live_format format, struct skep_live_result *result, char *out,
		   size_t out_size)
{
	struct skep_output output;
	struct skep_live_options options = { .engine = &engine,
					     .format = format,
					     .output = &output,
					     .quiet = format != SKEP_LIVE_JSON_BPFTRACE };
	char path[] = "/tmp/skep-test-XXXXXX";
	int fd = mkstemp(path), r;
	ssize_t n;

	assert_true(fd >= 0);
	assert_int_equal(skep_output_open(&output, path, SKEP_BUFFER_LINE), 0);
	r = skep_live_run(&plan, &options, NULL, result);
	assert_int_equal(skep_output_close(&output), 0);
	n = read(fd, out, out_size - 1);
	out[n > 0 ? n : 0] = '\0';
	close(fd);
	unlink(path);
	return r;
}

static void begin_exit(void)
{
	put_number(ACT_PRINTF, 1);
	put_number(ACT_EXIT, 7);
	put_number(ACT_PRINTF, 2); /* behind exit(): not shown */
}

static void end_prints(void)
{
	put_number(ACT_PRINTF, 3);
}

static void test_exit_in_begin(void **state)
{
	struct skep_live_result result;
	char out[1024];

	fake.progs[1] = begin_exit;
	fake.progs[2] = end_prints;
	assert_int_equal(session(SKEP_LIVE_TEXT, &result, out, sizeof(out)), 0);
	assert_string_equal(out, "n=1\nn=3\n");
	assert_int_equal(result.exit_status, 7);
	assert_int_equal(fake.attached, 0); /* there was no need to */
	assert_int_equal(fake.closed, 1);
	skep_losses_fini(&result.losses);
}

static void count(uint64_t key, uint64_t cpu0, uint64_t cpu1)
{
	uint64_t values[N_CPUS] = { cpu0, cpu1 };

	assert_int_equal(fake_set(NULL, 1, &key, values, 0), 0);
}

static void begin_maps(void)
{
	uint64_t top_divide[2] = { 0, 0 };
	struct {
		uint32_t n, zero;
		char words[6];
	} join = { 2, 0, "ab\0cd" };

	count(5, 1, 2);
	count(6, 0, 1);
	put(ACT_PRINT_MAP, top_divide, sizeof(top_divide));
	put(ACT_CLEAR, NULL, 0);
	put(ACT_JOIN, &join, 14);
	put_number(ACT_PRINT, 9);
	put_number(ACT_EXIT, 0);
}

static void end_counts(void)
{
	count(8, 4, 4);
}

static void test_maps(void **state)
{
	struct skep_live_result result;
	char out[1024];

	fake.progs[1] = begin_maps;
	fake.progs[2] = end_counts;
	assert_int_equal(session(SKEP_LIVE_TEXT, &result, out, sizeof(out)), 0);
	assert_string_equal(out, "@c[6]: 1\n@c[5]: 3\nab+cd\n9\n@c[8]: 8\n");
	skep_losses_fini(&result.losses);
}

static void test_bpftrace_json(void **state)
{
	struct skep_live_result result;
	char out[1024];

	fake.progs[1] = begin_maps;
	assert_int_equal(session(SKEP_LIVE_JSON_BPFTRACE, &result, out, sizeof(out)), 0);
	assert_string_equal(
		out, "{\"type\": \"attached_probes\", \"count\": 3, \"data\": {\"probes\": 3}}\n"
		     "{\"type\": \"map\", \"data\": {\"@c\": {\"6\": 1, \"5\": 3}}}\n"
		     "{\"type\": \"join\", \"data\": \"ab+cd\"}\n"
		     "{\"type\": \"value\", \"data\": 9}\n");
	skep_losses_fini(&result.losses);
}

static void begin_json(void)
{
	struct {
		struct skep_row_head head;
		struct skep_row_who who;
		uint64_t n;
	} row = { { ACT_PRINTF, SKEP_ROW_LONG, 0 }, { 0, 12, 13, "a\"b" }, 4 };

	memcpy(fake.rows[fake.last].bytes, &row, sizeof(row));
	fake.rows[fake.last++].len = sizeof(row);
	put_number(ACT_EXIT, 0);
}

static void test_own_json(void **state)
{
	struct skep_live_result result;
	char out[1024];

	fake.progs[1] = begin_json;
	assert_int_equal(session(SKEP_LIVE_JSON, &result, out, sizeof(out)), 0);
	assert_non_null(strstr(out,
			       "\"probe\": \"rawtracepoint:x\", \"pid\": 12, \"tid\": 13, "
			       "\"comm\": \"a\\\"b\", \"at\": \"0:0\", \"fields\": {\"n\": 4}}\n"));
	skep_losses_fini(&result.losses);
}

/* Rows that no action explains are counted, not believed. */
static void begin_junk(void)
{
	fake.rows[fake.last++].len = 3;
	put(999, NULL, 0);
	put(ACT_PRINTF, "abc", 3);
	put(ACT_PRINT_MAP, "abc", 3);
	put(ACT_JOIN, "\xff\0\0\0\0\0\0\0", 8); /* says four strings, has none */
	put_number(ACT_EXIT, 0);
}

static void test_losses(void **state)
{
	uint64_t counters[3][SKEP_LOSS_MAX] = {
		[0] = { [SKEP_LOSS_RING] = 5, [SKEP_LOSS_MAP_FULL] = 6 }
	};
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	struct skep_live_result result;
	char out[1024];
	uint32_t zero = 0;

	_Static_assert(sizeof(counters) <= sizeof(fake.maps[0].values[0]), "fits a fake value");
	fake.spec = &spec;
	assert_int_equal(fake_set(NULL, 2, &zero, counters, 0), 0);
	fake.progs[1] = begin_junk;
	assert_int_equal(session(SKEP_LIVE_TEXT, &result, out, sizeof(out)), 0);
	assert_string_equal(out, "");
	skep_losses_text(&result.losses, false, &text);
	assert_string_equal(
		text.data,
		"skep: lost: rawtracepoint:x: 5 rows did not fit into the ring (print less, or aggregate in a map)\n"
		"skep: lost: rawtracepoint:x: 6 updates found their map full (raise max_map_keys in the script's config)\n"
		"skep: lost: rawtracepoint:x: 3 events found the program busy or barred\n"
		"skep: lost: 5 rows could not be understood\n");
	skep_str_reset(&text);
	skep_losses_json(&result.losses, &text);
	assert_string_equal(
		text.data,
		"{\"type\": \"losses\", \"items\": ["
		"{\"probe\": \"rawtracepoint:x\", \"cause\": \"ring_full\", \"count\": 5}, "
		"{\"probe\": \"rawtracepoint:x\", \"cause\": \"map_full\", \"count\": 6}, "
		"{\"probe\": \"rawtracepoint:x\", \"cause\": \"missed\", \"count\": 3}, "
		"{\"cause\": \"bad_row\", \"count\": 5}], \"missed\": \"counted\"}\n");
	skep_losses_fini(&result.losses);
}

/* The row of exit() found no room: the counter is enough. */
static void begin_full(void)
{
	uint64_t counters[3][SKEP_LOSS_MAX] = { [1] = { [SKEP_LOSS_EXIT] = 1 } };
	uint32_t zero = 0;

	assert_int_equal(fake_set(NULL, 2, &zero, counters, 0), 0);
	put_number(ACT_PRINTF, 1);
}

static void test_exit_without_room(void **state)
{
	struct skep_live_result result;
	char out[1024];

	fake.progs[1] = begin_full;
	assert_int_equal(session(SKEP_LIVE_TEXT, &result, out, sizeof(out)), 0);
	assert_string_equal(out, "n=1\n");
	assert_int_equal(fake.attached, 0);
	skep_losses_fini(&result.losses);
}

static void begin_signal(void)
{
	put_number(ACT_PRINTF, 1);
	raise(SIGTERM);
}

static void test_signal(void **state)
{
	struct skep_live_result result;
	char out[1024];

	fake.progs[1] = begin_signal;
	assert_int_equal(session(SKEP_LIVE_TEXT, &result, out, sizeof(out)), 0);
	assert_string_equal(out, "n=1\n");
	assert_true(result.interrupted);
	skep_losses_fini(&result.losses);
}

static void test_attach_fails(void **state)
{
	struct skep_live_result result;
	char out[1024];

	fake.attach_error = -EACCES;
	assert_int_equal(session(SKEP_LIVE_TEXT, &result, out, sizeof(out)), -EACCES);
	assert_string_equal(out, "");
	assert_int_equal(fake.closed, 1);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_exit_in_begin), CASE(test_maps),	   CASE(test_bpftrace_json),
		CASE(test_own_json),	  CASE(test_losses),	   CASE(test_exit_without_room),
		CASE(test_signal),	  CASE(test_attach_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
