/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the BTF reader costs on this machine's kernel: index, first find (which builds the chains of
 * names), the handful of lookups that a script needs. Target: at most 10 ms of CPU and 1.5 MB for
 * all of it.
 *
 *	btf_index [FILE]
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "obj/btf.h"

#define ROUNDS 15

/* File bytes: mapped where the kernel can, otherwise read. */
static void *load(const char *path, size_t *ret_size, bool *ret_mapped)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *data;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size <= 0)
		return NULL;
	*ret_size = (size_t)st.st_size;
	data = mmap(NULL, *ret_size, PROT_READ, MAP_PRIVATE, fd, 0);
	*ret_mapped = data != MAP_FAILED;
	if (*ret_mapped)
		return data;
	data = malloc(*ret_size);
	for (size_t n = 0; data && n < *ret_size;) {
		ssize_t r = read(fd, (char *)data + n, *ret_size - n);

		if (r <= 0)
			return NULL;
		n += (size_t)r;
	}
	return data;
}

static double now_ms(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Pages of anonymous memory in use, so the mapped file does not count. */
static long anonymous_kib(void)
{
	_cleanup_free_ char *line = NULL;
	size_t cap = 0;
	long kib = 0;
	FILE *f = fopen("/proc/self/status", "re");

	while (f && getline(&line, &cap, f) > 0)
		if (sscanf(line, "RssAnon: %ld", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

static int lookups(const struct skep_btf *btf)
{
	static const char *const fields[] = { "pid",	     "tgid", "comm",
					      "real_parent", "mm",   "start_time" };
	struct skep_btf_enumerator e;
	struct skep_btf_member m;
	uint32_t id, found = 0;

	if (skep_btf_find(btf, "task_struct", SKEP_BTF_STRUCT, &id) == 0)
		for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
			found += skep_btf_find_member(btf, id, fields[i], &m) == 0;
	found += skep_btf_find(btf, "btf_trace_sys_enter", SKEP_BTF_TYPEDEF, &id) == 0;
	found += skep_btf_find(btf, "trace_event_raw_sys_enter", SKEP_BTF_STRUCT, &id) == 0;
	found += skep_btf_find(btf, "vfs_read", SKEP_BTF_FUNC, &id) == 0;
	found += skep_btf_find_enumerator(btf, "TCP_ESTABLISHED", &id, &e) == 0;
	return (int)found;
}

static double best(double a, double b)
{
	return a && a < b ? a : b;
}

int main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : "/sys/kernel/btf/vmlinux";
	double parse = 0, names = 0, rest = 0, first_wall = 0, first_cpu = 0;
	long kib = 0;
	int found = 0;
	bool mapped;
	size_t size;

	for (int round = 0; round < ROUNDS; round++) {
		double wall = now_ms(CLOCK_MONOTONIC), cpu = now_ms(CLOCK_PROCESS_CPUTIME_ID), t[4];
		long before = anonymous_kib();
		void *data = load(path, &size, &mapped);
		struct skep_btf *btf;
		uint32_t id;

		if (!data) {
			printf("skipped: %s is not readable\n", path);
			return 0;
		}
		t[0] = now_ms(CLOCK_PROCESS_CPUTIME_ID);
		if (skep_btf_parse(data, size, NULL, NULL, NULL, &btf) < 0)
			return 1;
		t[1] = now_ms(CLOCK_PROCESS_CPUTIME_ID);
		if (skep_btf_find(btf, "task_struct", SKEP_BTF_STRUCT, &id) < 0)
			return 1;
		t[2] = now_ms(CLOCK_PROCESS_CPUTIME_ID);
		found = lookups(btf);
		t[3] = now_ms(CLOCK_PROCESS_CPUTIME_ID);
		if (!round) {
			first_wall = now_ms(CLOCK_MONOTONIC) - wall;
			first_cpu = t[3] - cpu;
			kib = anonymous_kib() - before - (mapped ? 0 : (long)(size / 1024));
			printf("%u types, %zu bytes, %s\n", skep_btf_n_types(btf), size,
			       mapped ? "mapped" : "read");
		}
		parse = best(parse, t[1] - t[0]);
		names = best(names, t[2] - t[1]);
		rest = best(rest, t[3] - t[2]);
		skep_btf_free(btf);
		if (mapped)
			munmap(data, size);
		else
			free(data);
	}
	printf("first round, file included: %.2f ms wall, %.2f ms CPU, %ld KiB of memory\n",
	       first_wall, first_cpu, kib);
	printf("best of %d: parse %.2f ms, first find %.2f ms, 10 lookups (%d found) %.2f ms CPU\n",
	       ROUNDS, parse, names, found, rest);
	return 0;
}
