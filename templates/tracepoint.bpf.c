/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * PROGRAM: a record for each program that is executed.
 *
 * A tracepoint is a place in the kernel that its authors marked; it has a name and fields that stay the same. All of them:
 * skep -l 'tracepoint:*', the fields of one: skep -lv tracepoint:sched:sched_process_exec
 */
#include "row.bpf.h" /* comes with skep: records that it can show */
#include "vmlinux.h" /* types of the kernel; skep build makes it */
#include <bpf/bpf_helpers.h>

/* What user space gets. */
struct event {
	u32 pid;
	char comm[16];
};

/* The way to user space: a queue of records, in order, shared by all CPUs. Its size is in bytes, a power of two. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	SKEP_ROWS(256 * 1024, struct event);
} events SEC(".maps");

/* The section says where it is attached: tp/CATEGORY/EVENT. */
SEC("tp/sched/sched_process_exec")
int PROGRAM(struct trace_event_raw_sched_process_exec *ctx)
{
	struct event *event = SKEP_RESERVE(&events, struct event);

	/* No room: the reader is too slow, and skep tells how many were lost. The verifier does not let this check be forgotten. */
	if (!event)
		return 0;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	bpf_ringbuf_submit(event, 0);
	return 0;
}

/* Most helpers are for programs under the GPL, or a license that goes with it. */
char LICENSE[] SEC("license") = "GPL";
