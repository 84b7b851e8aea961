/* SPDX-License-Identifier: Apache-2.0 */
/* Every vector through every engine of the machine and, where it is allowed, through the kernel. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engines.h"
#include "isa/table.h"
#include "kernel.h"
#include "vectors.h"

static struct kernel kernel;
static bool has_kernel;
static unsigned n_asked, n_refused;
static bool seen[SKEP_N_OPS];

static unsigned wrong;

static void complain(const struct vector *v, const char *engine, const char *format, ...)
	_printf_(3, 4);
static void complain(const struct vector *v, const char *engine, const char *format, ...)
{
	va_list ap;

	wrong++;
	printf("%s (line %u), %s: ", v->name, v->line, engine);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	printf("\n");
}

static void check(const struct vector *v, unsigned engine)
{
	struct answer a;

	/* The unchecked machine runs only what is right. */
	if (IS_UNCHECKED(engine) && v->outcome == FAULTS)
		return;
	engine_run(engine, v->insns.data, v->insns.len, v->mem, v->mem_size, &a);
	if (v->outcome == GIVES && (a.r != 0 || a.value != v->value))
		complain(v, engine_names[engine], "%d 0x%" PRIx64 " instead of 0x%" PRIx64 " %s",
			 a.r, a.value, v->value, a.text);
	if (v->outcome == FAULTS && (a.r != -EFAULT || !strstr(a.text, v->text)))
		complain(v, engine_names[engine], "%d '%s' instead of '%s'", a.r, a.text, v->text);
	if (v->outcome == REFUSED && (a.r != -EINVAL || !strstr(a.text, v->text)))
		complain(v, engine_names[engine], "%d '%s' instead of '%s'", a.r, a.text, v->text);
}

static void ask_kernel(const struct vector *v)
{
	uint64_t value = 0;
	int r = kernel_run(&kernel, v->insns.data, v->insns.len, v->mem, v->mem_size, &value);

	n_asked++;
	if (v->outcome != GIVES) {
		if (r != -ENOEXEC)
			complain(v, "kernel", "takes it (%d)", r);
	} else if (r == -ENOEXEC) {
		n_refused++;
		complain(v, "kernel", "refuses it: %.200s", kernel.log);
	} else if (r < 0 || value != v->value) {
		complain(v, "kernel", "%d 0x%" PRIx64 " instead of 0x%" PRIx64, r, value, v->value);
	}
}

static void run(void *data, const struct vector *v)
{
	for (size_t i = 0; i < v->insns.len; i++) {
		const struct skep_isa_row *row = skep_isa_row(v->insns.data[i]);

		if (row && v->outcome == GIVES)
			seen[row->op] = true;
		i += skep_insn_is_wide(v->insns.data[i]);
	}
	for (unsigned engine = 0; engine < N_ENGINES; engine++)
		check(v, engine);
	if (has_kernel && v->ask_kernel)
		ask_kernel(v);
}

static void run_file(const char *name)
{
	wrong = 0;
	vectors_each(name, run, NULL);
	assert_int_equal(wrong, 0);
}

#define FILE_TEST(name)                 \
	static void name(void **state)  \
	{                               \
		run_file(#name ".txt"); \
	}
FILE_TEST(alu64)
FILE_TEST(alu32)
FILE_TEST(endian)
FILE_TEST(jump64)
FILE_TEST(jump32)
FILE_TEST(memory)
FILE_TEST(atomic)
FILE_TEST(call)
FILE_TEST(fault)

/* A form of the table that no vector runs, but for those that this machine refuses or resolves when it decodes. */
static void every_form_has_a_vector(void **state)
{
	static const enum skep_op elsewhere[] = {
		SKEP_OP_JAX,	   SKEP_OP_ADDR_SPACE_CAST,  SKEP_OP_CALL_KFUNC,
		SKEP_OP_LD_MAP_FD, SKEP_OP_LD_MAP_VALUE,     SKEP_OP_LD_MAP_IDX,
		SKEP_OP_LD_BTF_ID, SKEP_OP_LD_MAP_IDX_VALUE, SKEP_OP_LD_ABS_B,
		SKEP_OP_LD_ABS_H,  SKEP_OP_LD_ABS_W,	     SKEP_OP_LD_IND_B,
		SKEP_OP_LD_IND_H,  SKEP_OP_LD_IND_W,
	};
	unsigned missing = 0;

	for (size_t i = 0; i < ARRAY_SIZE(elsewhere); i++)
		seen[elsewhere[i]] = true;
	for (int op = 0; op < SKEP_N_OPS; op++)
		if (!seen[op]) {
			printf("no vector has %s\n", skep_isa_op((enum skep_op)op)->name);
			missing++;
		}
	assert_int_equal(missing, 0);
}

static void the_kernel_agreed(void **state)
{
	if (!has_kernel) {
		printf("skipped, because this user may not load programs\n");
		skip();
	}
	printf("the kernel was asked %u times\n", n_asked);
	assert_int_equal(n_refused, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alu64),
		cmocka_unit_test(alu32),
		cmocka_unit_test(endian),
		cmocka_unit_test(jump64),
		cmocka_unit_test(jump32),
		cmocka_unit_test(memory),
		cmocka_unit_test(atomic),
		cmocka_unit_test(call),
		cmocka_unit_test(fault),
		cmocka_unit_test(every_form_has_a_vector),
		cmocka_unit_test(the_kernel_agreed),
	};

	has_kernel = kernel_open(&kernel) == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
