/* SPDX-License-Identifier: Apache-2.0 */
/*
 * States share what is alike, and what changes in one is never seen in another.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "verify/state.h"

/* Two frames; a number in the third slot of the outer one. */
static struct skep_state *make(void)
{
	struct skep_state *state = skep_state_new();
	struct skep_slot *slot;

	skep_frame_grow(skep_state_frame(state), 3);
	slot = skep_frame_edit_slot(skep_state_frame(state), 2);
	memset(slot->bytes, SKEP_BYTE_SAVED, sizeof(slot->bytes));
	slot->value = skep_value_const(7);
	skep_state_frame(state)->regs[SKEP_R6] = skep_value_const(1);
	skep_state_push(state, skep_frame_new(1, 10, 1));
	return state;
}

static uint64_t number_at(const struct skep_state *state, uint32_t frame, uint32_t index)
{
	return skep_state_at(state, (struct skep_spot){ frame, index })->num.bits.value;
}

#define SLOT_2 (SKEP_N_REGS + 2)

static void test_copies_are_apart(void **data)
{
	struct skep_state *a = make(), *b = skep_state_copy(a), *c = skep_state_copy(b);

	(void)data;
	assert_ptr_equal(a->frames[0], b->frames[0]);
	assert_ptr_not_equal(a->frames[1], b->frames[1]);
	*skep_state_edit(b, (struct skep_spot){ 0, SLOT_2 }) = skep_value_const(8);
	*skep_state_edit(b, (struct skep_spot){ 0, SKEP_R6 }) = skep_value_const(2);
	assert_int_equal(number_at(a, 0, SLOT_2), 7);
	assert_int_equal(number_at(b, 0, SLOT_2), 8);
	assert_int_equal(number_at(c, 0, SLOT_2), 7);
	assert_int_equal(number_at(a, 0, SKEP_R6), 1);
	assert_int_equal(number_at(b, 0, SKEP_R6), 2);
	assert_ptr_equal(a->frames[0], c->frames[0]);
	skep_state_free(b);
	skep_state_free(a);
	assert_int_equal(number_at(c, 0, SLOT_2), 7);
	skep_state_free(c);
}

/* Whoever comes back from a call may change its registers, as others still wait for theirs. */
static void test_return(void **data)
{
	struct skep_state *a = make(), *b = skep_state_copy(a);

	(void)data;
	skep_state_pop(b);
	skep_state_frame(b)->regs[SKEP_R0] = skep_value_const(5);
	assert_int_equal(a->frames[0]->regs[SKEP_R0].kind, SKEP_VALUE_NOTHING);
	assert_ptr_equal(a->frames[0]->stack, b->frames[0]->stack);
	skep_frame_edit_slot(skep_state_frame(b), 3)->bytes[0] = SKEP_BYTE_ZERO;
	assert_int_equal(skep_frame_slot(a->frames[0], 3)->bytes[0], SKEP_BYTE_NOTHING);
	assert_ptr_equal(skep_frame_slot(a->frames[0], 2), skep_frame_slot(b->frames[0], 2));
	skep_state_free(a);
	skep_frame_grow(skep_state_frame(b), 9);
	assert_int_equal(number_at(b, 0, SLOT_2), 7);
	assert_int_equal(skep_frame_n_slots(b->frames[0]), 10);
	skep_state_free(b);
}

/* The body may change the value that it is at: a shared frame is replaced while it is gone through. */
static void test_change_all(void **data)
{
	struct skep_state *a = make(), *b = skep_state_copy(a);
	unsigned n = 0;

	(void)data;
	SKEP_FOR_EACH_VALUE(v, at, b)
	if (v->kind == SKEP_VALUE_NUMBER) {
		skep_state_edit(b, at)->id = 99;
		n++;
	}
	assert_int_equal(n, 2);
	SKEP_FOR_EACH_VALUE(v, at, a)
	assert_int_equal(v->id, 0);
	skep_state_free(a);
	skep_state_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copies_are_apart),
		cmocka_unit_test(test_return),
		cmocka_unit_test(test_change_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
