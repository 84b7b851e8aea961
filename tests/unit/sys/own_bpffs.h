/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A /sys/fs/bpf for one test: nobody else's files are in it, what it keeps goes with it, and it is there on machines where
 * nobody has mounted one. For root.
 */
#pragma once

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mount.h>

static inline bool own_bpffs(void)
{
	return unshare(CLONE_NEWNS) == 0 &&
	       mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL) == 0;
}
