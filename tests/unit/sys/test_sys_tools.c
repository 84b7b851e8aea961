/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs of others, each alone in the live kernel: what libbpf loads and attaches, we do. $SKEP_OBJECTS is a directory of
 * programs with objects inside, as scripts/objects gives it. Every attachment lasts a moment.
 */
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <sys/resource.h>

#include "base/arena.h"
#include "fixture.h"
#include "isa/mapkind.h"
#include "obj/aim.h"
#include "obj/object.h"
#include "sys/config.h"
#include "sys/vmlinux.h"

static struct {
	size_t objects, progs, loaded, attached, placeless, only_ours, wrong;
	struct skep_str config;
} all;

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

static bool read_file(const char *path, struct skep_str *out)
{
	char bytes[65536];
	FILE *f = fopen(path, "rb");

	skep_str_reset(out);
	for (size_t n; f && (n = fread(bytes, 1, sizeof(bytes), f)) > 0;)
		skep_str_addn(out, bytes, n);
	if (f)
		fclose(f);
	return f;
}

/* How far a program comes. */
enum stage {
	REFUSED,
	LOADED,
	ATTACHED,
	PLACELESS, /* loaded; its section does not say where it belongs */
};

/* Sizes that the programs around an object fill in. */
static void complete_ours(struct skep_spec *spec)
{
	for (size_t i = 0; i < spec->n_maps; i++) {
		struct skep_spec_map *m = &spec->maps[i];
		const struct skep_map_kind *kind = skep_map_kind_find(m->type);

		if (m->type == SKEP_MAP_STACK_TRACE && !m->value_size)
			m->value_size = 8 * 16;
		if (!m->max_entries && kind && !(kind->traits & SKEP_TRAIT_OWNED) &&
		    m->type != SKEP_MAP_PERF_EVENT_ARRAY)
			m->max_entries = 16;
		m->pinned = false;
	}
}

static void complete_theirs(struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
	{
		const struct skep_map_kind *kind = skep_map_kind_find(bpf_map__type(map));

		if (bpf_map__type(map) == BPF_MAP_TYPE_STACK_TRACE && !bpf_map__value_size(map))
			(void)!bpf_map__set_value_size(map, 8 * 16);
		if (!bpf_map__max_entries(map) && kind && !(kind->traits & SKEP_TRAIT_OWNED) &&
		    bpf_map__type(map) != BPF_MAP_TYPE_PERF_EVENT_ARRAY)
			(void)!bpf_map__set_max_entries(map, 16);
		(void)!bpf_map__set_pin_path(map, NULL);
	}
}

static enum stage try_theirs(const void *data, size_t size, const char *name)
{
	struct bpf_object *object = bpf_object__open_mem(data, size, NULL);
	struct bpf_program *p, *wanted = NULL;
	enum stage stage = REFUSED;
	struct bpf_link *link;

	if (!object)
		return REFUSED;
	bpf_object__for_each_program(p, object)
	{
		bool is_it = !strcmp(bpf_program__name(p), name);

		(void)!bpf_program__set_autoload(p, is_it);
		if (is_it)
			wanted = p;
	}
	complete_theirs(object);
	if (wanted && bpf_object__load(object) == 0) {
		link = bpf_program__attach(wanted);
		stage = link ? ATTACHED : LOADED;
		bpf_link__destroy(link);
	}
	bpf_object__close(object);
	return stage;
}

static enum stage attach_ours(struct skep_spec *spec, uint32_t prog, struct skep_arena *arena,
			      struct skep_loaded *loaded, struct skep_diag *diag)
{
	int r = skep_spec_aim(spec, prog, NULL, 0, arena, diag);

	if (r == -EDESTADDRREQ)
		return PLACELESS;
	for (size_t i = 0; i < spec->n_attaches && r >= 0; i++)
		if (spec->attaches[i].prog == prog)
			r = skep_kernel_engine()->attach(loaded, i, diag);
	return r < 0 ? LOADED : ATTACHED;
}

static enum stage try_ours(const void *data, size_t size, const char *file, size_t index,
			   struct skep_diag *diag)
{
	const struct skep_engine *engine = skep_kernel_engine();
	struct skep_object_file object = { file, data, size };
	struct skep_core_target target = { .module = skep_module_btf_at };
	struct skep_object_options options = {
		.target = &target,
		.config = all.config.len ? skep_str_text(&all.config) : NULL,
		.config_len = all.config.len,
		.kernel_version = skep_config_kernel_version(),
	};
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_loaded *loaded = NULL;
	enum stage stage = REFUSED;
	struct skep_spec spec;

	if (skep_vmlinux_btf(NULL, &target.kernel) < 0 ||
	    skep_object_read(&object, 1, &options, arena, diag, &spec) < 0)
		return REFUSED;
	complete_ours(&spec);
	for (size_t i = 0; i < spec.n_progs; i++)
		spec.progs[i].is_off = i != index;
	if (engine->load(engine, &spec, NULL, diag, &loaded) == 0)
		stage = attach_ours(&spec, (uint32_t)index, arena, loaded, diag);
	engine->close(loaded);
	return stage;
}

static void compare(const char *file, const void *data, size_t size, size_t index, const char *name)
{
	static const char *const stages[] = { "refuses it", "loads it", "attaches it",
					      "has no place for it" };
	struct skep_diag diag = {};
	enum stage ours = try_ours(data, size, file, index, &diag),
		   theirs = try_theirs(data, size, name);
	struct skep_str text = {};

	all.progs++;
	all.loaded += ours != REFUSED;
	all.attached += ours == ATTACHED;
	all.placeless += ours == PLACELESS;
	all.only_ours += ours == ATTACHED && theirs != ATTACHED;
	if ((ours == REFUSED && theirs != REFUSED) || (ours != ATTACHED && theirs == ATTACHED)) {
		skep_diag_format(&diag, false, false, &text);
		print_message("%s: %s: libbpf %s, ours %s\n%s", file, name, stages[theirs],
			      stages[ours], skep_str_text(&text));
		all.wrong++;
	}
	skep_str_fini(&text);
	skep_diag_fini(&diag);
}

static void each_program(const char *file, const void *data, size_t size)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_object_file object = { file, data, size };
	struct skep_diag diag = {};
	struct skep_spec spec;

	if (skep_object_read(&object, 1, NULL, arena, &diag, &spec) == 0) {
		all.objects++;
		for (size_t i = 0; i < spec.n_progs; i++)
			if (spec.progs[i].type && !spec.progs[i].unsupported)
				compare(file, data, size, i, spec.progs[i].name);
	}
	skep_diag_fini(&diag);
}

/* Objects lie inside of the programs that bring them along. */
static void each_object(const char *name, const struct skep_str *file)
{
	const uint8_t *at = (const uint8_t *)file->data, *end = at + file->len;

	while ((at = memmem(at, (size_t)(end - at), "\177ELF\2\1", 6))) {
		size_t left = (size_t)(end - at);
		uint64_t sections;
		uint16_t size, n;

		if (left > 64 && skep_object_is(at, left)) {
			memcpy(&sections, at + 40, 8);
			memcpy(&size, at + 58, 2);
			memcpy(&n, at + 60, 2);
			if (sections < left && (size_t)size * n <= left - sections)
				each_program(name, at, sections + (size_t)size * n);
		}
		at++;
	}
}

static void tools_load_and_attach(void **state)
{
	const char *dir = getenv("SKEP_OBJECTS");
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct skep_str file = {};
	struct dirent *entry;
	char path[4096];
	DIR *d;

	need(SKEP_FEATURE_RAW_TP);
	d = dir ? opendir(dir) : NULL;
	if (!d) {
		print_message("skipped, because SKEP_OBJECTS names no directory of programs\n");
		skip();
	}
	libbpf_set_print(quiet);
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	(void)!skep_config_read(NULL, &all.config);
	while ((entry = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		if (entry->d_type == DT_REG && read_file(path, &file))
			each_object(entry->d_name, &file);
	}
	closedir(d);
	skep_str_fini(&file);
	skep_str_fini(&all.config);
	print_message(
		"%zu objects, %zu programs: %zu loaded, %zu attached (%zu by us only), %zu without a "
		"place; %zu worse than libbpf\n",
		all.objects, all.progs, all.loaded, all.attached, all.only_ours, all.placeless,
		all.wrong);
	assert_int_equal(all.wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tools_load_and_attach),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
