/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/cpus.h"

#include <ctype.h>
#include <errno.h>
#include <time.h>

#include "base/vec.h"
#include "sys/file.h"

#define LIST_BYTES_MAX 65536

static int number(const char **p, unsigned long *ret_number)
{
	char *end;

	if (!isdigit((unsigned char)**p))
		return -EINVAL;
	*ret_number = strtoul(*p, &end, 10);
	*p = end;
	return 0;
}

int skep_cpus_parse(const char *text, int **ret_cpus, size_t *ret_n)
{
	struct {
		SKEP_VEC(int);
	} cpus = {};
	const char *p = text;
	unsigned long from, to;

	while (*p && *p != '\n') {
		if (number(&p, &from) < 0)
			goto broken;
		to = from;
		if (*p == '-') {
			p++;
			if (number(&p, &to) < 0 || to < from)
				goto broken;
		}
		for (; from <= to && from < SKEP_CPUS_MAX; from++)
			skep_vec_add(&cpus, (int)from);
		if (*p == ',')
			p++;
		else if (*p && *p != '\n')
			goto broken;
	}
	if (!cpus.len)
		goto broken;
	*ret_cpus = cpus.data;
	*ret_n = cpus.len;
	return 0;
broken:
	skep_vec_fini(&cpus);
	return -EINVAL;
}

static int read_list(const char *path, int **ret_cpus, size_t *ret_n)
{
	_cleanup_free_ char *text = NULL;
	int r;

	r = skep_file_read(path, LIST_BYTES_MAX, &text, NULL);
	if (r < 0)
		return r;
	return skep_cpus_parse(text, ret_cpus, ret_n);
}

unsigned skep_cpus_possible(void)
{
	static unsigned known;
	_cleanup_free_ int *cpus = NULL;
	long configured;
	size_t n;

	if (known)
		return known;
	if (read_list("/sys/devices/system/cpu/possible", &cpus, &n) == 0) {
		known = (unsigned)cpus[n - 1] + 1;
	} else {
		/* No /sys in this container: the C library asks elsewhere. */
		configured = sysconf(_SC_NPROCESSORS_CONF);
		known = configured > 0 ? (unsigned)configured : 1;
	}
	return known;
}

int skep_cpus_online(int **ret_cpus, size_t *ret_n)
{
	return read_list("/sys/devices/system/cpu/online", ret_cpus, ret_n);
}

static int64_t now_ns(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t) < 0)
		return 0;
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The tightest of a few tries: a preemption between the two readings would look like an offset. */
static int64_t offset_ns(clockid_t clock)
{
	int64_t best = 0, best_width = INT64_MAX;

	for (int i = 0; i < 5; i++) {
		int64_t before = now_ns(clock), wall = now_ns(CLOCK_REALTIME),
			after = now_ns(clock);

		if (after - before >= best_width)
			continue;
		best_width = after - before;
		best = wall - (before + best_width / 2);
	}
	return best;
}

int64_t skep_clock_offset_ns(void)
{
	return offset_ns(CLOCK_MONOTONIC);
}

int64_t skep_clock_boot_offset_ns(void)
{
	return offset_ns(CLOCK_BOOTTIME);
}
