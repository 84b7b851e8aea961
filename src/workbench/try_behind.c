/* SPDX-License-Identifier: Apache-2.0 */
/* Maps of the kernel's behind those of the program: what the machine wants done with an element is a system call. */
#include <errno.h>
#include <string.h>

#include <skep/vm.h>

#include "isa/mapkind.h"
#include "sys/bpf.h"
#include "sys/cpus.h"
#include "workbench/try_priv.h"

static int fd_of(void *data)
{
	const struct try_behind *behind = data;

	return behind->fd;
}

static int get(void *data, const void *key, void *ret_value)
{
	return skep_bpf_map_lookup(fd_of(data), key, ret_value);
}

static int set(void *data, const void *key, const void *value, uint64_t flags)
{
	return skep_bpf_map_update(fd_of(data), key, value, flags);
}

static int delete (void *data, const void *key)
{
	return skep_bpf_map_delete(fd_of(data), key);
}

static int next(void *data, const void *key, void *ret_key)
{
	return skep_bpf_map_next_key(fd_of(data), key, ret_key);
}

static int refuse(struct try_job *j, const char *source, const char *what)
{
	skep_diag_error(j->diag, SKEP_NO_LOC, "%s cannot be behind a map: %s", source, what);
	return -EINVAL;
}

static const char *kind_name(uint32_t type)
{
	const struct skep_map_kind *kind = skep_map_kind_find(type);

	return kind ? kind->name : "?";
}

/* The kernel's map, if it is one that this map can be. */
static int open_one(struct try_job *j, const char *source, size_t index)
{
	struct skep_spec_map *map = &j->spec.maps[index];
	const struct skep_map_kind *kind = skep_map_kind_find(map->type);
	struct try_behind *behind = &j->behind[index];
	struct skep_bpf_map_info info = {};
	uint32_t size = sizeof(info);
	int r;

	behind->fd = skep_image_open_map(source, j->diag);
	if (behind->fd < 0)
		return behind->fd;
	r = skep_bpf_obj_info(behind->fd, &info, &size);
	if (r < 0)
		return refuse(j, source, strerror(-r));
	if (!kind || !(kind->traits & SKEP_TRAIT_VALUES) || kind->traits & SKEP_TRAIT_OWNED)
		return refuse(j, source, "the program's is not of a kind that holds values");
	if (info.type != map->type || info.key_size != map->key_size ||
	    info.value_size != map->value_size)
		return refuse(
			j, source,
			skep_arena_printf(
				j->arena,
				"it is of kind %s with keys of %u and values of %u bytes, the program's '%s' of %s, %u and %u",
				kind_name(info.type), info.key_size, info.value_size, map->name,
				kind_name(map->type), map->key_size, map->value_size));
	map->max_entries = info.max_entries;
	map->data = NULL; /* it has the kernel's contents */
	map->data_size = 0;
	behind->name = map->name;
	return 0;
}

int try_behind_open(struct try_job *j)
{
	const struct skep_try_input *with = j->with;
	size_t i;
	int r = 0;

	j->behind = skep_arena_calloc(j->arena, j->spec.n_maps, sizeof(*j->behind));
	j->spec.maps =
		skep_arena_memdup(j->arena, j->spec.maps, j->spec.n_maps * sizeof(*j->spec.maps));
	for (i = 0; i < j->spec.n_maps; i++)
		j->behind[i].fd = -1;
	if (with->n_behind && with->engine == SKEP_TRY_KERNEL) {
		skep_diag_error(j->diag, SKEP_NO_LOC,
				"in the kernel a program has maps of its own there");
		skep_diag_hint(j->diag, "--map is for --engine interp and jit");
		return -EINVAL;
	}
	for (size_t k = 0; k < with->n_behind && r == 0; k++) {
		for (i = 0; i < j->spec.n_maps; i++)
			if (skep_streq(j->spec.maps[i].name, with->behind[k].name))
				break;
		if (i == j->spec.n_maps) {
			skep_diag_error(j->diag, SKEP_NO_LOC, "the program has no map '%s'",
					with->behind[k].name);
			return -ENOENT;
		}
		if (j->behind[i].fd >= 0)
			return refuse(j, with->behind[k].source, "there is one already");
		r = open_one(j, with->behind[k].source, i);
		j->n_cpus = skep_cpus_possible();
	}
	return r;
}

const struct skep_vm_map_backing *try_behind(void *data, const struct skep_vm_map_def *def)
{
	struct try_job *j = data;

	for (size_t i = 0; i < j->spec.n_maps; i++) {
		struct try_behind *behind = &j->behind[i];

		if (behind->fd < 0 || !skep_streq(behind->name, def->name))
			continue;
		j->backing = (struct skep_vm_map_backing){
			.data = behind,
			.n_cpus = j->n_cpus,
			.get = get,
			.set = set,
			.remove = delete,
			.next = next,
		};
		return &j->backing;
	}
	return NULL;
}

void try_behind_close(struct try_job *j)
{
	for (size_t i = 0; j->behind && i < j->spec.n_maps; i++)
		if (j->behind[i].fd >= 0)
			close(j->behind[i].fd);
}
