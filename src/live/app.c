/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "live/app_kept.h"
#include "sys/config.h"
#include "sys/explain.h"
#include "sys/kernel.h"
#include "sys/vmlinux.h"

/*
 * Life.
 */

int skep_app_new(const struct skep_app_options *options, struct skep_app **ret_app)
{
	struct skep_app *app;

	if (options && options->size != sizeof(*options))
		return -EINVAL;
	app = calloc(1, sizeof(*app));
	if (!app)
		return -ENOMEM;
	if (options)
		app->options = *options;
	app->arena = skep_arena_new();
	app->engine = skep_kernel_engine();
	app->refused = SIZE_MAX;
	app->diag.columns = app->options.columns;
	app->budget.fd = app->sinks_fd = app->stats_fd = app->wait_fd = -1;
	*ret_app = app;
	return 0;
}

void skep_app_close(struct skep_app *app)
{
	if (!app)
		return;
	app_kept_undo(app);
	app_limit_close(app);
	app_sinks_close(app);
	app_rows_close(app);
	app->engine->close(app->loaded);
	app_kept_fini(app);
	skep_btf_free(app->btf);
	skep_vec_fini(&app->sets);
	skep_vec_fini(&app->files);
	skep_vec_fini(&app->places);
	skep_diag_fini(&app->diag);
	skep_str_fini(&app->why);
	skep_str_fini(&app->text);
	skep_arena_free(app->arena);
	free(app);
}

const char *skep_app_why(struct skep_app *app)
{
	skep_str_reset(&app->why);
	if (app->diag.n_items)
		skep_diag_format(&app->diag, app->options.color, app->options.verbose, &app->why);
	skep_diag_fini(&app->diag);
	app->diag = (struct skep_diag){ .columns = app->options.columns };
	return skep_str_text(&app->why);
}

/*
 * Objects.
 */

int skep_app_open_bytes(struct skep_app *app, const char *name, const void *data, size_t size)
{
	struct skep_object_file file = { .size = size };

	if (app->is_read) {
		skep_diag_error(&app->diag, SKEP_NO_LOC,
				"'%s' comes too late: all files are given first", name);
		return -EBUSY;
	}
	if (app->files.len >= SKEP_OBJECT_FILES_MAX) {
		skep_diag_error(&app->diag, SKEP_NO_LOC, "more than %d files",
				SKEP_OBJECT_FILES_MAX);
		return -E2BIG;
	}
	if (!skep_object_is(data, size)) {
		skep_diag_error(&app->diag, SKEP_NO_LOC, "'%s' is not an object of BPF", name);
		skep_diag_hint(&app->diag,
			       "skep build makes objects of C; scripts run with skep FILE.bt");
		return -EINVAL;
	}
	file.name = skep_arena_strdup(app->arena, name);
	file.data = skep_arena_memdup(app->arena, data, size);
	skep_vec_add(&app->files, file);
	return 0;
}

static int read_file(struct skep_app *app, const char *path, struct skep_str *out)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char bytes[65536];
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, bytes, sizeof(bytes))) > 0) {
		skep_str_addn(out, bytes, (size_t)n);
		if (out->len > SKEP_OBJECT_SIZE_MAX)
			return -EFBIG;
	}
	return n < 0 ? -errno : 0;
}

int skep_app_open(struct skep_app *app, const char *path)
{
	_cleanup_(skep_str_fini)
	struct skep_str bytes = {};
	int r = read_file(app, path, &bytes);

	if (r < 0) {
		skep_diag_error(&app->diag, SKEP_NO_LOC, "cannot read '%s': %s", path,
				skep_explain_errno(r));
		return r;
	}
	return skep_app_open_bytes(app, path, skep_str_text(&bytes), bytes.len);
}

/* Unpacking the kernel's configuration costs more than all else: only for objects that ask for it. */
static bool wants_config(const struct skep_app *app)
{
	for (size_t i = 0; i < app->files.len; i++)
		if (memmem(app->files.data[i].data, app->files.data[i].size, ".kconfig", 8))
			return true;
	return false;
}

static int read_spec(struct skep_app *app, const struct skep_object_options *options)
{
	int r = skep_object_read(app->files.data, app->files.len, options, app->arena, &app->diag,
				 &app->spec);

	if (r == 0 && app->spec.btf)
		r = skep_btf_parse(app->spec.btf, app->spec.btf_size, NULL, NULL, &app->diag,
				   &app->btf);
	return r;
}

int app_read(struct skep_app *app)
{
	_cleanup_(skep_str_fini)
	struct skep_str config = {};
	struct skep_core_target target = { .module = skep_module_btf_at };
	struct skep_object_options options = { .target = &target };
	int r;

	if (app->is_read)
		return app->spec.n_progs ? 0 : -EINVAL;
	app->is_read = true;
	if (!app->files.len) {
		skep_diag_error(&app->diag, SKEP_NO_LOC, "no object was opened");
		return -EINVAL;
	}
	/* Without the kernel's types only objects that ask for them fail, and say why. */
	if (skep_vmlinux_btf(NULL, &target.kernel) < 0)
		options.target = NULL;
	if (wants_config(app) && skep_config_read(NULL, &config) == 0) {
		options.config = skep_str_text(&config);
		options.config_len = config.len;
	}
	options.kernel_version = skep_config_kernel_version();
	r = read_spec(app, &options);
	if (r < 0)
		app->spec = (struct skep_spec){};
	app->n_maps = app->spec.n_maps;
	return r;
}

size_t app_find_prog(const struct skep_app *app, const char *name)
{
	for (size_t i = 0; i < app->spec.n_progs; i++)
		if (app->spec.progs[i].type && skep_streq(app->spec.progs[i].name, name))
			return i;
	return SIZE_MAX;
}

size_t app_find_map(const struct skep_app *app, const char *name)
{
	for (size_t i = 0; i < app->spec.n_maps; i++)
		if (skep_streq(app->spec.maps[i].name, name))
			return i;
	return SIZE_MAX;
}

bool app_prog_is_on(const struct skep_app *app, size_t prog)
{
	return app->spec.progs[prog].type && !app->spec.progs[prog].is_off;
}

/* The names that there are, the nearest first where one is near. */
static void hint_progs(struct skep_app *app, const char *name)
{
	_cleanup_(skep_str_fini)
	struct skep_str names = {};
	const char *best = NULL;
	unsigned distance = 3;

	for (size_t i = 0; i < app->spec.n_progs; i++) {
		const struct skep_spec_prog *p = &app->spec.progs[i];

		if (!p->type)
			continue;
		skep_str_addf(&names, "%s%s", names.len ? ", " : "", p->name);
		if (skep_edit_distance(p->name, name, distance) < distance) {
			distance = skep_edit_distance(p->name, name, distance);
			best = p->name;
		}
	}
	if (best)
		skep_diag_hint(&app->diag, "did you mean %s?", best);
	else
		skep_diag_hint(&app->diag, "there are: %s", skep_str_text(&names));
}

int skep_app_use(struct skep_app *app, const char *prog)
{
	size_t n = 0;
	int r = app_read(app);

	if (r < 0)
		return r;
	for (size_t i = 0; i < app->spec.n_progs && !app->is_chosen; i++)
		app->spec.progs[i].is_off = app->spec.progs[i].type != 0;
	app->is_chosen = true;
	for (size_t i = 0; i < app->spec.n_progs; i++) {
		struct skep_spec_prog *p = &app->spec.progs[i];

		if (!p->type || !skep_glob_match(prog, p->name))
			continue;
		p->is_off = false;
		n++;
	}
	if (n)
		return 0;
	skep_diag_error(&app->diag, SKEP_NO_LOC, "there is no program '%s'", prog);
	hint_progs(app, prog);
	return -ENOENT;
}

int skep_app_at(struct skep_app *app, const char *prog, const char *place)
{
	struct app_place said = {};
	int r = app_read(app);

	if (r < 0)
		return r;
	if (prog && app_find_prog(app, prog) == SIZE_MAX) {
		skep_diag_error(&app->diag, SKEP_NO_LOC, "there is no program '%s' to attach to %s",
				prog, place);
		hint_progs(app, prog);
		return -ENOENT;
	}
	if (!*place) {
		skep_diag_error(&app->diag, SKEP_NO_LOC, "a place is missing");
		return -EINVAL;
	}
	said.prog = prog ? skep_arena_strdup(app->arena, prog) : NULL;
	said.place = skep_arena_strdup(app->arena, place);
	skep_vec_add(&app->places, said);
	return 0;
}

/*
 * Into the kernel.
 */

static int count_on(struct skep_app *app)
{
	for (size_t i = 0; i < app->spec.n_progs; i++)
		if (app_prog_is_on(app, i))
			return 0;
	skep_diag_error(&app->diag, SKEP_NO_LOC, "'%s' has no program to load",
			app->files.data[0].name);
	skep_diag_hint(&app->diag,
		       "a function becomes a program by its section: SEC(\"xdp\"); those of "
		       "SEC(\"?...\") are loaded when they are asked for by name");
	return -EINVAL;
}

static int load(struct skep_app *app)
{
	struct skep_load_options options = { .verifier_log = app->options.verbose,
					     .refused = &app->refused };
	int r = app_kept_open(app);

	if (r < 0)
		return r;
	options.map_fds = app->kept ? app->kept->map_fds : NULL;
	r = app->engine->load(app->engine, &app->spec, &options, &app->diag, &app->loaded);
	if (r == 0 && app->kept)
		r = app_slots_fill(app);
	if (r == 0 && app->kept)
		r = app_vars_move(app);
	return r;
}

int skep_app_load(struct skep_app *app)
{
	int r = app_read(app);

	if (r < 0 || app->loaded)
		return r;
	r = count_on(app);
	if (r == 0)
		r = app_place_all(app);
	if (r == 0)
		r = load(app);
	if (r < 0)
		app_kept_undo(app);
	return r;
}

const char *skep_app_refused(const struct skep_app *app)
{
	return app->refused < app->spec.n_progs ? app->spec.progs[app->refused].name : NULL;
}

static int attach_all(struct skep_app *app)
{
	int n = 0;

	for (size_t i = 0; i < app->spec.n_attaches; i++) {
		int r;

		if (!app_prog_is_on(app, app->spec.attaches[i].prog))
			continue;
		r = app->kept ? app_kept_attach(app, i)
			      : app->engine->attach(app->loaded, i, &app->diag);
		if (r < 0)
			return r;
		n += r;
	}
	return n;
}

int skep_app_attach(struct skep_app *app)
{
	int r = skep_app_load(app), n = 0;

	if (r < 0)
		return r;
	if (app->is_attached)
		return 0;
	r = app_rows_open(app);
	if (r == 0)
		r = n = attach_all(app);
	if (r >= 0 && app->kept)
		r = app_kept_done(app);
	if (r < 0) {
		app_kept_undo(app);
		app->engine->detach(app->loaded);
		return r;
	}
	app->is_attached = true;
	r = app_limit_open(app);
	if (r == 0)
		r = app_sinks_watch(app);
	if (r < 0) {
		skep_app_detach(app);
		return r;
	}
	return n;
}

void skep_app_detach(struct skep_app *app)
{
	if (app->loaded)
		app->engine->detach(app->loaded);
	app->is_attached = false;
}
