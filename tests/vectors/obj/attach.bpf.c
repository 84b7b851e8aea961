/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs whose sections say where they are attached; the test calls what they watch. */
#include "types.h"

__u64 calls, returns, enters;
int only_pid;

static int is_me(void)
{
	return (int)(bpf_get_current_pid_tgid() >> 32) == only_pid;
}

SEC("uprobe//proc/self/exe:skep_test_watched")
int on_call(void *ctx)
{
	calls += is_me();
	return 0;
}

SEC("uretprobe//proc/self/exe:skep_test_watched")
int on_return(void *ctx)
{
	returns += is_me();
	return 0;
}

SEC("tp/syscalls/sys_enter_getppid")
int on_getppid(void *ctx)
{
	enters += is_me();
	return 0;
}

SEC("uprobe//proc/self/exe:skep_test_watchd")
int on_nothing(void *ctx)
{
	return 0;
}

char _license[] SEC("license") = "GPL";
