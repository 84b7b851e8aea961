/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables for walking user stacks, of binaries that will surely be met: those with uprobes, the program of -c, and the libraries
 * that they are linked with. So the first stack of a process that has just begun is whole.
 */
#include <string.h>

#include "base/vec.h"
#include "live/binary.h"
#include "live/session.h"

#define FILES_MAX 256

struct files {
	SKEP_VEC(const char *); /* absolute paths */
};

static int add_file(void *data, const char *path)
{
	struct files *files = data;

	for (size_t i = 0; i < files->len; i++) {
		if (skep_streq(files->data[i], path))
			return 0;
	}
	if (files->len < FILES_MAX)
		skep_vec_add(files, path);
	return 0;
}

static void find_file(struct skep_arena *arena, const char *name, struct files *files)
{
	_cleanup_(skep_diag_fini)
	struct skep_diag unheard = {};

	(void)!skep_binary_find(arena, name, 0, &unheard, add_file, files);
}

/* What the file is linked with goes behind it. */
static void add_needed(struct skep_arena *arena, const char *path, struct files *files)
{
	struct skep_binary_file *file;
	const char *name;

	if (skep_binary_open(path, NULL, &file) < 0)
		return;
	for (size_t i = 0; i < FILES_MAX && skep_elf_needed(file->elf, i, &name) == 0; i++)
		find_file(arena, name, files);
	skep_binary_close(file);
}

void skep_session_preload(struct skep_session *s)
{
	struct skep_arena *arena = skep_arena_new();
	struct files files = {};

	for (size_t i = 0; i < s->plan->spec->n_attaches; i++) {
		const struct skep_spec_attach *a = &s->plan->spec->attaches[i];

		if (a->kind != SKEP_ATTACH_UPROBE && a->kind != SKEP_ATTACH_URETPROBE)
			continue;
		for (size_t j = 0; j < a->n_targets; j++)
			add_file(&files, a->targets[j].name);
	}
	if (s->options->child && s->options->child->name)
		find_file(arena, s->options->child->name, &files);
	for (size_t i = 0; i < files.len; i++) { /* it grows meanwhile */
		add_needed(arena, files.data[i], &files);
		skep_who_preload(s->who, files.data[i]);
	}
	if (s->options->pid)
		skep_who_observe(s->who, (uint32_t)s->options->pid);
	skep_vec_fini(&files);
	skep_arena_free(arena);
}
