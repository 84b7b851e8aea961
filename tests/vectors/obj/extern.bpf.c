/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What only the kernel and its configuration have. */
#include "types.h"

extern unsigned int LINUX_KERNEL_VERSION __kconfig;
extern unsigned int CONFIG_HZ __kconfig;
extern _Bool CONFIG_BPF __kconfig;
extern char CONFIG_DEFAULT_HOSTNAME[12] __kconfig __weak;
extern enum libbpf_tristate CONFIG_XFS_FS __kconfig __weak;
extern _Bool CONFIG_ABSENT __kconfig __weak;

extern const void schedule __ksym;
extern const int bpf_prog_active __ksym;
extern const void skep_is_not_there __ksym __weak;

struct task_struct {
	int pid;
} __attribute__((preserve_access_index));

extern struct task_struct *bpf_task_acquire(struct task_struct *p) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;
extern void skep_kfunc_is_not_there(void) __ksym __weak;

__u64 seen;

SEC("tp_btf/task_newtask")
int on_new(unsigned long long *ctx)
{
	struct task_struct *t = (struct task_struct *)ctx[0];

	if (LINUX_KERNEL_VERSION < 0x60000 || CONFIG_HZ == 0 || !CONFIG_BPF || CONFIG_ABSENT)
		return 0;
	seen += CONFIG_DEFAULT_HOSTNAME[0] + (CONFIG_XFS_FS == TRI_MODULE);
	seen += (__u64)&schedule + (__u64)&skep_is_not_there;
	if (bpf_prog_active)
		seen++;
	t = bpf_task_acquire(t);
	if (t)
		bpf_task_release(t);
	if (skep_kfunc_is_not_there)
		skep_kfunc_is_not_there();
	return 0;
}

char _license[] SEC("license") = "GPL";
