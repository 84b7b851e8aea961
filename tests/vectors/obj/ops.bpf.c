/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Structs of functions: which member is which program, also of functions that are not named to others. */
#define SEC(name) __attribute__((section(name), used))

struct table_ops {
	int plain;
	int (*first)(void *ctx);
	int (*unset)(void *ctx);
	void *second;
};

SEC("struct_ops/one") int one(void *ctx)
{
	return 1;
}

SEC("struct_ops.s") int sleeps(void *ctx)
{
	return 2;
}

SEC("struct_ops.s") static int hidden(void *ctx)
{
	return 3;
}

SEC(".struct_ops") struct table_ops old = { .plain = 7, .first = one };
SEC(".struct_ops.link") struct table_ops before = { .first = sleeps };
SEC(".struct_ops.link") struct table_ops linked = { .second = hidden, .first = one };

char LICENSE[] SEC("license") = "GPL";
