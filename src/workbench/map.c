/* SPDX-License-Identifier: Apache-2.0 */
/* Which maps are meant. */
#include "workbench/map.h"

#include <errno.h>
#include <string.h>

#include "base/vec.h"
#include "isa/mapkind.h"
#include "sys/bpf.h"
#include "sys/cpus.h"
#include "sys/explain.h"
#include "sys/image.h"
#include "sys/vmlinux.h"
#include "vm/engine.h"
#include "workbench/input.h"
#include "workbench/map_priv.h"

#define CANDIDATES_MAX 8 /* ids that are told when several maps have a name */

int map_of_fd(int fd, struct skep_open_map *ret_map)
{
	struct skep_open_map m = { .fd = fd };
	int r = skep_map_info_read(fd, &m.info);

	if (r < 0) {
		close(fd);
		return r;
	}
	m.map = (struct skep_feed_map){
		.name = m.info.name,
		.type = m.info.type,
		.key_size = m.info.key_size,
		.value_size = m.info.value_size,
		.max_entries = m.info.max_entries,
		.flags = m.info.flags,
		.btf = m.info.btf,
		.key_type = m.info.key_type,
		.value_type = m.info.value_type,
		.fd = fd,
		.n_cpus = skep_cpus_possible(),
	};
	*ret_map = m;
	return 0;
}

void map_fini(struct skep_open_map *m)
{
	skep_map_info_fini(&m->info);
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
}

static int no_map(const char *name, int r, struct skep_diag *diag)
{
	if (r == -EPERM || r == -EACCES) {
		skep_diag_error(diag, SKEP_NO_LOC, "maps of the kernel are shown to root only");
		skep_explain_privilege(SKEP_TAKES_OTHERS, diag);
		return r;
	}
	skep_diag_error(diag, SKEP_NO_LOC, "no map of the kernel is called '%s'", name);
	skep_diag_hint(diag, "skep map list shows all of them; id:NUMBER, a pinned file and "
			     "OBJECT.bpf.o:NAME are other ways to say which");
	return -ENOENT;
}

/* The kernel keeps 15 bytes of a name. */
static bool is_called(const struct skep_bpf_map_info *info, const char *name)
{
	size_t len = strnlen(info->name, sizeof(info->name));

	return len && strncmp(info->name, name, len) == 0 &&
	       (!name[len] || len == sizeof(info->name) - 1);
}

/* The only map of the kernel with a name: a descriptor. */
static int open_called(const char *name, struct skep_diag *diag)
{
	_cleanup_(skep_str_fini)
	struct skep_str ids = {};
	_cleanup_close_ int found = -1;
	uint32_t id = 0;
	size_t n = 0;
	int r;

	while ((r = skep_bpf_next_id(SKEP_BPF_MAP_NEXT_ID, id, &id)) == 0) {
		_cleanup_close_ int fd = skep_bpf_fd_by_id(SKEP_BPF_MAP_FD_BY_ID, id);
		struct skep_bpf_map_info info = {};
		uint32_t size = sizeof(info);

		if (fd < 0 || skep_bpf_obj_info(fd, &info, &size) < 0 || !is_called(&info, name))
			continue;
		if (n++ < CANDIDATES_MAX)
			skep_str_addf(&ids, "%sid:%u", n > 1 ? " " : "", id);
		if (n == 1)
			found = TAKE_FD(fd);
	}
	if (n == 1)
		return TAKE_FD(found);
	if (!n)
		return no_map(name, r, diag);
	skep_diag_error(diag, SKEP_NO_LOC, "%zu maps are called '%s'", n, name);
	skep_diag_hint(diag, "say which: %s%s", ids.data, n > CANDIDATES_MAX ? " ..." : "");
	return -EINVAL;
}

static int open_one(const char *name, struct skep_arena *arena, struct skep_diag *diag,
		    struct skep_maps *ret_maps)
{
	bool is_file = skep_image_is_name(name) || strchr(name, '/');
	int fd = is_file ? skep_image_open_map(name, diag) : open_called(name, diag);
	int r;

	if (fd < 0)
		return fd;
	ret_maps->items = skep_arena_alloc(arena, sizeof(*ret_maps->items));
	r = map_of_fd(fd, &ret_maps->items[0]);
	if (r < 0)
		skep_diag_error(diag, SKEP_NO_LOC, "cannot read what map '%s' is: %s", name,
				skep_explain_errno(r));
	ret_maps->n = r == 0;
	return r;
}

/*
 * Objects: what their maps hold before programs run.
 */

static int load(const char *path, struct skep_arena *arena, struct skep_diag *diag,
		struct skep_input **ret_input, struct skep_maps *maps)
{
	struct skep_input_options options = {};
	struct skep_input *input = skep_arena_alloc(arena, sizeof(*input));
	struct skep_spec *spec;
	const struct skep_btf *kernel = NULL;
	int r;

	if (skep_vmlinux_btf(NULL, &kernel) == 0)
		options.kernel = kernel;
	r = skep_input_read(path, &options, arena, diag, input);
	if (r < 0)
		return r;
	/* Programs are not run: what they need does not matter. */
	input->spec.n_progs = 0;
	input->spec.n_attaches = 0;
	for (size_t i = 0; i < input->spec.n_maps; i++)
		input->spec.maps[i].n_slots = 0;
	spec = skep_arena_memdup(arena, &input->spec, sizeof(*spec));
	skep_input_stand_in(spec, arena);
	r = skep_vm_engine()->load(skep_vm_engine(), spec, NULL, diag, &maps->loaded);
	if (r == 0 && input->spec.btf &&
	    skep_btf_parse(input->spec.btf, input->spec.btf_size, NULL, NULL, NULL, &maps->btf) < 0)
		maps->btf = NULL;
	*ret_input = input;
	return r;
}

/* "tool.bpf.o:counts" to its parts. */
static void take_apart(const char *name, struct skep_arena *arena, const char **ret_path,
		       const char **ret_map)
{
	const char *colon = strrchr(name, ':');

	*ret_path = name;
	*ret_map = NULL;
	if (!colon || strchr(colon, '/') || access(name, F_OK) == 0)
		return;
	*ret_path = skep_arena_strndup(arena, name, (size_t)(colon - name));
	*ret_map = colon + 1;
}

static bool is_object(const char *name)
{
	const char *colon = strrchr(name, ':');
	size_t len = colon && !strchr(colon, '/') ? (size_t)(colon - name) : strlen(name);

	return !skep_has_prefix(name, "id:") && len > 2 && memcmp(name + len - 2, ".o", 2) == 0;
}

static int open_object(const char *name, struct skep_arena *arena, struct skep_diag *diag,
		       struct skep_maps *maps)
{
	const char *path, *wanted;
	struct skep_input *input;
	int r;

	take_apart(name, arena, &path, &wanted);
	r = load(path, arena, diag, &input, maps);
	if (r < 0)
		return r;
	maps->items = skep_arena_calloc(arena, input->spec.n_maps, sizeof(*maps->items));
	for (size_t i = 0; i < input->spec.n_maps; i++) {
		const struct skep_spec_map *m = &input->spec.maps[i];

		if (wanted && !skep_streq(m->name, wanted))
			continue;
		maps->items[maps->n++] = (struct skep_open_map){
			.fd = -1,
			.map = {
				.name = m->name,
				.type = m->type,
				.key_size = m->key_size,
				.value_size = m->value_size,
				.max_entries = m->max_entries,
				.flags = m->flags,
				.btf = maps->btf,
				.key_type = m->btf_key_type,
				.value_type = m->btf_value_type,
				.fd = -1,
				.engine = skep_vm_engine(),
				.loaded = maps->loaded,
				.index = i,
				.n_cpus = 1,
			},
		};
	}
	if (maps->n || !wanted)
		return 0;
	skep_diag_error(diag, SKEP_NO_LOC, "%s has no map '%s'", path, wanted);
	skep_diag_hint(diag, "skep map list %s shows those that it has", path);
	return -ENOENT;
}

int skep_maps_open(const char *name, struct skep_arena *arena, struct skep_diag *diag,
		   struct skep_maps *ret_maps)
{
	struct skep_maps maps = {};
	int r = is_object(name) ? open_object(name, arena, diag, &maps)
				: open_one(name, arena, diag, &maps);

	if (r < 0) {
		skep_maps_close(&maps);
		return r;
	}
	*ret_maps = maps;
	return 0;
}

void skep_maps_close(struct skep_maps *maps)
{
	for (size_t i = 0; i < maps->n; i++)
		map_fini(&maps->items[i]);
	skep_btf_free(maps->btf);
	if (maps->loaded)
		skep_vm_engine()->close(maps->loaded);
	*maps = (struct skep_maps){};
}
