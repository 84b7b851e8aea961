/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stays: programs, maps and links pinned below one directory (sys/pins.h), and their replacement while events go on.
 *
 * How a program takes the place of another, so that every event is seen by exactly one of the two:
 *
 *	links that the kernel can update (XDP, tcx, netkit, cgroup, network namespaces, iterators, ...)
 *		BPF_LINK_UPDATE: one step
 *	kprobes, uprobes, tracepoints, raw and typed tracepoints, fentry, fexit, perf events
 *		what is attached is a stub that jumps through a map of programs with one element (app_slot.c); that element
 *		is replaced: one step
 *	what is left (sleepable programs, LSM, sessions, maps of sockets, ...)
 *		the new one is attached, then the old one detached: none is missed, those in between are seen by both
 *
 * A link is known by its name again: its program, and a number made of how and where it is attached.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/hash.h"
#include "live/app_kept.h"
#include "sys/bpf.h"
#include "sys/explain.h"
#include "sys/kernel.h"

/* What is in the way: names what is not ours. */
static void explain_foreign(struct skep_app *app, const char *path)
{
	char name[SKEP_PINS_NAME_MAX];

	if (skep_pins_foreign(path, name) == 0)
		skep_diag_error(&app->diag, SKEP_NO_LOC, "%s/%s is nothing that skep keeps", path,
				name);
	else
		skep_diag_error(&app->diag, SKEP_NO_LOC, "%s is no directory of what skep keeps",
				path);
	skep_diag_hint(&app->diag, "move it away, then everything else can be removed");
}

/* "a/b" begins in the current folder, which is seldom meant. */
static void explain_place(struct skep_app *app, const char *path)
{
	_cleanup_(skep_str_fini)
	struct skep_str parent = {};

	skep_str_addn(&parent, path, (size_t)(strrchr(path, '/') ? strrchr(path, '/') - path : 0));
	if (*path != '/') {
		skep_diag_error(
			&app->diag, SKEP_NO_LOC,
			"%s, from the current folder on, is not in a file system of type bpf",
			path);
		skep_diag_hint(&app->diag, "a name without a '/', or a whole path: /sys/fs/bpf/%s",
			       path);
	} else if (skep_has_prefix(path, "/sys/fs/bpf/") &&
		   access(skep_str_text(&parent), F_OK) == 0) {
		skep_diag_error(&app->diag, SKEP_NO_LOC,
				"no file system of type bpf is mounted at /sys/fs/bpf here");
		skep_diag_hint(
			&app->diag,
			"mount one: mount -t bpf bpf /sys/fs/bpf; under `ip netns exec NAME`, which "
			"hides it: nsenter --net=/run/netns/NAME in its place");
	} else {
		skep_diag_error(&app->diag, SKEP_NO_LOC,
				"%s is not in a file system of type bpf, or "
				"the folder that it is to be in is not there",
				path);
		skep_diag_hint(&app->diag,
			       "mostly one is at /sys/fs/bpf (mount -t bpf bpf /sys/fs/bpf), and "
			       "mkdir makes folders there");
	}
}

static int explain_dir(struct skep_app *app, int r, const char *path)
{
	switch (r) {
	case -EEXIST:
		skep_diag_error(&app->diag, SKEP_NO_LOC, "something is kept in %s already", path);
		skep_diag_hint(&app->diag,
			       "replace it with --reload %s, or remove it with --unload %s", path,
			       path);
		break;
	case -ENOENT:
		skep_diag_error(&app->diag, SKEP_NO_LOC, "nothing is kept in %s", path);
		skep_diag_hint(&app->diag, "--pin %s keeps it there", path);
		break;
	case -ENOTUNIQ:
		explain_foreign(app, path);
		break;
	case -EMEDIUMTYPE:
		explain_place(app, path);
		break;
	case -EBUSY:
		skep_diag_error(&app->diag, SKEP_NO_LOC, "somebody else is changing %s", path);
		break;
	default:
		skep_diag_error(&app->diag, SKEP_NO_LOC, "cannot use %s: %s", path,
				skep_explain_errno(r));
	}
	return r;
}

int app_kept_path(struct skep_app *app, const char *dir, bool wanted, char *out)
{
	int r = skep_pins_path(dir, out, SKEP_PINS_PATH_MAX);

	if (r < 0)
		return explain_dir(app, r, dir);
	r = skep_pins_look(out);
	if (wanted)
		r = r == -EEXIST ? 0 : r == 0 ? -ENOENT : r;
	return r < 0 ? explain_dir(app, r, out) : 0;
}

static int keep(struct skep_app *app, const char *dir, bool replaces)
{
	char path[SKEP_PINS_PATH_MAX];
	int r;

	if (app->kept || app->loaded) {
		skep_diag_error(&app->diag, SKEP_NO_LOC,
				"where it is kept comes before loading, once");
		return -EBUSY;
	}
	r = app_kept_path(app, dir, replaces, path);
	if (r < 0)
		return r;
	app->kept = skep_arena_alloc(app->arena, sizeof(*app->kept));
	memcpy(app->kept->path, path, sizeof(path));
	app->kept->replaces = replaces;
	app->kept->lock_fd = -1;
	return 0;
}

int skep_app_keep(struct skep_app *app, const char *dir)
{
	return keep(app, dir, false);
}

int skep_app_replace(struct skep_app *app, const char *dir)
{
	return keep(app, dir, true);
}

static void drop_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void app_kept_fini(struct skep_app *app)
{
	struct app_kept *k = app->kept;

	if (!k)
		return;
	for (size_t i = 0; k->map_fds && i < app->spec.n_maps; i++)
		drop_fd(&k->map_fds[i]);
	for (size_t i = 0; i < k->links.len; i++) {
		drop_fd(&k->links.data[i].old_link);
		drop_fd(&k->links.data[i].old_prog);
	}
	skep_vec_fini(&k->links);
	drop_fd(&k->lock_fd);
	app->kept = NULL;
}

/*
 * Before loading.
 */

/* Maps of the same name, but for constants, and for variables that lie elsewhere now: those are moved one by one. */
static void find_maps(struct skep_app *app)
{
	struct app_kept *k = app->kept;

	for (size_t i = 0; i < app->spec.n_maps; i++) {
		const struct skep_spec_map *m = &app->spec.maps[i];
		bool has_progs = (m->type == SKEP_MAP_PROG_ARRAY && m->n_slots) ||
				 m->type == SKEP_MAP_STRUCT_OPS;

		k->map_fds[i] = -1;
		if (!k->replaces || m->read_only || m->pinned || has_progs)
			continue;
		k->map_fds[i] = skep_pins_get(k->path, SKEP_PIN_MAP, m->name);
		if (k->map_fds[i] >= 0 && !app_vars_same(app, i, k->map_fds[i]))
			drop_fd(&k->map_fds[i]);
		k->map_fds[i] = MAX(k->map_fds[i], -1);
	}
}

int app_kept_open(struct skep_app *app)
{
	struct app_kept *k = app->kept;
	int r;

	if (!k)
		return 0;
	r = k->replaces ? 0 : skep_pins_make(k->path);
	k->is_made = r == 0 && !k->replaces;
	if (r == 0)
		r = skep_pins_lock(k->path);
	if (r < 0)
		return explain_dir(app, r, k->path);
	k->lock_fd = r;
	app_slots_add(app);
	k->map_fds = skep_arena_calloc(app->arena, app->spec.n_maps + 1, sizeof(*k->map_fds));
	find_maps(app);
	return 0;
}

/*
 * Attaching.
 */

/* Of the program and of everything that says where: the same each time. */
static const char *link_name(struct skep_app *app, const struct skep_spec_attach *a)
{
	const struct skep_spec_prog *p = &app->spec.progs[a->prog];
	_cleanup_(skep_str_fini)
	struct skep_str all = {};

	skep_str_addf(&all, "%d %u %u %s %d", (int)a->kind, p->type, p->attach_type,
		      p->attach_btf_name ? p->attach_btf_name : "", a->pid);
	skep_str_addf(&all, " %u %llu %llu", a->perf_type, (unsigned long long)a->perf_config,
		      (unsigned long long)a->perf_period);
	for (size_t i = 0; i < a->n_targets; i++) {
		const struct skep_attach_target *t = &a->targets[i];

		skep_str_addf(&all, "|%s|%s|%llu|%llu", t->name ? t->name : "",
			      t->symbol ? t->symbol : "", (unsigned long long)t->offset,
			      (unsigned long long)t->cookie);
	}
	return skep_arena_printf(app->arena, "%.80s-%08x", p->name,
				 (unsigned)skep_hash_bytes(all.data, all.len));
}

static int attach_anew(struct skep_app *app, size_t index, struct app_link *link)
{
	link->first = skep_kernel_n_links(app->loaded);
	return app->engine->attach(app->loaded, index, &app->diag);
}

/* Links of structs of functions are to a map. */
static int exchange_ops(struct skep_app *app, const char *map, struct app_link *link)
{
	int fd, r = 0;

	drop_fd(&link->old_prog);
	link->old_prog = MAX(skep_pins_get(app->kept->path, SKEP_PIN_MAP, map), -1);
	if (link->old_link >= 0)
		r = skep_kernel_ops_fill(app->loaded, map, &app->diag, &fd);
	if (link->old_link < 0 || r == -EOPNOTSUPP)
		return 0;
	if (r == 0)
		r = skep_bpf_link_update(link->old_link, fd);
	link->is_updated = r == 0;
	if (r < 0)
		skep_diag_error(&app->diag, SKEP_NO_LOC,
				"'%s' cannot take the place of what is registered: %s", map,
				skep_explain_errno(r));
	return r < 0 ? r : 1;
}

/* 1: exchanged; 0: the kernel cannot do that here. */
static int exchange(struct skep_app *app, const struct skep_spec_attach *a, struct app_link *link)
{
	int r;

	link->old_link = skep_pins_get(app->kept->path, SKEP_PIN_LINK, link->name);
	link->old_link = MAX(link->old_link, -1);
	link->old_prog =
		skep_pins_get(app->kept->path, SKEP_PIN_PROG, app->spec.progs[a->prog].name);
	link->old_prog = MAX(link->old_prog, -1);
	if (a->kind == SKEP_ATTACH_OPS)
		return exchange_ops(app, a->targets[0].name, link);
	r = app_slot_exchange(app, a->prog, link);
	if (r < 0 || link->old_link < 0)
		return MIN(r, 0);
	if (r)
		return r;
	r = skep_bpf_link_update(link->old_link, skep_kernel_prog_fd(app->loaded, a->prog));
	link->is_updated = r == 0;
	return r == 0;
}

int app_kept_attach(struct skep_app *app, size_t index)
{
	const struct skep_spec_attach *a = &app->spec.attaches[index];
	struct app_link link = { .prog = a->prog, .old_link = -1, .old_prog = -1 };
	int r = 0;

	link.name = link_name(app, a);
	if (app->kept->replaces)
		r = exchange(app, a, &link);
	if (r == 0) {
		r = attach_anew(app, index, &link);
		link.n = r < 0 ? 0 : skep_kernel_n_links(app->loaded) - link.first;
	}
	skep_vec_add(&app->kept->links, link);
	return r;
}

void app_kept_undo(struct skep_app *app)
{
	struct app_kept *k = app->kept;

	if (!k || k->is_done)
		return;
	for (size_t i = k->links.len; i-- > 0;) {
		const struct app_link *link = &k->links.data[i];

		if (link->is_updated && link->old_prog >= 0 &&
		    skep_bpf_link_update(link->old_link, link->old_prog) < 0)
			skep_diag_error(
				&app->diag, SKEP_NO_LOC,
				"link %s has the new program, and could not be given the old one",
				link->name);
		if (link->is_slot)
			app_slot_restore(app, link);
	}
	k->links.len = 0;
	if (k->is_made && skep_pins_remove(k->path) < 0)
		skep_diag_error(&app->diag, SKEP_NO_LOC, "cannot remove %s", k->path);
	k->is_made = false;
}

/*
 * Once everything is attached.
 */

static int told(struct skep_app *app, int r, const char *what, const char *name)
{
	if (r < 0)
		skep_diag_error(&app->diag, SKEP_NO_LOC, "cannot keep %s '%s' in %s: %s", what,
				name, app->kept->path, skep_explain_errno(r));
	return r;
}

static int pin_link(struct skep_app *app, const struct app_link *link)
{
	int r = 0;

	for (size_t i = 0; i < link->n && r == 0; i++) {
		char name[SKEP_PINS_NAME_MAX];
		size_t prog;
		int fd = skep_kernel_link_fd(app->loaded, link->first + i, &prog);

		snprintf(name, sizeof(name), i ? "%s-%zu" : "%s", link->name, i);
		r = fd < 0 ? -EOPNOTSUPP : skep_pins_put(app->kept->path, SKEP_PIN_LINK, name, fd);
		told(app, r, "the attachment of", app->spec.progs[link->prog].name);
		if (r == -EOPNOTSUPP || r == -EINVAL)
			skep_diag_hint(&app->diag, "on this kernel, such attachments end with "
						   "the process that made them");
	}
	return r;
}

static int pin_all(struct skep_app *app)
{
	struct app_kept *k = app->kept;
	int r = 0;

	for (size_t i = 0; i < app->spec.n_maps && r == 0; i++)
		r = told(app,
			 skep_pins_put(k->path, SKEP_PIN_MAP, app->spec.maps[i].name,
				       skep_kernel_map_fd(app->loaded, i)),
			 "map", app->spec.maps[i].name);
	for (size_t i = 0; i < app->spec.n_progs && r == 0; i++)
		if (app_prog_is_on(app, i) && !app_slot_is_stub(app, i))
			r = told(app,
				 skep_pins_put(k->path, SKEP_PIN_PROG, app->spec.progs[i].name,
					       skep_kernel_prog_fd(app->loaded, i)),
				 "program", app->spec.progs[i].name);
	for (size_t i = 0; i < k->links.len && r == 0; i++)
		r = pin_link(app, &k->links.data[i]);
	return r;
}

struct stale {
	struct skep_app *app;
	enum skep_pin_kind kind;
	struct skep_str gone; /* maps with what they held, but for our own */
};

/* The names in the file system are cleaned: compared as they are there. */
static bool same_name(const char *pinned, const char *name)
{
	for (; *pinned && *name; pinned++, name++)
		if (*pinned != *name && *pinned != '_')
			return false;
	return *pinned == *name;
}

static bool is_wanted(const struct stale *s, const char *name)
{
	const struct skep_app *app = s->app;

	switch (s->kind) {
	case SKEP_PIN_LINK:
		for (size_t i = 0; i < app->kept->links.len; i++) {
			const char *own = app->kept->links.data[i].name;
			size_t len = strlen(own);

			if (same_name(name, own) ||
			    (strlen(name) > len && name[len] == '-' && !strncmp(name, own, len)))
				return true;
		}
		return false;
	case SKEP_PIN_PROG:
		for (size_t i = 0; i < app->spec.n_progs; i++)
			if (app_prog_is_on(app, i) && same_name(name, app->spec.progs[i].name))
				return true;
		return false;
	default:
		for (size_t i = 0; i < app->spec.n_maps; i++)
			if (same_name(name, app->spec.maps[i].name))
				return true;
		return false;
	}
}

static int drop_stale(void *data, const char *name)
{
	struct stale *s = data;
	int r = 0;

	if (is_wanted(s, name))
		return 0;
	r = skep_pins_drop(s->app->kept->path, s->kind, name);
	if (r == 0 && s->kind == SKEP_PIN_MAP && !skep_has_prefix(name, "slot-") &&
	    !skep_has_prefix(name, "_rodata"))
		skep_str_addf(&s->gone, "%s%s", s->gone.len ? ", " : "", name);
	return r == -ENOENT ? 0 : r;
}

int app_kept_done(struct skep_app *app)
{
	struct app_kept *k = app->kept;
	int r = pin_all(app);

	for (int kind = 0; kind < SKEP_PIN_KINDS && r == 0 && k->replaces; kind++) {
		struct stale stale = { app, (enum skep_pin_kind)kind, {} };

		r = skep_pins_each(k->path, stale.kind, drop_stale, &stale);
		if (stale.gone.len)
			skep_diag_warn(&app->diag, SKEP_NO_LOC,
				       "maps that the new object has not are gone, with what they "
				       "held: %s",
				       skep_str_text(&stale.gone));
		skep_str_fini(&stale.gone);
	}
	if (r < 0)
		return r;
	k->is_done = true;
	drop_fd(&k->lock_fd);
	/* The last that holds what was replaced. */
	for (size_t i = 0; i < k->links.len; i++) {
		drop_fd(&k->links.data[i].old_link);
		drop_fd(&k->links.data[i].old_prog);
	}
	return 0;
}

static int drop_link(void *data, const char *name)
{
	const struct skep_app *app = data;

	return skep_pins_drop(app->kept->path, SKEP_PIN_LINK, name);
}

void app_kept_detach(struct skep_app *app)
{
	if (skep_pins_each(app->kept->path, SKEP_PIN_LINK, drop_link, app) < 0)
		skep_diag_error(&app->diag, SKEP_NO_LOC, "cannot remove the links in %s",
				app->kept->path);
}
