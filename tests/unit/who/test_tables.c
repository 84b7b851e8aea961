/* SPDX-License-Identifier: Apache-2.0 */
/* Areas of processes cut into what a trie can hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "who/tables.h"

/* The pieces are powers of two, aligned to their size, and together the range and nothing else. */
static void cut(uint64_t start, uint64_t end, unsigned most)
{
	uint64_t at = start, piece;
	unsigned n = 0;

	for (; at < end; at += piece, n++) {
		piece = skep_tables_piece(at, end);
		assert_true(piece && (piece & (piece - 1)) == 0);
		assert_int_equal(at % piece, 0);
		assert_true(piece <= end - at);
	}
	assert_true(at == end);
	assert_in_range(n, 1, most);
}

static void test_pieces(void **state)
{
	cut(0x400000, 0x401000, 1);
	cut(0x401000, 0x402000, 1);
	cut(0x7f0000001000, 0x7f0000002000, 1);
	cut(0x1000, 0x8000, 3);
	cut(0x7f1234567000, 0x7f12346ce000, 16);
	cut(0, 0x3000, 2);
	cut(0xffffffffff600000, 0xffffffffff601000, 1);
	cut(0x1000, 0x7ffffffff000, 80);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
