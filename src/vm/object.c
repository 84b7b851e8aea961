/* SPDX-License-Identifier: Apache-2.0 */
/* Objects for embedders: an ELF file of clang or gcc becomes maps and programs of a machine. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "obj/object.h"
#include "vm/load.h"
#include "vm/machine.h"

/* The first error as one line: what, and what to do. */
static void first_error(const struct skep_diag *diag, char *why, size_t why_size)
{
	for (size_t i = 0; why && why_size && i < diag->n_items; i++) {
		const struct skep_diag_item *item = &diag->items[i];

		if (item->level != SKEP_DIAG_ERROR)
			continue;
		snprintf(why, why_size, "%s%s%s", item->what, item->hint ? "; " : "",
			 item->hint ? item->hint : "");
		return;
	}
}

int skep_vm_add_object(struct skep_vm *vm, const void *bytes, size_t size, char *why,
		       size_t why_size)
{
	struct skep_object_file file = { .name = "object", .data = bytes, .size = size };
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_diag_fini)
	struct skep_diag diag = {};
	struct skep_spec spec = {};
	uint32_t *maps, *progs;
	int r;

	if (why && why_size)
		snprintf(why, why_size, "it cannot be read");
	r = skep_object_read(&file, 1, NULL, arena, &diag, &spec);
	if (r == 0) {
		maps = skep_arena_calloc(arena, spec.n_maps, sizeof(*maps));
		progs = skep_arena_calloc(arena, spec.n_progs, sizeof(*progs));
		r = vm_load_spec(vm, &spec, &diag, maps, progs);
	}
	if (r < 0)
		first_error(&diag, why, why_size);
	return r;
}

int skep_vm_find_map(const struct skep_vm *vm, const char *name, uint32_t *ret_map)
{
	for (uint32_t i = 0; i < vm->n_maps; i++)
		if (strncmp(vm->maps[i].name, name, sizeof(vm->maps[i].name) - 1) == 0) {
			*ret_map = i;
			return 0;
		}
	return -ENOENT;
}

int skep_vm_find_prog(const struct skep_vm *vm, const char *name, uint32_t *ret_prog)
{
	for (uint32_t i = 0; i < vm->n_progs; i++)
		if (strncmp(vm->progs[i]->name, name, sizeof(vm->progs[i]->name) - 1) == 0) {
			*ret_prog = i;
			return 0;
		}
	return -ENOENT;
}
