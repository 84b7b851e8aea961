/* SPDX-License-Identifier: Apache-2.0 */
/* Counters of perf: profile, software and hardware events. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "sys/cpus.h"
#include "sys/explain.h"
#include "sys/file.h"
#include "sys/kernel_priv.h"
#include "sys/perf.h"

/* A CPU that went away between the list and the call is no error; a machine has others. */
static int attach_cpus(struct skep_loaded *loaded, const struct skep_spec_attach *a,
		       const struct perf_event_attr *attr, uint64_t cookie)
{
	_cleanup_free_ int *cpus = NULL;
	size_t n, attached = 0;
	int r;

	r = skep_cpus_online(&cpus, &n);
	if (r < 0)
		return r;
	if (!a->all_cpus)
		n = 1;
	for (size_t i = 0; i < n; i++) {
		r = skep_perf_attach(attr, -1, cpus[i], loaded->progs[a->prog].fd, cookie);
		if (r == -ENODEV && n > 1)
			continue;
		if (r >= 0)
			r = skep_kernel_add_link(loaded, a->prog, r);
		if (r < 0)
			return r;
		attached++;
	}
	return attached ? 0 : -ENODEV;
}

/*
 * An event of one thread. Its later threads inherit it, later processes when they are wanted, or where the kernel cannot tell
 * them apart.
 */
static int attach_thread(struct skep_loaded *loaded, const struct skep_spec_attach *a,
			 const struct perf_event_attr *attr, int tid, uint64_t cookie)
{
	struct perf_event_attr inheriting = *attr;
	int fd;

	inheriting.inherit = 1;
	inheriting.inherit_thread = !a->with_children;
	fd = skep_perf_attach(&inheriting, tid, -1, loaded->progs[a->prog].fd, cookie);
	if (fd == -EINVAL && !a->with_children) {
		inheriting.inherit_thread = 0;
		fd = skep_perf_attach(&inheriting, tid, -1, loaded->progs[a->prog].fd, cookie);
	}
	return fd < 0 ? fd : skep_kernel_add_link(loaded, a->prog, fd);
}

/* Perf counts threads: each that the process has now gets its event. */
static int attach_process(struct skep_loaded *loaded, const struct skep_spec_attach *a,
			  const struct perf_event_attr *attr, uint64_t cookie)
{
	struct dirent *entry;
	size_t attached = 0;
	char path[64];
	DIR *dir;
	int r = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", a->pid);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	while (r == 0 && (entry = readdir(dir))) {
		int tid = atoi(entry->d_name);

		if (tid <= 0)
			continue;
		r = attach_thread(loaded, a, attr, tid, cookie);
		if (r == 0)
			attached++;
		else if (r == -ESRCH)
			r = 0; /* the thread ended meanwhile */
	}
	closedir(dir);
	return r < 0 ? r : attached ? 0 : -ESRCH;
}

int skep_attach_perf(struct skep_loaded *loaded, const struct skep_spec_attach *a,
		     const struct skep_attach_target *t, struct skep_diag *diag)
{
	struct perf_event_attr attr = {
		.type = a->perf_type,
		.config = a->perf_config,
		.config1 = a->perf_config1,
		.config2 = a->perf_config2,
		.bp_type = a->perf_bp_type,
	};
	uint64_t max;
	int r;

	if (a->perf_freq) {
		attr.freq = 1;
		attr.sample_freq = a->perf_freq;
	} else {
		attr.sample_period = a->perf_period ? a->perf_period : 1;
	}
	r = a->pid > 0 ? attach_process(loaded, a, &attr, t->cookie)
		       : attach_cpus(loaded, a, &attr, t->cookie);
	if (r == 0)
		return 0;
	skep_explain_attach(t->optional ? SKEP_DIAG_WARNING : SKEP_DIAG_ERROR, a, t->name, r, diag);
	/* What the machine does not count is the machine's, not the script's. */
	if (r == -ENOENT || r == -ENODEV || r == -EOPNOTSUPP)
		r = -ENOTSUP;
	if (r == -ENOSPC && a->perf_type == PERF_TYPE_BREAKPOINT)
		skep_diag_hint(diag, "the CPU has four places to watch, or less, for all programs "
				     "together");
	if (r == -EINVAL && a->perf_freq &&
	    skep_file_read_number("/proc/sys/kernel/perf_event_max_sample_rate", &max) == 0 &&
	    a->perf_freq > max)
		skep_diag_hint(diag,
			       "the kernel allows at most %llu samples a second "
			       "(kernel.perf_event_max_sample_rate)",
			       (unsigned long long)max);
	return r;
}
