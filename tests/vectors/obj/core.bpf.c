/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* CO-RE records of every kind, against types that every kernel has, has differently, or has not. */
#include "types.h"
#include <bpf/bpf_core_read.h>

#define FITTED __attribute__((preserve_access_index))

struct list_head {
	struct list_head *next, *prev;
} FITTED;

struct mm_struct {
	unsigned long start_code;
} FITTED;

/* In another order, of other widths, and with something that is nowhere. */
struct task_struct {
	char comm[16];
	int tgid;
	int pid;
	struct mm_struct *mm;
	struct task_struct *real_parent;
	struct list_head tasks;
	unsigned in_execve : 1;
	unsigned sched_reset_on_fork : 1;
	unsigned long long start_time;
	int skep_never_was;
} FITTED;

struct task_struct___long {
	long long pid;
} FITTED;

struct task_struct___wide {
	unsigned long long flags;
	unsigned short wake_cpu;
} FITTED;

struct skep_missing {
	int a;
} FITTED;

struct iphdr {
	__u8 ihl : 4, version : 4;
	__u8 tos;
	__be16 tot_len;
} FITTED;

struct sk_buff {
	__u8 pkt_type : 3;
	__u8 cloned : 1;
	unsigned int len;
	unsigned char *head;
} FITTED;

struct fdtable {
	unsigned int max_fds;
	void **fd;
} FITTED;

struct files_struct {
	void *fd_array[4];
	struct fdtable fdtab;
} FITTED;

enum pid_type {
	PIDTYPE_PID = 77,
	PIDTYPE_MAX = 78,
	SKEP_NO_SUCH = 5,
};

enum pid_type___other {
	PIDTYPE_SID___flavour = 9,
};

typedef int (*skep_fn)(void *);

struct path___short {
	void *mnt;
} FITTED;

__u64 out[64];

#define KEEP(n, value) (out[n] = (__u64)(value))

SEC("raw_tp/sys_enter")
int fields(unsigned long long *ctx)
{
	struct task_struct *t = (void *)bpf_get_current_task();
	struct task_struct___long *l = (void *)t;
	struct files_struct *f = (void *)ctx[0];
	struct list_head *next;
	int pid = 0;

	bpf_core_read(&pid, sizeof(pid), &t->pid);
	KEEP(0, pid);
	KEEP(1, bpf_core_field_offset(t->tgid));
	KEEP(2, bpf_core_field_size(t->comm));
	KEEP(3, bpf_core_field_exists(t->mm));
	KEEP(4, bpf_core_field_exists(t->skep_never_was));
	KEEP(5, bpf_core_field_size(l->pid));
	KEEP(6, bpf_core_field_offset(t->comm[3]));
	KEEP(7, bpf_core_field_offset(t->tasks.prev));
	KEEP(8, bpf_core_field_offset(f->fdtab.max_fds));
	KEEP(9, bpf_core_field_offset(f->fd_array[2]));
	KEEP(10, bpf_core_field_size(f->fd_array));
	KEEP(11, BPF_CORE_READ(t, real_parent, mm, start_code));
	bpf_core_read(&next, sizeof(next), &t->tasks.next);
	KEEP(12, next);
	if (bpf_core_field_exists(t->skep_never_was)) {
		bpf_core_read(&pid, sizeof(pid), &t->skep_never_was);
		KEEP(13, pid);
	}
	return 0;
}

SEC("raw_tp/sys_enter")
int bits(unsigned long long *ctx)
{
	struct task_struct *t = (void *)bpf_get_current_task();
	struct iphdr *ip = (void *)ctx[0];
	struct sk_buff *skb = (void *)ctx[0];

	KEEP(0, BPF_CORE_READ_BITFIELD_PROBED(t, in_execve));
	KEEP(1, BPF_CORE_READ_BITFIELD_PROBED(t, sched_reset_on_fork));
	KEEP(2, BPF_CORE_READ_BITFIELD_PROBED(ip, ihl));
	KEEP(3, BPF_CORE_READ_BITFIELD_PROBED(ip, version));
	KEEP(4, BPF_CORE_READ_BITFIELD_PROBED(skb, pkt_type));
	KEEP(5, BPF_CORE_READ_BITFIELD_PROBED(skb, cloned));
	KEEP(6, __builtin_preserve_field_info(t->pid, BPF_FIELD_SIGNED));
	KEEP(7, __builtin_preserve_field_info(ip->version, BPF_FIELD_SIGNED));
	return 0;
}

SEC("raw_tp/sys_enter")
int types(unsigned long long *ctx)
{
	KEEP(0, bpf_core_type_exists(struct task_struct));
	KEEP(1, bpf_core_type_exists(struct skep_missing));
	KEEP(2, bpf_core_type_size(struct iphdr));
	KEEP(3, bpf_core_type_size(struct skep_missing));
	KEEP(4, bpf_core_type_id_kernel(struct task_struct));
	KEEP(5, bpf_core_type_id_kernel(struct skep_missing));
	KEEP(6, bpf_core_type_id_local(struct skep_missing));
	KEEP(7, bpf_core_type_exists(skep_fn));
	KEEP(8, bpf_core_type_exists(struct path___short));
	KEEP(9, bpf_core_type_exists(enum pid_type));
	KEEP(10, bpf_core_type_exists(__u64));
#if __clang_major__ >= 16
	KEEP(11, bpf_core_type_matches(struct list_head));
	KEEP(12, bpf_core_type_matches(struct task_struct));
	KEEP(13, bpf_core_type_matches(struct mm_struct));
	KEEP(14, bpf_core_type_matches(enum pid_type));
	KEEP(15, bpf_core_type_matches(struct path___short));
	KEEP(16, bpf_core_type_matches(struct fdtable));
	KEEP(17, bpf_core_type_matches(struct skep_missing));
	KEEP(18, bpf_core_type_matches(struct iphdr));
#endif
	return 0;
}

SEC("raw_tp/sys_enter")
int constants(unsigned long long *ctx)
{
	KEEP(0, bpf_core_enum_value_exists(enum pid_type, PIDTYPE_PID));
	KEEP(1, bpf_core_enum_value_exists(enum pid_type, SKEP_NO_SUCH));
	KEEP(2, bpf_core_enum_value(enum pid_type, PIDTYPE_PID));
	KEEP(3, bpf_core_enum_value(enum pid_type, PIDTYPE_MAX));
	KEEP(4, bpf_core_enum_value(enum pid_type___other, PIDTYPE_SID___flavour));
	if (bpf_core_enum_value_exists(enum pid_type, SKEP_NO_SUCH))
		KEEP(5, bpf_core_enum_value(enum pid_type, SKEP_NO_SUCH));
	return 0;
}

/* tp_btf: loads themselves are fitted, their offsets and widths. */
SEC("tp_btf/sched_switch")
int loads(unsigned long long *ctx)
{
	struct task_struct *t = (void *)ctx[1];
	struct task_struct___wide *w = (void *)ctx[1];

	KEEP(0, t->pid + t->tgid);
	KEEP(1, t->mm);
	KEEP(2, t->start_time);
	KEEP(3, w->flags); /* unsigned, and narrower in the kernel */
	KEEP(4, w->wake_cpu);
	return 0;
}

char _license[] SEC("license") = "GPL";
