/* SPDX-License-Identifier: Apache-2.0 */
#include "top/sensor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "live/release.h"
#include "live/unpack.h"
#include "live/world.h"
#include "sys/kernel.h"

extern const struct skep_embedded_pack skep_embedded_top;

const char *const skep_top_sensor_tells[SKEP_TOP_N_SENSORS] = {
	[SKEP_TOP_TASKS] = "processes",
	[SKEP_TOP_NET] = "bytes over the network",
	[SKEP_TOP_GROUPS] = "memory, throttling and pressure of containers",
	[SKEP_TOP_FILES] = "files",
	[SKEP_TOP_CONNECTIONS] = "connections",
};

/* Scripts of a sensor; the second where the first does not work. */
static const char *const files[SKEP_TOP_N_SENSORS][2] = {
	[SKEP_TOP_TASKS] = { "tasks.bt" },
	[SKEP_TOP_NET] = { "net.bt", "net_older.bt" },
	[SKEP_TOP_GROUPS] = { "groups.bt" },
	[SKEP_TOP_FILES] = { "files.bt" },
	[SKEP_TOP_CONNECTIONS] = { "connections.bt" },
};

static const char *find(const char *file)
{
	static struct skep_unpacked scripts = { &skep_embedded_top, NULL };
	const char *name, *text;

	for (size_t i = 0; (text = skep_unpacked_at(&scripts, i, &name)); i++)
		if (skep_streq(name, file))
			return text;
	return NULL;
}

/* Whether task t is in a group or below: the group's ancestor at that level is read by its address, for the verifier follows none. */
static void add_group(const struct skep_btf *btf, const struct skep_scope_group *g,
		      struct skep_str *out)
{
	struct skep_btf_member member;
	uint32_t id;
	bool ids = btf && skep_btf_find(btf, "cgroup", SKEP_BTF_STRUCT, &id) == 0 &&
		   skep_btf_find_member(btf, id, "ancestor_ids", &member) == 0; /* up to 6.0 */
	_cleanup_(skep_str_fini)
	struct skep_str of = {};

	if (g->kind == SKEP_SCOPE_PID_NS) {
		skep_str_addf(
			out,
			" && (t.thread_pid && t.thread_pid.level >= %u ? ((struct pid_namespace *)*(uint64 *)"
			"((uint64)t.thread_pid + offsetof(struct pid, numbers) + %u)).ns.inum == %" PRIu64
			" : false)",
			g->level, g->level * 16 + 8, g->id);
		return;
	}
	if (g->kind == SKEP_SCOPE_CGROUP)
		skep_str_add(&of, "t.cgroups.dfl_cgrp");
	else
		skep_str_addf(&of, "t.cgroups.subsys[%s_cgrp_id].cgroup", g->controller);
	skep_str_addf(out, " && (%s.level >= %u ? ", of.data, g->level);
	skep_str_addf(
		out,
		ids ? "*(uint64 *)((uint64)%s + offsetof(struct cgroup, ancestor_ids) + %u)"
		    : "((struct cgroup *)*(uint64 *)((uint64)%s + offsetof(struct cgroup, ancestors) + %u)).kn.id",
		of.data, g->level * 8);
	skep_str_addf(out, " == %" PRIu64 " : false)", g->id);
}

/* What kernels call differently, by their types: pages in memory and the state of a thread. */
static void add_prelude(const struct skep_world *world, const struct skep_scope *scope,
			struct skep_str *out)
{
	uint32_t id;
	struct skep_btf_member member;
	const struct skep_btf *btf = world->btf;
	bool counters = btf && skep_btf_find(btf, "mm_rss_stat", SKEP_BTF_STRUCT, &id) == 0;
	bool older = btf && skep_btf_find(btf, "task_struct", SKEP_BTF_STRUCT, &id) == 0 &&
		     skep_btf_find_member(btf, id, "__state", &member) < 0;

	/* The verifier of older kernels does not follow a pointer into an array of atomic numbers. */
	skep_str_add(out, "macro resident(mm) { mm ? ");
	for (unsigned i = 0; i < 3; i++) { /* of files, of nobody, shared */
		unsigned n = i == 2 ? 3 : i;

		skep_str_add(out, i ? " + " : "");
		if (counters)
			skep_str_addf(
				out,
				"*(int64 *)((uint64)mm + offsetof(struct mm_struct, rss_stat) + %u)",
				8 * n);
		else
			skep_str_addf(out, "mm.rss_stat[%u].count", n);
	}
	skep_str_addf(out, " : 0 }\nmacro state(t) { t.%s }\n", older ? "state" : "__state");
	skep_str_add(out, "macro inside(t) { 1");
	for (size_t i = 0; scope && i < scope->n_groups; i++)
		add_group(btf, &scope->groups[i], out);
	skep_str_add(out, " }\n");
}

/* The first thing that went wrong, as one line. */
static char *reason(const struct skep_diag *diag, int r)
{
	for (size_t i = 0; i < diag->n_items; i++)
		if (diag->items[i].level == SKEP_DIAG_ERROR)
			return strdup(diag->items[i].what);
	return strdup(strerror(-r));
}

static int open_script(struct skep_top_sensors *s, enum skep_top_sensor which, const char *file,
		       const struct skep_world *world)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	struct skep_diag diag = {};
	struct skep_watch_options options = {
		.engine = skep_kernel_engine(),
		.world = world,
		.name = file,
		.scope = which == SKEP_TOP_NET || which == SKEP_TOP_FILES ? s->scope : NULL,
	};
	int r;

	if (which == SKEP_TOP_TASKS)
		add_prelude(world, s->groups, &text);
	skep_str_add(&text, find(file));
	options.text = text.data;
	r = skep_watch_open(&options, &diag, &s->watch[which]);
	if (r < 0 && !s->why[which])
		s->why[which] = reason(&diag, r);
	skep_diag_fini(&diag);
	return r;
}

static void open_one(struct skep_top_sensors *s, enum skep_top_sensor which,
		     const struct skep_world *world)
{
	s->tried[which] = true;
	for (size_t i = 0; i < 2 && files[which][i]; i++)
		if (open_script(s, which, files[which][i], world) == 0) {
			free(TAKE_PTR(s->why[which]));
			return;
		}
}

void skep_top_sensors_open(struct skep_top_sensors *s, unsigned wanted)
{
	_cleanup_(skep_world_freep)
	struct skep_kernel_world *world = NULL;
	struct skep_diag diag = {};
	int r = 0;

	for (unsigned i = 0; i < SKEP_TOP_N_SENSORS; i++) {
		if (!(wanted & 1u << i) || s->tried[i])
			continue;
		if (!world)
			r = skep_world_new(&diag, &world);
		if (r >= 0)
			open_one(s, (enum skep_top_sensor)i, skep_world_get(world));
		else if (!s->why[i])
			s->why[i] = strdup(strerror(-r));
		s->tried[i] = true;
	}
	skep_diag_fini(&diag);
	if (!world)
		return;
	skep_world_free(TAKE_PTR(world));
	skep_live_release();
}

void skep_top_sensor_close(struct skep_top_sensors *s, enum skep_top_sensor sensor, const char *why)
{
	skep_watch_close(TAKE_PTR(s->watch[sensor]));
	free(s->why[sensor]);
	s->why[sensor] = strdup(why);
	s->tried[sensor] = true;
}

void skep_top_sensors_fini(struct skep_top_sensors *s)
{
	for (unsigned i = 0; i < SKEP_TOP_N_SENSORS; i++) {
		skep_watch_close(TAKE_PTR(s->watch[i]));
		free(TAKE_PTR(s->why[i]));
	}
}

/* --- rows ------------------------------------------------------------------------------------- */

static const struct skep_schema_field *field(const struct skep_schema *schema, const char *name)
{
	for (size_t i = 0; i < schema->n_fields; i++)
		if (skep_streq(schema->fields[i].name, name))
			return &schema->fields[i];
	return NULL;
}

uint64_t skep_top_number(const struct skep_schema *schema, const void *row, const char *name)
{
	const struct skep_schema_field *f = field(schema, name);

	return f && skep_field_has_int(f) ? skep_field_int(f, row) : 0;
}

void skep_top_text(const struct skep_schema *schema, const void *row, const char *name,
		   char *ret_text, size_t size)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	const struct skep_schema_field *f = field(schema, name);

	if (f)
		skep_field_cell(f, row, NULL, &text);
	snprintf(ret_text, size, "%s", skep_str_text(&text));
}
