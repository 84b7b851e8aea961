/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * PROGRAM: refuses to run programs for one user.
 *
 * A program for LSM is asked before the kernel allows something: 0 is yes, a negative error is no. The kernel must have bpf among
 * the modules of /sys/kernel/security/lsm. The questions are the functions bpf_lsm_*: skep -l 'fentry:bpf_lsm_*'
 */
#include "vmlinux.h" /* types of the kernel; skep build makes it */
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define EPERM 1

/* Set before it is loaded: skep run PROGRAM.bpf.c --set refused_user=1000 */
const volatile u32 refused_user = 65534;

/* Variables are shown, too: skep run tells their values at the end. */
u64 allowed, refused;

/* The section says which question: lsm/NAME. The last argument is what others have answered so far. */
SEC("lsm/bprm_check_security")
int BPF_PROG(PROGRAM, struct linux_binprm *bprm, int answer)
{
	u32 user = bpf_get_current_uid_gid();

	if (answer)
		return answer;
	__sync_fetch_and_add(user == refused_user ? &refused : &allowed, 1);
	return user == refused_user ? -EPERM : 0;
}

/* Most helpers are for programs under the GPL, or a license that goes with it. */
char LICENSE[] SEC("license") = "GPL";
