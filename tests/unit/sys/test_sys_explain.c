/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusals in sentences. Vectors are logs of kernels in tests/vectors/sys/explain: first lines say
 * what must come out, after a line of dashes the log follows. The live half makes this kernel
 * refuse and checks place and reason.
 */
#include <dirent.h>
#include <errno.h>

#include "fixture.h"
#include "sys/explain.h"
#include "sys/file.h"

#define DIR_OF_VECTORS SKEP_VECTORS "/sys/explain"

static void check_vector(const char *name)
{
	_cleanup_free_ char *text = NULL;
	char path[512], says[256] = "", hint[256] = "";
	struct skep_spec_line lines[64];
	struct skep_spec_prog prog = { .name = "p", .lines = lines, .n_lines = 64 };
	struct skep_diag diag = {};
	int insn = -1;
	char *log;

	for (uint32_t i = 0; i < 64; i++)
		lines[i] = (struct skep_spec_line){ .insn = i, .loc = { i + 1, 1, 1 } };
	snprintf(path, sizeof(path), DIR_OF_VECTORS "/%s", name);
	assert_int_equal(skep_file_read(path, 1 << 20, &text, NULL), 0);
	log = strstr(text, "\n----\n");
	assert_non_null(log);
	assert_int_equal(sscanf(text, "insn %d\nsays %255[^\n]\nhint %255[^\n]", &insn, says, hint),
			 3);
	skep_explain_prog(&prog, log + 6, -EACCES, &diag);
	assert_int_equal(diag.n_errors, 1);
	if (diag.items[0].insn != insn || !strstr(diag.items[0].what, says)) {
		print_error("%s: at %d: %s\n", name, diag.items[0].insn, diag.items[0].what);
		fail();
	}
	assert_int_equal(diag.items[0].loc.line, insn >= 0 ? MIN(insn + 1, 64) : 0);
	if (strcmp(hint, "-")) {
		const char *h = diag.items[0].hint;

		if (!h || !strstr(h, hint)) {
			print_error("%s: hint: %s\n", name, h ? h : "none");
			fail();
		}
	}
	assert_non_null(diag.log);
	skep_diag_fini(&diag);
}

static void test_vectors(void **state)
{
	DIR *dir = opendir(DIR_OF_VECTORS);
	struct dirent *entry;
	int n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (!skep_has_suffix(entry->d_name, ".log"))
			continue;
		check_vector(entry->d_name);
		n++;
	}
	closedir(dir);
	assert_true(n >= 10);
}

/* Logs cut anywhere, and things that are no logs, are taken without harm. */
static void test_junk(void **state)
{
	static const char log[] = "0: R1=ctx() R10=fp0\n0: (79) r0 = *(u64 *)(r2 +0)\nR2 !read_ok\n"
				  "processed 1 insns (limit 1000000)\n";
	struct skep_explain_end end;
	char cut[sizeof(log)];

	for (size_t from = 0; from < sizeof(log); from++)
		for (size_t to = from; to < sizeof(log); to++) {
			memcpy(cut, log + from, to - from);
			cut[to - from] = 0;
			skep_explain_find(cut, &end);
			assert_true(end.insn <= 0);
		}
	skep_explain_find(NULL, &end);
	assert_null(end.message);
	skep_explain_find("99999999999999999999: (", &end);
	skep_explain_find("\n\n\n", &end);
	assert_null(end.message);
	skep_explain_find("back-edge from insn 99999999999999", &end);
}

static void refuse(struct code *c, uint32_t type, const struct skep_spec_map *map, int insn,
		   const char *says)
{
	struct skep_spec_line lines[64];
	struct skep_spec_prog prog = prog_of("t_refused", type, c);
	struct skep_spec spec = { .license = "GPL",
				  .maps = (struct skep_spec_map *)(uintptr_t)map,
				  .n_maps = map ? 1 : 0,
				  .progs = &prog,
				  .n_progs = 1 };
	struct skep_loaded *loaded;
	struct skep_diag diag = {};

	for (uint32_t i = 0; i < c->n; i++)
		lines[i] = (struct skep_spec_line){ .insn = i, .loc = { i + 1, 2, 3 } };
	prog.lines = lines;
	prog.n_lines = c->n;
	spec.source_name = "t.bt";
	assert_true(skep_kernel_engine()->load(skep_kernel_engine(), &spec, NULL, &diag, &loaded) <
		    0);
	assert_int_equal(diag.n_errors, 1);
	if (!strstr(diag.items[0].what, says) || diag.items[0].loc.line != (uint32_t)insn + 1)
		print_error("%s at %u\n%s", diag.items[0].what, diag.items[0].loc.line, diag.log);
	assert_non_null(strstr(diag.items[0].what, says));
	assert_int_equal(diag.items[0].loc.line, insn + 1);
	assert_non_null(diag.log);
	skep_diag_fini(&diag);
}

#define RAW SKEP_PROG_RAW_TRACEPOINT

static void test_live(void **state)
{
	struct skep_spec_map map = {
		.name = "h", .type = SKEP_MAP_HASH, .key_size = 4, .value_size = 8, .max_entries = 8
	};
	struct code c = {};

	need(SKEP_FEATURE_BPF);
	emit(&c, skep_insn_mov64_imm(SKEP_R0, 0));
	emit(&c, skep_insn_load(SKEP_SIZE_DW, SKEP_R0, SKEP_R2, 0));
	emit(&c, skep_insn_exit());
	refuse(&c, RAW, NULL, 1, "before anything was written");

	c = (struct code){};
	emit(&c, skep_insn_load(SKEP_SIZE_DW, SKEP_R2, SKEP_R1, 0));
	emit(&c, skep_insn_load(SKEP_SIZE_DW, SKEP_R0, SKEP_R2, 0));
	emit(&c, skep_insn_exit());
	refuse(&c, RAW, NULL, 1, "number is used as an address");

	c = (struct code){};
	emit(&c, skep_insn_store_imm(SKEP_SIZE_DW, SKEP_FP, -520, 0));
	emit_return(&c, 0);
	refuse(&c, RAW, NULL, 0, "512 bytes of stack");

	c = (struct code){};
	emit(&c, skep_insn_store_imm(SKEP_SIZE_W, SKEP_FP, -4, 0));
	emit_map(&c, SKEP_RELOC_MAP, SKEP_R1, 0);
	emit(&c, skep_insn_mov64_reg(SKEP_R2, SKEP_FP));
	emit(&c, skep_insn_alu64_imm(SKEP_ALU_ADD, SKEP_R2, -4));
	emit(&c, skep_insn_call(SKEP_HELPER_MAP_LOOKUP_ELEM));
	emit(&c, skep_insn_load(SKEP_SIZE_DW, SKEP_R0, SKEP_R0, 0));
	emit(&c, skep_insn_exit());
	refuse(&c, RAW, &map, 6, "before it is known to exist");

	c = (struct code){};
	emit(&c, skep_insn_mov64_imm(SKEP_R0, 0));
	emit(&c, skep_insn_ja(-1));
	emit(&c, skep_insn_exit());
	refuse(&c, RAW, NULL, 2, "never be reached");

	c = (struct code){};
	emit(&c, skep_insn_call(SKEP_HELPER_SKB_VLAN_PUSH));
	emit_return(&c, 0);
	refuse(&c, RAW, NULL, 0, "helper");
	assert_gone("t_refused");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_junk),
		cmocka_unit_test(test_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
