/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "obj/usdt.h"

static struct skep_usdt_arg parse(const char *text)
{
	struct skep_usdt probe = { .args = text };
	struct skep_usdt_arg arg;
	size_t n;

	assert_int_equal(skep_usdt_args(NULL, &probe, &arg, 1, &n), 0);
	assert_int_equal(n, 1);
	return arg;
}

static void expect(const char *text, enum skep_usdt_kind kind, int size, const char *base,
		   const char *index, int scale, int64_t value)
{
	struct skep_usdt_arg a = parse(text);

	if (a.kind != kind || a.size != (size < 0 ? -size : size) || a.is_signed != (size < 0) ||
	    a.value != value || !a.base != !base || !a.index != !index || a.scale != scale)
		fail_msg("%s: kind %d size %u value %lld", text, a.kind, a.size,
			 (long long)a.value);
	if (base)
		assert_string_equal(a.base, base);
	if (index)
		assert_string_equal(a.index, index);
}

static void test_operands(void **state)
{
	expect("-4@%eax", SKEP_USDT_REG, -4, "ax", NULL, 0, 0);
	expect("8@%r15", SKEP_USDT_REG, 8, "r15", NULL, 0, 0);
	expect("2@%r8w", SKEP_USDT_REG, 2, "r8", NULL, 0, 0);
	expect("1@%sil", SKEP_USDT_REG, 1, "si", NULL, 0, 0);
	expect("%rdi", SKEP_USDT_REG, 8, "di", NULL, 0, 0);
	assert_int_equal(parse("1@%dh").shift, 8);
	assert_int_equal(parse("1@%dl").shift, 0);
	expect("4@$7", SKEP_USDT_CONST, 4, NULL, NULL, 0, 7);
	expect("-8@$-9223372036854775808", SKEP_USDT_CONST, -8, NULL, NULL, 0, INT64_MIN);
	expect("8@$0xffffffffffffffff", SKEP_USDT_CONST, 8, NULL, NULL, 0, -1);
	expect("8@(%rsp)", SKEP_USDT_MEM, 8, "sp", NULL, 1, 0);
	expect("-4@-12(%rbp)", SKEP_USDT_MEM, -4, "bp", NULL, 1, -12);
	expect("8@16+8(%rbp)", SKEP_USDT_MEM, 8, "bp", NULL, 1, 24);
	expect("8@8(%rdx,%rcx,8)", SKEP_USDT_MEM, 8, "dx", "cx", 8, 8);
	expect("8@(%rdx,%r9)", SKEP_USDT_MEM, 8, "dx", "r9", 1, 0);
	expect("8@64(,%rcx,4)", SKEP_USDT_MEM, 8, NULL, "cx", 4, 64);
}

static void test_unknown(void **state)
{
	static const char *const texts[] = {
		"8f@%xmm0",
		"8@%xmm0",
		"3@%eax",
		"8@",
		"8@$",
		"8@$7x",
		"8@8(%rdx",
		"8@8(%rdx)x",
		"8@(%rdx,8)",
		"8@(%rdx,%rcx,3)",
		"8@x(%rip)",
		"8@nothing",
		"8@%",
		"8@$99999999999999999999",
		"8@(%averylongregister)",
		"@@@",
		"8@()",
		"8@(,)",
		"-9223372036854775808@%eax",
		"8@+(%rax)",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (parse(texts[i]).kind != SKEP_USDT_UNKNOWN)
			fail_msg("%s is understood", texts[i]);
}

static void test_many(void **state)
{
	struct skep_usdt probe = { .args = "  4@%eax\t8@$1  " };
	struct skep_usdt_arg args[2];
	size_t n = 9;

	assert_int_equal(skep_usdt_args(NULL, &probe, args, 2, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(skep_usdt_args(NULL, &probe, args, 1, &n), -E2BIG);
	probe.args = "";
	assert_int_equal(skep_usdt_args(NULL, &probe, args, 2, &n), 0);
	assert_int_equal(n, 0);
}

static void put(struct skep_str *s, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		skep_str_addc(s, (char)(value >> i * 8));
}

static void put_note(struct skep_str *s, unsigned type, const char *texts, size_t size)
{
	put(s, 8, 4);
	put(s, 24 + size, 4);
	put(s, type, 4);
	skep_str_addn(s, "stapsdt", 8);
	put(s, 0x1000, 8);
	put(s, 0x5000, 8);
	put(s, 0x2000, 8);
	skep_str_addn(s, texts, size);
	while (s->len % 4)
		skep_str_addc(s, '\0');
}

static void test_notes(void **state)
{
	static const char good[] = "shop\0sale\0004@%eax", cut[] = { 's', 0, 't', 0, '4' };
	_cleanup_(skep_str_fini)
	struct skep_str s = {};
	struct skep_usdt_notes notes;
	struct skep_usdt p;

	put_note(&s, 4, good, sizeof(good));
	put_note(&s, 3, cut, sizeof(cut));
	put_note(&s, 3, good, sizeof(good));
	notes = (struct skep_usdt_notes){
		.data = (const uint8_t *)s.data,
		.size = s.len,
		.word = 8,
		.base = 0x5100,
		.has_base = true,
	};
	assert_int_equal(skep_usdt_next(&notes, &p), 0);
	assert_string_equal(p.provider, "shop");
	assert_string_equal(p.name, "sale");
	assert_string_equal(p.args, "4@%eax");
	assert_int_equal(p.address, 0x1100);
	assert_int_equal(p.semaphore, 0x2100);
	assert_int_equal(skep_usdt_next(&notes, &p), -ENOENT);
	assert_int_equal(skep_usdt_next(&notes, &p), -ENOENT);
}

/* However short the file is cut, nothing behind its end is read (ASan looks), and the end comes. */
static void test_cut(void **state)
{
	static const char good[] = "shop\0sale\0004@%eax";
	_cleanup_(skep_str_fini)
	struct skep_str s = {};

	put_note(&s, 3, good, sizeof(good));
	for (size_t size = 0; size < s.len; size++) {
		_cleanup_free_ uint8_t *copy = malloc(size ? size : 1);
		struct skep_usdt_notes notes = { .data = copy, .size = size, .word = 8 };
		struct skep_usdt p;

		memcpy(copy, s.data, size);
		while (skep_usdt_next(&notes, &p) == 0)
			assert_string_equal(p.args, "4@%eax");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_operands), cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_many),	 cmocka_unit_test(test_notes),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
