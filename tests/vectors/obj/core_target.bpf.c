/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Types that core.bpf.c is fitted to, as other kernels could have them. VARIANT chooses: 0 as it was compiled with; 1
 * moved and renamed; 2 inside of anonymous structs; 3 narrower and wider; 4 of other kinds; 5 several of one name that
 * agree; 6 several that do not; 7 hardly anything.
 */
#include "types.h"

#ifndef VARIANT
#define VARIANT 0
#endif

#if VARIANT != 7
struct list_head {
	struct list_head *next, *prev;
};

struct mm_struct {
	long pad[VARIANT];
	unsigned long start_code;
};
#endif

#if VARIANT == 0
struct task_struct {
	char comm[16];
	int tgid, pid;
	struct mm_struct *mm;
	struct task_struct *real_parent;
	struct list_head tasks;
	unsigned in_execve : 1;
	unsigned sched_reset_on_fork : 1;
	unsigned long long start_time;
	int skep_never_was;
	unsigned long long flags;
	unsigned short wake_cpu;
};
#elif VARIANT == 1
struct task_struct {
	unsigned in_execve : 3;
	unsigned long long start_time;
	struct list_head tasks;
	struct task_struct *real_parent;
	char padding[333];
	char comm[32];
	unsigned sched_reset_on_fork : 7;
	struct mm_struct *mm;
	int pid, thread_group;
	unsigned int flags;
	unsigned int wake_cpu;
};
#elif VARIANT == 2
struct task_struct {
	union {
		int other;
		struct {
			long first;
			struct {
				int pid;
				int tgid;
			};
		};
	};
	struct {
		char comm[16];
		union {
			struct mm_struct *mm;
			void *active_mm;
		};
		struct {
			struct list_head tasks;
			struct task_struct *real_parent;
			unsigned long long start_time;
		};
		unsigned pad : 31, in_execve : 1, sched_reset_on_fork : 1;
	};
	unsigned long long flags;
	unsigned short wake_cpu;
};
#elif VARIANT == 3
struct task_struct {
	char comm[4];
	long long tgid;
	short pid;
	struct mm_struct *mm;
	struct task_struct *real_parent;
	struct list_head tasks;
	unsigned long long in_execve : 40;
	unsigned char sched_reset_on_fork;
	unsigned int start_time;
	unsigned char flags;
	unsigned long long wake_cpu;
};
#elif VARIANT == 4
struct task_struct {
	int comm;
	void *tgid;
	struct list_head pid;
	int mm;
	struct task_struct *real_parent;
	struct list_head *tasks;
	int in_execve;
	float sched_reset_on_fork;
	long long start_time;
	int flags;
	short wake_cpu;
};
#elif VARIANT == 5
struct task_struct {
	char comm[16];
	int tgid, pid;
	struct mm_struct *mm;
	unsigned long long flags;
};
struct task_struct___second {
	char comm[16];
	int tgid, pid;
	struct mm_struct *mm;
	long more;
};
#elif VARIANT == 6
struct task_struct {
	char comm[16];
	int tgid, pid;
};
struct task_struct___second {
	int pid;
	char comm[16];
	int tgid;
};
#endif

#if VARIANT < 3
struct iphdr {
	__u8 ihl : 4, version : 4;
	__u8 tos;
};
#elif VARIANT < 6
struct iphdr {
	long more;
	__u16 version : 4, pad : 7, ihl : 5;
};
#endif

struct sk_buff {
	unsigned int len[VARIANT + 1];
#if VARIANT % 2
	__u8 pkt_type : 2, pad : 3, cloned : 2;
#else
	__u32 cloned : 1, pkt_type : 3;
#endif
};

struct fdtable {
	unsigned int max_fds;
};

struct files_struct {
	struct fdtable fdtab;
#if VARIANT < 4
	void *fd_array[VARIANT + 2];
#else
	void *fd_array[];
#endif
};

#if VARIANT == 1
enum pid_type {
	PIDTYPE_MAX = -3,
	PIDTYPE_SID = 4,
	PIDTYPE_PID = 0x7fffffff
};
#elif VARIANT == 2
enum pid_type {
	PIDTYPE_PID = 0x123456789abll,
	PIDTYPE_MAX = 2,
	PIDTYPE_SID = 1
};
#elif VARIANT == 3
enum pid_type {
	PIDTYPE_SID___flavour = 0xffffffffu,
	PIDTYPE_MAX___other = 6
};
#elif VARIANT < 7
enum pid_type {
	PIDTYPE_PID,
	PIDTYPE_TGID,
	PIDTYPE_PGID,
	PIDTYPE_SID,
	PIDTYPE_MAX
};
#endif

#if VARIANT == 2
typedef long (*skep_fn)(void *);
#elif VARIANT == 3
typedef int (*skep_fn)(void *, int);
#elif VARIANT == 4
typedef int skep_fn;
#else
typedef int (*skep_fn)(void *);
#endif

/* So that the compiler describes them. */
struct {
	skep_fn fn;
	struct sk_buff skb;
#if VARIANT != 7
	struct task_struct task;
	struct mm_struct mm;
	enum pid_type pid;
#endif
#if VARIANT < 6
	struct iphdr ip;
#endif
#if VARIANT == 5 || VARIANT == 6
	struct task_struct___second second;
#endif
	struct files_struct files;
} keep;

SEC("raw_tp/sys_enter")
int all(void *ctx)
{
	return keep.fn != 0;
}
