/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Assembler and disassembler: the vector files, round trips over all encodings, hooks, labels,
 * diagnostics.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "isa/asm.h"
#include "isa/disasm.h"
#include "vectors.h"

/* Assembles what must assemble. */
static struct skep_insns assemble(const char *text, const struct skep_asm_hooks *hooks)
{
	_cleanup_(skep_diag_fini)
	struct skep_diag diag = { .source_text = text, .source_len = strlen(text) };
	struct skep_insns insns = {};

	if (skep_asm(text, strlen(text), hooks, &insns, &diag) < 0) {
		_cleanup_(skep_str_fini)
		struct skep_str why = {};

		skep_diag_format(&diag, false, false, &why);
		fail_msg("does not assemble: %s\n%s", text, skep_str_text(&why));
	}
	return insns;
}

static bool same(const struct skep_insn *a, const struct skep_insn *b, size_t n)
{
	return n == 0 || memcmp(a, b, n * sizeof(*a)) == 0;
}

static void valid_vectors(void **state)
{
	struct vector v;
	FILE *f = vectors_open("valid.txt", &v);
	unsigned seen[SKEP_N_OPS] = {};

	assert_non_null(f);
	while (vectors_next(f, &v)) {
		_cleanup_(skep_str_fini)
		struct skep_str text = {};
		_cleanup_(skep_insns_fini)
		struct skep_insns insns = {};
		struct skep_insn words[2];
		size_t n = vectors_words(v.fields[0], words);
		const struct skep_isa_row *row = skep_isa_row(words[0]);

		if (v.n_fields != 4 || n == 0 || !row)
			fail_msg("line %u is no vector", v.line);
		seen[row->op]++;
		assert_int_equal(skep_insn_check(words, n), SKEP_INSN_OK);
		assert_int_equal(skep_disasm_insn(words, n, 0, NULL, &text), n);
		if (!skep_streq(text.data, v.fields[1]))
			fail_msg("line %u: is '%s', wanted '%s'", v.line, text.data, v.fields[1]);
		insns = assemble(v.fields[1], NULL);
		if (insns.len != n || !same(insns.data, words, n))
			fail_msg("line %u: '%s' gives other bytes", v.line, v.fields[1]);
		assert_string_equal(skep_isa_group_name(row->group), v.fields[2]);
		assert_int_equal(row->cpu, v.fields[3][1] - '0');
	}
	fclose(f);
	for (unsigned op = 0; op < SKEP_N_OPS; op++)
		if (!seen[op])
			fail_msg("no vector for %s", skep_isa_op(op)->name);
}

static void accepted_vectors(void **state)
{
	struct vector v;
	FILE *f = vectors_open("accepted.txt", &v);
	unsigned n = 0;

	assert_non_null(f);
	while (vectors_next(f, &v)) {
		_cleanup_(skep_str_fini)
		struct skep_str text = {};
		_cleanup_(skep_insns_fini)
		struct skep_insns insns = assemble(v.fields[0], NULL);

		for (size_t i = 0; i < insns.len;) {
			if (i > 0)
				skep_str_add(&text, "; ");
			i += skep_disasm_insn(insns.data, insns.len, i, NULL, &text);
		}
		if (!skep_streq(skep_str_text(&text), v.fields[1]))
			fail_msg("line %u: '%s' is '%s'", v.line, v.fields[0],
				 skep_str_text(&text));
		n++;
	}
	fclose(f);
	assert_true(n > 25);
}

static void rejected_vectors(void **state)
{
	struct vector v;
	FILE *f = vectors_open("rejected.txt", &v);
	unsigned n = 0;

	assert_non_null(f);
	while (vectors_next(f, &v)) {
		_cleanup_(skep_diag_fini)
		struct skep_diag diag = {};
		struct skep_insns insns = {};
		char place[32];

		if (skep_asm(v.fields[0], strlen(v.fields[0]), NULL, &insns, &diag) != -EINVAL)
			fail_msg("line %u: '%s' is taken", v.line, v.fields[0]);
		assert_null(insns.data);
		assert_true(diag.n_items >= 1);
		snprintf(place, sizeof(place), "%u:%u", diag.items[0].loc.line,
			 diag.items[0].loc.col);
		if (!skep_streq(place, v.fields[1]) || !strstr(diag.items[0].what, v.fields[2]))
			fail_msg("line %u: '%s' says %s %s (hint: %s)", v.line, v.fields[0], place,
				 diag.items[0].what, diag.items[0].hint);
		n++;
	}
	fclose(f);
	assert_true(n > 40);
}

/* Words to text and back, one by one and as a listing with labels. */
static void round_trip(const struct skep_insn *words, size_t n)
{
	_cleanup_(skep_str_fini)
	struct skep_str lines = {}, listing = {};
	_cleanup_(skep_insns_fini)
	struct skep_insns a = {}, b = {};
	size_t i = 0;

	while (i < n) {
		i += skep_disasm_insn(words, n, i, NULL, &lines);
		skep_str_addc(&lines, '\n');
	}
	assert_int_equal(i, n);
	a = assemble(skep_str_text(&lines), NULL);
	skep_disasm_program(words, n, NULL, &listing);
	b = assemble(skep_str_text(&listing), NULL);
	if (a.len != n || !same(a.data, words, n))
		fail_msg("comes back otherwise:\n%s", lines.data);
	if (b.len != n || !same(b.data, words, n))
		fail_msg("comes back otherwise:\n%s", listing.data);
}

static unsigned count_opcodes(void)
{
	unsigned n = 0;

	for (unsigned op = 0; op < SKEP_N_OPS; op++)
		n += op == 0 || skep_isa_op(op)->opcode != skep_isa_op(op - 1)->opcode;
	return n;
}

/*
 * Every opcode with every interesting value of every field: valid or not, the text gives the words
 * back.
 */
static void every_opcode_round_trips(void **state)
{
	static const unsigned dsts[] = { 0, 9, 10, 11, 15 }, srcs[] = { 0, 1, 2, 3, 6, 10, 11, 15 };
	static const int16_t offs[] = { 0, 1, 8, 16, 32, -1, INT16_MAX, INT16_MIN };
	static const int32_t imms[] = { 0,    1,    16,	   32,	  64, 0x41,	 0xa1,
					0xe1, 0xf1, 0x100, 0x110, -1, INT32_MAX, INT32_MIN };
	unsigned n_opcodes = 0;
	enum {
		n_combinations =
			ARRAY_SIZE(dsts) * ARRAY_SIZE(srcs) * ARRAY_SIZE(offs) * ARRAY_SIZE(imms),
	};
	static struct skep_insn words[n_combinations * 2];

	for (unsigned opcode = 0; opcode < 256; opcode++) {
		size_t n = 0, n_valid = 0;

		for (size_t k = 0; k < n_combinations; k++) {
			size_t d = k % ARRAY_SIZE(dsts),
			       s = k / ARRAY_SIZE(dsts) % ARRAY_SIZE(srcs);
			size_t o = k / (ARRAY_SIZE(dsts) * ARRAY_SIZE(srcs)) % ARRAY_SIZE(offs);
			size_t i = k / (ARRAY_SIZE(dsts) * ARRAY_SIZE(srcs) * ARRAY_SIZE(offs));
			struct skep_insn pair[2] = {
				skep_insn_make(opcode, dsts[d], srcs[s], offs[o], imms[i]),
				skep_insn_make(0, 0, 0, 0, imms[(i + s) % ARRAY_SIZE(imms)]),
			};
			bool valid = skep_insn_check(pair, 2) == SKEP_INSN_OK;

			/* All that are valid, and enough of the others. */
			if (!valid && (d + s + o + i) % 5 != 0)
				continue;
			n_valid += valid;
			words[n++] = pair[0];
			if (skep_insn_is_wide(pair[0]))
				words[n++] = pair[1];
		}
		n_opcodes += n_valid > 0;
		round_trip(words, n);
	}
	assert_int_equal(n_opcodes, count_opcodes());
}

static void random_words_round_trip(void **state)
{
	static struct skep_insn words[20000];
	uint64_t x = 88172645463325252ull;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(&words[i], &x, sizeof(x));
		/* Most of the space is invalid: pull some of it towards what is not. */
		if (i % 2)
			words[i].off = words[i].off % 64;
		if (i % 3)
			words[i].imm = words[i].imm % 300;
		if (i % 4 == 1)
			words[i].src = words[i].imm & 7;
		if (i % 5 == 4)
			words[i] = (struct skep_insn){ .imm = words[i].imm };
	}
	round_trip(words, ARRAY_SIZE(words));
	/* A 64-bit constant cut off at the end. */
	words[0] = (struct skep_insn){ .opcode = 0x18 };
	round_trip(words, 1);
	round_trip(words, 0);
}

static void listing_has_labels(void **state)
{
	static const char source[] = "L0:\n"
				     "\tr0 += -1\n"
				     "\tif r0 != 0 goto L0\n"
				     "\tr1 = 0x1122334455667788 ll\n"
				     "\tr2 = subprog[L9]\n"
				     "\tcall L9\n"
				     "\tgoto L10\n"
				     "\texit\n"
				     "L9:\n"
				     "\tgoto +70\n"
				     "L10:\n";
	_cleanup_(skep_insns_fini)
	struct skep_insns insns = assemble(source, NULL);
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	assert_int_equal(insns.len, 10);
	skep_disasm_program(insns.data, insns.len, NULL, &text);
	assert_string_equal(text.data, source);
}

/* A jump into the second word of a constant has no line to put a label on. */
static void label_inside_a_constant(void **state)
{
	static const char source[] = "goto +1; r1 = 5 ll; exit";
	_cleanup_(skep_insns_fini)
	struct skep_insns insns = assemble(source, NULL);

	round_trip(insns.data, insns.len);
}

static bool name_of(void *ctx, enum skep_name_kind kind, int64_t value, struct skep_str *out)
{
	static const char *const kinds[] = { "helper", "kfunc", "var", "map", "index", "at" };

	if (ctx)
		skep_str_add(out, ctx);
	else
		skep_str_addf(out, "%s_%lld", kinds[kind], (long long)value);
	return true;
}

static int value_of(void *ctx, enum skep_name_kind kind, const char *name, int32_t *ret_value)
{
	const char *number = strrchr(name, '_');

	if (!number)
		return -ENOENT;
	*ret_value = atoi(number + 1);
	return 0;
}

static void hooks_name_numbers(void **state)
{
	static const char source[] = "r1 = map[fd:map_7]; r1 = map[idx:index_7][0]+4; "
				     "r1 = btf[id:var_9]; call helper_900; call kfunc#kfunc_12; "
				     "call ktime_get_ns";
	static const struct skep_disasm_hooks names = { .name = name_of };
	static const struct skep_asm_hooks values = { .value = value_of };
	_cleanup_(skep_insns_fini)
	struct skep_insns insns = assemble(source, &values);
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	assert_int_equal(insns.len, 9);
	for (size_t i = 0; i < insns.len;) {
		if (i > 0)
			skep_str_add(&text, "; ");
		i += skep_disasm_insn(insns.data, insns.len, i, &names, &text);
	}
	assert_string_equal(text.data, source);
	assert_int_equal(insns.data[0].imm, 7);
	assert_int_equal(insns.data[4].src, SKEP_PSEUDO_BTF_ID);
	assert_int_equal(insns.data[6].imm, 900);
}

static void hooks_name_targets(void **state)
{
	static const struct skep_disasm_hooks names = { .name = name_of };
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	struct skep_insn insns[] = { skep_insn_exit(), skep_insn_ja(3) };

	assert_int_equal(skep_disasm_insn(insns, 2, 1, &names, &text), 1);
	assert_string_equal(text.data, "goto at_5");
}

/* A name that would not read back is not used. */
static void hooks_cannot_break_the_text(void **state)
{
	static char *const bad[] = { "", "two words", "1st", "x]", "a\nexit", "pc", "loop" };
	struct skep_insn insns[] = { skep_insn_call_local(3), skep_insn_call(9999) };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const struct skep_disasm_hooks names = { .ctx = bad[i], .name = name_of };
		_cleanup_(skep_str_fini)
		struct skep_str text = {};

		skep_disasm_insn(insns, 2, 0, &names, &text);
		assert_string_equal(text.data, "call pc+3");
		skep_str_reset(&text);
		if (skep_streq(bad[i], "pc"))
			continue;
		skep_disasm_insn(insns, 2, 1, &names, &text);
		assert_string_equal(text.data, "call 9999");
	}
}

/* All errors are told, each with its place; nothing is given back. */
static void all_errors_are_told(void **state)
{
	static const char text[] = "r1 = 1\n"
				   "/* two\n"
				   "lines */ r1 = foo\n"
				   "\tgoto nowhere\n"
				   "r2 = 5\n"
				   "w3 += 99999999999\n";
	_cleanup_(skep_diag_fini)
	struct skep_diag diag = {};
	struct skep_insns insns = {};

	assert_int_equal(skep_asm(text, strlen(text), NULL, &insns, &diag), -EINVAL);
	assert_null(insns.data);
	assert_int_equal(diag.n_errors, 3);
	assert_int_equal(diag.items[0].loc.line, 3);
	assert_int_equal(diag.items[0].loc.col, 15);
	assert_int_equal(diag.items[0].loc.len, 3);
	assert_non_null(strstr(diag.items[0].hint, "a number"));
	assert_int_equal(diag.items[1].loc.line, 6);
	assert_int_equal(diag.items[2].loc.line, 4);
	assert_int_equal(diag.items[2].loc.col, 7);
}

static void nearest_helper_is_told(void **state)
{
	static const char text[] = "call ktime_get_nz";
	_cleanup_(skep_diag_fini)
	struct skep_diag diag = {};
	struct skep_insns insns = {};

	assert_int_equal(skep_asm(text, strlen(text), NULL, &insns, &diag), -EINVAL);
	assert_non_null(strstr(diag.items[0].hint, "'ktime_get_ns'"));
}

/* Junk without end stops at the number of errors that a diag keeps. */
static void errors_are_bounded(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	_cleanup_(skep_diag_fini)
	struct skep_diag diag = {};
	struct skep_insns insns = {};

	for (int i = 0; i < 100000; i++)
		skep_str_add(&text, "junk\n");
	assert_int_equal(skep_asm(text.data, text.len, NULL, &insns, &diag), -EINVAL);
	assert_int_equal(diag.n_errors, SKEP_DIAG_MAX);
	/* Without a diag it is the same. */
	assert_int_equal(skep_asm(text.data, text.len, NULL, &insns, NULL), -EINVAL);
}

static void programs_are_bounded(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	_cleanup_(skep_diag_fini)
	struct skep_diag diag = {};
	struct skep_insns insns = {};

	for (unsigned i = 0; i < SKEP_ASM_MAX_INSNS + 5; i++)
		skep_str_add(&text, ".raw 0,0,0,0,0;");
	assert_int_equal(skep_asm(text.data, text.len, NULL, &insns, &diag), -E2BIG);
	assert_int_equal(diag.n_errors, 1);
	assert_null(insns.data);
}

static void jumps_too_far_are_told(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	_cleanup_(skep_diag_fini)
	struct skep_diag diag = {};
	struct skep_insns insns = {};

	skep_str_add(&text, "goto far\ngotol far\n");
	for (int i = 0; i < 32768; i++)
		skep_str_add(&text, ".raw 0,0,0,0,0\n");
	skep_str_add(&text, "far: exit\n");
	assert_int_equal(skep_asm(text.data, text.len, NULL, &insns, &diag), -EINVAL);
	assert_int_equal(diag.n_errors, 1);
	assert_non_null(strstr(diag.items[0].what, "too far"));
	assert_int_equal(diag.items[0].loc.line, 1);
}

static void odd_texts(void **state)
{
	static const char long_line[] =
		"((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((";
	struct skep_insns insns = {};
	char name[400];

	assert_int_equal(skep_asm(NULL, 0, NULL, &insns, NULL), 0);
	assert_int_equal(insns.len, 0);
	assert_int_equal(skep_asm("# only a comment", 16, NULL, &insns, NULL), 0);
	assert_int_equal(insns.len, 0);
	assert_int_equal(skep_asm("\0\0", 2, NULL, &insns, NULL), -EINVAL);
	assert_int_equal(skep_asm("\xff\xfe", 2, NULL, &insns, NULL), -EINVAL);
	assert_int_equal(skep_asm(long_line, strlen(long_line), NULL, &insns, NULL), -EINVAL);
	memset(name, 'x', sizeof(name));
	assert_int_equal(skep_asm(name, sizeof(name), NULL, &insns, NULL), -EINVAL);
	/* The text need not be terminated: only so much of it is read. */
	assert_int_equal(skep_asm("exitexit", 4, NULL, &insns, NULL), 0);
	assert_int_equal(insns.len, 1);
	skep_insns_fini(&insns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid_vectors),
		cmocka_unit_test(accepted_vectors),
		cmocka_unit_test(rejected_vectors),
		cmocka_unit_test(every_opcode_round_trips),
		cmocka_unit_test(random_words_round_trip),
		cmocka_unit_test(listing_has_labels),
		cmocka_unit_test(label_inside_a_constant),
		cmocka_unit_test(hooks_name_numbers),
		cmocka_unit_test(hooks_name_targets),
		cmocka_unit_test(hooks_cannot_break_the_text),
		cmocka_unit_test(all_errors_are_told),
		cmocka_unit_test(nearest_helper_is_told),
		cmocka_unit_test(errors_are_bounded),
		cmocka_unit_test(programs_are_bounded),
		cmocka_unit_test(jumps_too_far_are_told),
		cmocka_unit_test(odd_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
