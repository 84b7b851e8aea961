/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * PROGRAM: a table of all tasks, as a file.
 *
 * An iterator is called once for each thing that there is (task, bpf_map, tcp, ...), whenever somebody reads. What it prints is
 * what is read. At the end it is called once more, without a thing.
 */
#include "vmlinux.h" /* types of the kernel; skep build makes it */
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

SEC("iter/task")
int PROGRAM(struct bpf_iter__task *ctx)
{
	struct seq_file *out = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	BPF_SEQ_PRINTF(out, "%8d %8d %s\n", task->tgid, task->pid, task->comm);
	return 0;
}

/* Most helpers are for programs under the GPL, or a license that goes with it. */
char LICENSE[] SEC("license") = "GPL";
