/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What this kernel does not have. */
#include "bpf.h"

struct task_struct {
	int pid;
	int nobody_has_this;
} __attribute__((preserve_access_index));

#define FIELD_EXISTS 2 /* of __builtin_preserve_field_info */

/// missing_field: call
///   says: this needs the offset of task_struct.nobody_has_this, which this kernel's types do not have
///   hint: bpf_core_field_exists()
SEC("tracepoint/syscalls/sys_enter_getpid") int missing_field(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_pid_tgid();
	int value = 0;

#ifdef FIXED
	if (!__builtin_preserve_field_info(task->nobody_has_this, FIELD_EXISTS))
		return 0;
#endif
	bpf_probe_read_kernel(&value, sizeof(value), &task->nobody_has_this);
	return value;
}

char gpl[] SEC("license") = "GPL";
