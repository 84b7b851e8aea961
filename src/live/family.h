/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Family: what a process has started and what these have started, as long as each is the child of another. What has
 * left on purpose (a daemon, whose parent has ended) is not among them.
 *
 *	skep_family_find(pid, &family);			// while the process is still there
 *	skep_family_signal(&family, SIGTERM);
 *	skep_family_signal(&family, SIGCONT);
 *	if (!skep_family_wait(&family, 1000))
 *		skep_family_signal(&family, SIGKILL);
 *	skep_family_fini(&family);
 *
 * Its members are held by descriptors, so that a signal never reaches a stranger who has got the number since. One that is
 * started after find is not known; nothing is on a kernel without /proc/PID/task/TID/children. find stops each before it
 * looks at what it has started, so that nobody is missed; SIGCONT lets them go on, to die of what was sent.
 */
#pragma once

#include "base/vec.h"

#define SKEP_FAMILY_MAX 512 /* descriptors are few; who starts more is left to end by themselves */

struct skep_family {
	SKEP_VEC(int); /* pidfds, parents before their children */
};

void skep_family_find(int pid, struct skep_family *ret_family);
void skep_family_signal(const struct skep_family *family, int sig);
/* Whether all have ended; waits for that so long. */
bool skep_family_wait(const struct skep_family *family, int timeout_ms);
void skep_family_fini(struct skep_family *family);
