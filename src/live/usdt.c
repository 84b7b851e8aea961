/* SPDX-License-Identifier: Apache-2.0 */
#include "live/usdt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "obj/usdt.h"
#include "sys/file.h"

#define MAPS_MAX (16 * 1024 * 1024)

int skep_usdt_each_in(struct skep_arena *arena, const struct skep_binary_file *file,
		      const char *provider_glob, const char *glob, skep_world_usdt_fn fn,
		      void *data)
{
	struct skep_usdt_notes notes;
	struct skep_usdt probe;
	int r = 0;

	skep_usdt_begin(file->elf, &notes);
	while (r == 0 && skep_usdt_next(&notes, &probe) == 0) {
		struct skep_usdt_arg args[SKEP_USDT_ARGS_MAX];
		struct skep_world_usdt out = {
			.binary = file->container ? file->container : file->path,
			.provider = probe.provider,
			.name = probe.name,
			.address = probe.address,
			.args_text = probe.args,
		};

		if (!skep_glob_match(provider_glob, probe.provider) ||
		    !skep_glob_match(glob, probe.name) ||
		    skep_elf_file_offset(file->elf, probe.address, &out.offset) < 0)
			continue;
		/* Without its counter the program would never come by. */
		if (probe.semaphore &&
		    skep_elf_file_offset(file->elf, probe.semaphore, &out.semaphore) < 0)
			continue;
		out.offset += file->base;
		out.semaphore += probe.semaphore ? file->base : 0;
		if (skep_usdt_args(file->elf, &probe, args, ARRAY_SIZE(args), &out.n_args) == 0)
			out.args = skep_arena_memdup(arena, args, out.n_args * sizeof(*args));
		r = fn(data, &out);
	}
	return r;
}

int skep_usdt_each_mapped(struct skep_arena *arena, int pid,
			  int (*fn)(void *data, const char *path), void *data)
{
	struct skep_hash seen = {};
	char *text, *line, *path, *end, maps[64], perms[8];
	int r;

	snprintf(maps, sizeof(maps), "/proc/%d/maps", pid);
	r = skep_file_read(maps, MAPS_MAX, &text, NULL);
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	for (line = text; *line && r == 0; line = *end ? end + 1 : end) {
		end = strchrnul(line, '\n');
		path = memchr(line, '/', (size_t)(end - line));
		if (!path || sscanf(line, "%*s %7s", perms) != 1 || !strchr(perms, 'x'))
			continue;
		if (skep_hash_get(&seen, path, (size_t)(end - path)))
			continue;
		skep_hash_set(&seen, path, (size_t)(end - path), path);
		r = fn(data, skep_arena_strndup(arena, path, (size_t)(end - path)));
	}
	skep_hash_fini(&seen);
	free(text);
	return r;
}
