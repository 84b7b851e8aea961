/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A kernel in small, for the vectors of the checker: world.btf is the .BTF section of
 *	clang -O2 -g -target bpf -c world.c && llvm-objcopy --dump-section .BTF=world.btf world.o
 */
typedef unsigned int u32;
typedef unsigned long long u64;
typedef _Bool bool;
typedef int pid_t;
typedef unsigned short umode_t;

enum tcp_state {
	TCP_ESTABLISHED = 1,
	TCP_SYN_SENT,
	TCP_SYN_RECV,
	TCP_CLOSE = 7
};

struct list_head {
	struct list_head *next, *prev;
};

struct thread_info {
	unsigned long flags;
	u32 status;
};

struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip;
	unsigned long cs, flags, sp, ss;
};

struct cred {
	u32 uid;
	u32 gid;
};

struct mm_struct {
	unsigned long start_code;
	struct {
		int mm_users;
		union {
			long pinned;
			void *owner_ptr;
		};
	};
};

struct bits {
	u32 one : 1;
	u32 three : 3;
	int rest : 12;
};

struct module_private;
struct fs_struct;

struct task_struct {
	struct thread_info thread_info;
	pid_t pid;
	pid_t tgid;
	char comm[16];
	struct mm_struct *mm;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	const struct cred *cred;
	struct bits bits;
	struct list_head children;
	u32 numbers[4];
	struct module_private *private_data;
	const char *label;
	char **names;
	enum tcp_state state;
	u64 start_time;
	u64 start_boottime;
	double cost;
	struct fs_struct *fs;
};

struct dentry;

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct qstr {
	u32 len;
	const unsigned char *name;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
};

struct fs_struct {
	struct path root, pwd;
};

struct file {
	umode_t f_mode;
	void *private_data;
	struct path f_path;
};

struct sk_buff {
	u32 len, data_len;
	unsigned char *head, *data;
};

typedef struct {
	long counter;
} atomic64_t;

struct sock_common {
	u32 skc_family;
	atomic64_t skc_cookie;
};

struct sock {
	struct sock_common __sk_common;
};

typedef void (*btf_trace_sys_enter)(void *, struct pt_regs *, long);
typedef void (*btf_trace_sys_exit)(void *, struct pt_regs *, long);
typedef void (*btf_trace_sched_switch)(void *, bool, struct task_struct *, struct task_struct *,
				       u32);

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
	u64 session_id, seq_num;
};

struct bpf_iter__task {
	union {
		struct bpf_iter_meta *meta;
		u64 : 64;
	};
	union {
		struct task_struct *task;
		u64 : 64;
	};
};

struct bpf_iter__cgroup {
	struct bpf_iter_meta *meta;
};

struct mm_struct s1;
struct cred s2;
struct mount s3;
struct fs_struct s4;
struct dentry s5;
struct sk_buff s6;
struct sock s7;
struct bpf_iter__task s8;
struct bpf_iter__cgroup s9;
btf_trace_sys_enter e1;
btf_trace_sys_exit e2;
btf_trace_sched_switch e3;

int __probestub_sched_switch(void *__data, bool preempt, struct task_struct *prev,
			     struct task_struct *next, u32 prev_state)
{
	return 0;
}

long vfs_read(struct file *file, char *buf, u64 count, long long *pos)
{
	return 0;
}

long vfs_write(struct file *file, const char *buf, u64 count, long long *pos)
{
	return 0;
}

void do_nothing(void)
{
}

int send_packet(struct sock *sk, struct sk_buff *skb)
{
	return 0;
}

int bpf_lsm_file_open(struct file *file)
{
	return 0;
}

int bpf_lsm_file_permission(struct file *file, int mask)
{
	return 0;
}

void bpf_lsm_file_free_security(struct file *file)
{
}

void *lend_task(int pid)
{
	return 0;
}

int bpf_iter_task(struct bpf_iter_meta *meta, struct task_struct *task)
{
	return 0;
}

int bpf_iter_cgroup(struct bpf_iter_meta *meta)
{
	return 0;
}
