/* SPDX-License-Identifier: Apache-2.0 */
/* Loads from where nothing is: 0 where the embedder says so, else a fault; in the interpreter and in machine code. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <skep/vm.h>

#include "isa/asm.h"

struct asked {
	unsigned n;
	uint32_t insn, reg;
};

static bool absent(void *data, uint32_t prog, uint32_t insn, uint32_t reg)
{
	struct asked *a = data;

	a->n++;
	a->insn = insn;
	a->reg = reg;
	return reg != 5;
}

static int run(bool jit, const char *text, struct asked *a, uint64_t *ret_value)
{
	struct skep_vm_config config = {
		.size = sizeof(config), .jit = jit, .absent = absent, .absent_data = a
	};
	struct skep_vm_result result = {};
	struct skep_vm_run *run;
	_cleanup_(skep_insns_fini)
	struct skep_insns insns = {};
	struct skep_vm *vm;
	uint32_t prog;
	int r;

	*a = (struct asked){};
	if (skep_vm_new(&config, &vm) == -EOPNOTSUPP)
		skip();
	assert_int_equal(skep_asm(text, strlen(text), NULL, &insns, NULL), 0);
	assert_int_equal(skep_vm_add_prog(vm,
					  &(struct skep_vm_prog_def){
						  .name = "p",
						  .insns = insns.data,
						  .n_insns = (uint32_t)insns.len,
					  },
					  NULL, 0, &prog),
			 0);
	assert_int_equal(skep_vm_run_new(vm, &run), 0);
	r = skep_vm_run_prog(run, prog, NULL, &result);
	*ret_value = result.value;
	skep_vm_run_free(run);
	skep_vm_free(vm);
	return r;
}

static void check(bool jit)
{
	/* Each width, with and without sign, into itself and elsewhere; other registers stay. */
	static const char walk[] = "r1 = 0\n"
				   "r2 = 16384\n"
				   "r3 = 3\n"
				   "r4 = 4\n"
				   "r1 = *(u64 *)(r1 + 32)\n"
				   "r1 = *(u64 *)(r1 + 0)\n"
				   "r3 = *(u8 *)(r2 + 1)\n"
				   "r6 = *(s16 *)(r2 + 2)\n"
				   "r0 = *(u32 *)(r2 - 8)\n"
				   "*(u64 *)(r10 - 8) = 5\n"
				   "r7 = *(u64 *)(r10 - 8)\n"
				   "r0 += r1\n"
				   "r0 += r3\n"
				   "r0 += r6\n"
				   "r0 += r4\n"
				   "r0 += r7\n"
				   "exit\n";
	/* A loop, where machine code knows what it has checked. */
	static const char again[] = "r1 = 0\n"
				    "r0 = 0\n"
				    "next:\n"
				    "r2 = *(u64 *)(r1 + 8)\n"
				    "r0 += r2\n"
				    "r0 += 1\n"
				    "if r0 < 10 goto next\n"
				    "exit\n";
	struct asked a;
	uint64_t value;

	assert_int_equal(run(jit, walk, &a, &value), 0);
	assert_int_equal(value, 9);
	assert_int_equal(a.n, 5);
	assert_int_equal(a.insn, 8);
	assert_int_equal(a.reg, 2);
	assert_int_equal(run(jit, again, &a, &value), 0);
	assert_int_equal(value, 10);
	assert_int_equal(a.n, 10);
	/* No, and stores are never let through. */
	assert_int_equal(run(jit, "r5 = 0\nr0 = *(u64 *)(r5 + 0)\nexit\n", &a, &value), -EFAULT);
	assert_int_equal(a.n, 1);
	assert_int_equal(run(jit, "r1 = 0\n*(u64 *)(r1 + 0) = 1\nr0 = 0\nexit\n", &a, &value),
			 -EFAULT);
	assert_int_equal(a.n, 0);
	assert_int_equal(run(jit, "r1 = 0\nr0 = 1\nlock *(u64 *)(r1 + 0) += r0\nr0 = 0\nexit\n", &a,
			     &value),
			 -EFAULT);
	assert_int_equal(a.n, 0);
}

static void interpreted(void **state)
{
	check(false);
}

static void machine_code(void **state)
{
	check(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interpreted),
		cmocka_unit_test(machine_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
