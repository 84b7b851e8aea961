/* SPDX-License-Identifier: Apache-2.0 */
#include "who/resting.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define FAULTS_MIN 16 /* between two looks; each brings up to 64 KiB */

/* Bytes of files that are in this process's memory; 0: not known. */
static uint64_t resident(void)
{
	_cleanup_close_ int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	unsigned long shared = 0;
	char text[128];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	if (sscanf(text, "%*u %*u %lu", &shared) != 1)
		return 0;
	return (uint64_t)shared * (uint64_t)sysconf(_SC_PAGESIZE);
}

bool skep_resting_due(struct skep_resting_look *look)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) < 0 || usage.ru_minflt - look->n_faults < FAULTS_MIN)
		return false;
	look->n_faults = usage.ru_minflt;
	return resident() > MAX((uint64_t)SKEP_RESIDENT_MAX, look->floor + SKEP_RESIDENT_MORE);
}

void skep_resting_done(struct skep_resting_look *look)
{
	look->floor = resident();
}

void skep_resting_rest(const struct skep_resting *r)
{
	if (r->data)
		(void)!madvise(r->data, r->size, MADV_DONTNEED);
}

/* What was read is not needed again, so nothing says that it may stay. */
static void turn(void *data)
{
	struct skep_resting *r = data;

	if (skep_resting_due(&r->look))
		skep_resting_rest(r);
}

const struct skep_breath *skep_resting_init(struct skep_resting *r, void *data, size_t size)
{
	*r = (struct skep_resting){
		.data = data,
		.size = size,
		.breath = { turn, r },
	};
	return &r->breath;
}
