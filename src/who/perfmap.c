/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /tmp/perf-PID.map: lines of "START SIZE name" in hexadecimal, only ever appended (tools/perf/Documentation/jit-interface.txt
 * of the kernel). The file is written by the process itself and not to be trusted: sizes and counts have bounds.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"
#include "base/vec.h"
#include "sys/file.h"
#include "who/usyms_priv.h"

#define FILE_MAX (64 * 1024 * 1024)

struct area {
	uint64_t start, size;
	const char *name;
	size_t order; /* a later line wins: the memory was used again */
};

struct skep_perfmap {
	uint32_t pid;
	char *text;
	size_t text_len;
	struct {
		SKEP_VEC(struct area);
	} areas; /* ascending by start, then by order */
};

/* The process's id inside its own namespace, which is what it puts into the file's name. */
static uint32_t inner_pid(uint32_t pid)
{
	_cleanup_free_ char *text = NULL;
	char path[64], *line, *last;

	snprintf(path, sizeof(path), "/proc/%u/status", pid);
	if (skep_file_read(path, 65536, &text, NULL) < 0)
		return pid;
	line = strstr(text, "\nNSpid:");
	if (!line)
		return pid;
	line += 7;
	line[strcspn(line, "\n")] = '\0';
	last = strrchr(line, '\t');
	return last ? (uint32_t)strtoul(last, NULL, 10) : pid;
}

static int compare(const void *x, const void *y)
{
	const struct area *a = x, *b = y;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return (a->order > b->order) - (a->order < b->order);
}

static void parse(struct skep_perfmap *map)
{
	char *line = map->text, *next, *p;

	map->areas.len = 0;
	for (; line && *line; line = next) {
		struct area a = { .order = map->areas.len };

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		a.start = strtoull(line, &p, 16);
		if (*p != ' ')
			continue;
		a.size = strtoull(p + 1, &p, 16);
		if (*p != ' ' || !p[1])
			continue;
		a.name = p + 1;
		skep_vec_add(&map->areas, a);
	}
	if (map->areas.len > 1)
		qsort(map->areas.data, map->areas.len, sizeof(*map->areas.data), compare);
}

static void refresh(struct skep_perfmap *map)
{
	_cleanup_free_ char *text = NULL;
	char path[96];
	struct stat st;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%u/root/tmp/perf-%u.map", map->pid,
		 inner_pid(map->pid));
	if (stat(path, &st) < 0)
		snprintf(path, sizeof(path), "/tmp/perf-%u.map", map->pid);
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size <= map->text_len ||
	    skep_file_read_regular(path, FILE_MAX, &text, &len) < 0 || len <= map->text_len)
		return;
	free(map->text);
	map->text = TAKE_PTR(text);
	map->text_len = len;
	parse(map);
}

static const struct area *find(const struct skep_perfmap *map, uint64_t address)
{
	size_t low = 0, high = map->areas.len;

	while (low < high) { /* the first one behind @address */
		size_t mid = low + (high - low) / 2;

		if (map->areas.data[mid].start <= address)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == 0 || address - map->areas.data[low - 1].start >= map->areas.data[low - 1].size)
		return NULL;
	return &map->areas.data[low - 1];
}

const char *skep_perfmap_find(struct skep_perfmap *map, uint64_t address, uint64_t *ret_offset)
{
	const struct area *a = find(map, address);

	if (!a) {
		refresh(map);
		a = find(map, address);
	}
	if (!a)
		return NULL;
	*ret_offset = address - a->start;
	return a->name;
}

struct skep_perfmap *skep_perfmap_new(uint32_t pid)
{
	struct skep_perfmap *map = calloc(1, sizeof(*map));

	if (!map)
		skep_oom();
	map->pid = pid;
	return map;
}

void skep_perfmap_free(struct skep_perfmap *map)
{
	if (!map)
		return;
	skep_vec_fini(&map->areas);
	free(map->text);
	free(map);
}
