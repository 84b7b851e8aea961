/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `sys` reads of the machine: CPU lists, symbols, tracefs, types, features. Most needs no
 * root.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"
#include "sys/cpus.h"
#include "sys/file.h"
#include "sys/kallsyms.h"
#include "sys/tracefs.h"
#include "sys/vmlinux.h"

static void test_cpu_lists(void **state)
{
	static const char *const bad[] = {
		"", "\n", "x", "1-", "3-1", "1,,2", "-1", "1;2", "1-2-3"
	};
	_cleanup_free_ int *cpus = NULL;
	size_t n;

	assert_int_equal(skep_cpus_parse("0-2,8,10-11\n", &cpus, &n), 0);
	assert_int_equal(n, 6);
	assert_int_equal(cpus[2], 2);
	assert_int_equal(cpus[3], 8);
	assert_int_equal(cpus[5], 11);
	free(cpus);
	assert_int_equal(skep_cpus_parse("0-99999999999999999999", &cpus, &n), 0);
	assert_int_equal(n, SKEP_CPUS_MAX);
	free(cpus);
	cpus = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(skep_cpus_parse(bad[i], &cpus, &n), -EINVAL);
	assert_true(skep_cpus_possible() >= 1);
	assert_int_equal(skep_cpus_online(&cpus, &n), 0);
	assert_true(n >= 1 && n <= skep_cpus_possible());
}

static void test_clock(void **state)
{
	struct timespec mono, wall;
	int64_t offset = skep_clock_offset_ns(), now;

	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_REALTIME, &wall);
	now = (int64_t)mono.tv_sec * 1000000000 + mono.tv_nsec + offset;
	assert_true(llabs(now - ((int64_t)wall.tv_sec * 1000000000 + wall.tv_nsec)) < 1000000000);
	assert_true(skep_clock_boot_offset_ns() <= offset + 1000000);
}

static void test_files(void **state)
{
	_cleanup_free_ char *text = NULL;
	uint64_t number;
	size_t len;

	assert_int_equal(skep_file_read("/proc/self/stat", 1 << 16, &text, &len), 0);
	assert_int_equal(strlen(text), len);
	free(text);
	text = NULL;
	assert_int_equal(skep_file_read("/proc/self/maps", 10, &text, &len), -EFBIG);
	assert_int_equal(skep_file_read("/nonexistent", 10, &text, &len), -ENOENT);
	assert_int_equal(skep_file_read_number("/proc/sys/kernel/pid_max", &number), 0);
	assert_true(number > 1);
	assert_int_equal(skep_file_read_number("/proc/version", &number), -EINVAL);
}

static void test_regular(void **state)
{
	char dir[] = "/tmp/skep-test-XXXXXX", path[64];
	_cleanup_free_ char *text = NULL;
	size_t len;

	assert_int_equal(skep_file_read_regular("/proc/self/stat", 1 << 16, &text, &len), 0);
	assert_int_equal(strlen(text), len);
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/pipe", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(skep_file_read_regular(path, 10, &text, &len), -EINVAL);
	assert_int_equal(skep_file_read_regular("/dev/zero", 10, &text, &len), -EINVAL);
	assert_int_equal(skep_file_read_regular("/nonexistent", 10, &text, &len), -ENOENT);
	unlink(path);
	rmdir(dir);
}

static void test_symbols(void **state)
{
	_cleanup_(skep_kallsyms_freep)
	struct skep_kallsyms *t = NULL;
	struct skep_ksym s;

	assert_int_equal(skep_kallsyms_load_file(SKEP_VECTORS "/sys/kallsyms/small", &t), 0);
	assert_int_equal(skep_kallsyms_count(t), 7);
	assert_false(skep_kallsyms_at(t, 0xffffffff80ffffff, &s));
	assert_false(skep_kallsyms_at(t, 0, &s));
	assert_true(skep_kallsyms_at(t, 0xffffffff81000000, &s));
	assert_string_equal(s.name, "_text");
	assert_true(skep_kallsyms_at(t, 0xffffffff810000ff, &s));
	assert_string_equal(s.name, "first.isra.0");
	assert_true(skep_kallsyms_at(t, 0xffffffff81000100, &s));
	assert_string_equal(s.name, "second");
	assert_null(s.module);
	assert_true(skep_kallsyms_at(t, 0xffffffffc02010ff, &s));
	assert_string_equal(s.name, "in_module");
	assert_string_equal(s.module, "some_mod");
	assert_true(skep_kallsyms_at(t, UINT64_MAX, &s));
	assert_string_equal(s.name, "other");
	assert_true(skep_kallsyms_find(t, "weak", &s));
	assert_true(s.address == 0xffffffff81000200);
	assert_false(skep_kallsyms_find(t, "jiffies", &s));
}

static void test_symbols_hidden(void **state)
{
	_cleanup_(skep_kallsyms_freep)
	struct skep_kallsyms *t = NULL;

	assert_int_equal(skep_kallsyms_load_file(SKEP_VECTORS "/sys/kallsyms/hidden", &t), -EPERM);
	assert_int_equal(skep_kallsyms_load_file("/nonexistent", &t), -ENOENT);
	/* Nothing in it: no symbols, no error. */
	assert_int_equal(skep_kallsyms_load_file("/dev/null", &t), 0);
	assert_int_equal(skep_kallsyms_count(t), 0);
}

struct resolved {
	const struct skep_kallsyms *table;
	const uint64_t *addresses;
	size_t n;
};

static void compare_with_table(void *data, size_t index, const struct skep_ksym *symbol)
{
	struct resolved *r = data;
	struct skep_ksym other;

	assert_true(skep_kallsyms_at(r->table, r->addresses[index], &other));
	assert_true(other.address == symbol->address);
	assert_string_equal(other.name, symbol->name);
	r->n++;
}

/* Both ways give the same answers for this kernel. */
static void test_symbols_live(void **state)
{
	_cleanup_(skep_kallsyms_freep)
	struct skep_kallsyms *t = NULL;
	uint64_t addresses[50], start = 0, found;
	struct resolved resolved = { .addresses = addresses };
	int r;

	r = skep_kallsyms_load(&t);
	if (r == -EPERM || r == -ENOENT) {
		print_message("skipped: this kernel does not show its symbols to us\n");
		skip();
	}
	assert_int_equal(r, 0);
	assert_true(skep_kallsyms_count(t) > 1000);
	assert_int_equal(skep_kallsyms_address("_stext", &start), 0);
	assert_int_equal(skep_kallsyms_address("no such symbol", &found), -ENOENT);
	for (size_t i = 0; i < 50; i++)
		addresses[i] = start + i * 4099 * (1 + i % 7);
	for (size_t i = 1; i < 50; i++)
		if (addresses[i] < addresses[i - 1])
			addresses[i] = addresses[i - 1];
	resolved.table = t;
	assert_int_equal(skep_kallsyms_resolve(addresses, 50, compare_with_table, &resolved), 0);
	assert_int_equal(resolved.n, 50);
}

static void need_tracefs(void)
{
	int r = skep_tracefs_dir();

	if (r < 0) {
		print_message("skipped: no tracefs here: %s\n", strerror(-r));
		skip();
	}
}

struct counted {
	int n, stop_after;
	char last[256];
};

static int count_event(void *data, const char *category, const char *name)
{
	struct counted *c = data;
	char text[512];

	snprintf(text, sizeof(text), "%s/%s", category ? category : "", name);
	/* Sorted within a category. */
	if (category && !strncmp(text, c->last, strcspn(text, "/") + 1))
		assert_true(strcmp(text, c->last) > 0);
	snprintf(c->last, sizeof(c->last), "%.255s", text);
	c->n++;
	return c->stop_after && c->n >= c->stop_after ? 7 : 0;
}

static void test_tracefs(void **state)
{
	static const char *const bad[] = { "sched",
					   "/",
					   "sched/",
					   "/x",
					   "../sched/x",
					   "sched/../x",
					   "sched/sched_switch/format",
					   "sched/.." };
	_cleanup_free_ char *text = NULL;
	struct counted c = {};
	uint32_t id = 0;
	int n;

	need_tracefs();
	assert_int_equal(skep_tracefs_event_id("sched/sched_switch", &id), 0);
	assert_true(id > 0);
	assert_int_equal(skep_tracefs_event_id("sched/nonsense", &id), -ENOENT);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(skep_tracefs_event_id(bad[i], &id), -EINVAL);
	assert_int_equal(skep_tracefs_event_format("sched/sched_switch", &text), 0);
	assert_non_null(strstr(text, "prev_comm"));

	assert_int_equal(skep_tracefs_events("sched", "sched_switch", count_event, &c), 0);
	assert_int_equal(c.n, 1);
	c = (struct counted){};
	assert_int_equal(skep_tracefs_events("sched", "no*such", count_event, &c), 0);
	assert_int_equal(skep_tracefs_events("nonsense", "*", count_event, &c), 0);
	assert_int_equal(skep_tracefs_events("..", "..", count_event, &c), 0);
	assert_int_equal(c.n, 0);
	assert_int_equal(skep_tracefs_events("sched", "*", count_event, &c), 0);
	assert_true(c.n > 5);
	n = c.n;
	c = (struct counted){};
	assert_int_equal(skep_tracefs_events("*", "*", count_event, &c), 0);
	assert_true(c.n > n);
	c = (struct counted){ .stop_after = 3 };
	assert_int_equal(skep_tracefs_events("*", "*", count_event, &c), 7);
	assert_int_equal(c.n, 3);
}

static int count_function(void *data, const char *module, const char *name)
{
	(*(int *)data)++;
	return 0;
}

static void test_functions(void **state)
{
	bool exact = true;
	int n = 0;

	if (geteuid() != 0) {
		print_message("skipped: the list of functions needs root\n");
		skip();
	}
	assert_int_equal(skep_tracefs_functions(NULL, "vfs_read", count_function, &n, &exact), 0);
	assert_int_equal(n, 1);
	assert_false(exact);
	n = 0;
	assert_int_equal(skep_tracefs_functions(NULL, "vfs_*", count_function, &n, &exact), 0);
	assert_true(n > 10);
	print_message("vfs_*: %d functions, %s\n", n, exact ? "exact" : "from the symbols");
}

static int count_module(void *data, const char *module)
{
	(*(int *)data)++;
	return 0;
}

static void test_types(void **state)
{
	const struct skep_btf *btf, *again;
	struct skep_btf *module;
	uint32_t id;
	int n = 0, r;

	r = skep_vmlinux_btf(NULL, &btf);
	if (r < 0) {
		print_message("skipped: this kernel has no types: %s\n", strerror(-r));
		skip();
	}
	assert_int_equal(skep_btf_find(btf, "task_struct", SKEP_BTF_STRUCT, &id), 0);
	assert_int_equal(skep_vmlinux_btf(NULL, &again), 0);
	assert_ptr_equal(btf, again);
	assert_int_equal(skep_module_btf("no_such_module", NULL, &module), -ENOENT);
	assert_int_equal(skep_module_btf("../x", NULL, &module), -EINVAL);
	assert_int_equal(skep_module_btf_list(count_module, &n), 0);
}

/* Every probe answers, twice the same, and leaves nothing behind. */
static void test_features(void **state)
{
	if (geteuid() != 0) {
		print_message("skipped: feature probes need root\n");
		skip();
	}
	for (int f = 0; f < SKEP_N_FEATURES; f++) {
		int r = skep_feature_error((enum skep_feature)f);

		assert_true(r <= 0);
		assert_int_equal(skep_feature_error((enum skep_feature)f), r);
		assert_int_equal(skep_feature_has((enum skep_feature)f), r == 0);
		assert_true(strlen(skep_feature_name((enum skep_feature)f)) > 1);
		assert_true(strlen(skep_feature_gives((enum skep_feature)f)) > 1);
		print_message("  %-32s %s\n", skep_feature_name((enum skep_feature)f),
			      r < 0 ? strerror(-r) : "yes");
	}
	assert_true(skep_feature_has(SKEP_FEATURE_BPF));
	assert_int_equal(skep_feature_error(SKEP_N_FEATURES), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpu_lists),    cmocka_unit_test(test_clock),
		cmocka_unit_test(test_files),	     cmocka_unit_test(test_regular),
		cmocka_unit_test(test_symbols),	     cmocka_unit_test(test_symbols_hidden),
		cmocka_unit_test(test_symbols_live), cmocka_unit_test(test_tracefs),
		cmocka_unit_test(test_functions),    cmocka_unit_test(test_types),
		cmocka_unit_test(test_features),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
