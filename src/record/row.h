/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Row: one record of a ring buffer. A head that says which action of the plan it belongs to, then the payload that the
 * action's schema describes. The long head is written when the output wants to know who and when (JSON, sinks).
 */
#pragma once

#include <stdint.h>

struct skep_row_head {
	uint16_t action; /* index in the plan */
	uint16_t flags;	 /* SKEP_ROW_LONG */
	uint32_t probe;	 /* index of the probe's concrete name in the plan */
};

#define SKEP_ROW_LONG 1
#define SKEP_ROW_WHOSE 2 /* behind the long head */

struct skep_row_who {
	uint64_t boot_ns; /* bpf_ktime_get_boot_ns */
	uint32_t pid;	  /* thread group: what user space calls the process id */
	uint32_t tid;
	char comm[16];
};

#define SKEP_GROUP_NAME_MAX 96 /* "cri-containerd-", 64 digits, ".scope", and more */

/* Of the process that runs: for columns that --with adds. 0: not known here. */
struct skep_row_whose {
	uint64_t group;	   /* id of its cgroup of version 2 */
	uint64_t group_v1; /* of the one in the memory hierarchy of version 1 */
	uint32_t level;	   /* of the first: 0 is the root, which tells nothing */
	uint32_t uid;
	uint32_t ppid;
	uint32_t is_known; /* 1 */
	/* Of the directory of `group`, for one that is gone before the row is read; "" when it is the root. */
	char name[SKEP_GROUP_NAME_MAX];
};

_Static_assert(sizeof(struct skep_row_whose) == 128, "whose is sixteen words");
_Static_assert(sizeof(struct skep_row_head) == 8, "rows start with eight bytes");
_Static_assert(sizeof(struct skep_row_who) == 32, "who is four words");
