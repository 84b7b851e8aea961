/* SPDX-License-Identifier: Apache-2.0 */
#include "who/place.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "who/cgroup.h"
#include "who/container_state.h"

#define SHORT_ID 12
#define AGAIN_NS 1000000 /* at first */
#define ROOT_ID 1	 /* of each hierarchy, the kernel begins to count there */

static bool find_container(const char *root, const char *path,
			   char ret_name[static SKEP_CONTAINER_NAME_MAX], bool *ret_is_id)
{
	size_t len;

	return skep_container_in(root, path, path, &len, ret_name, ret_is_id);
}

static bool take_first(void *data, const struct skep_container *c)
{
	struct skep_container *found = data;

	skep_str_add(&found->name, skep_str_text(&c->name));
	skep_str_add(&found->image, skep_str_text(&c->image));
	skep_str_add(&found->pod, skep_str_text(&c->pod));
	skep_str_add(&found->space, skep_str_text(&c->space));
	return true;
}

static const char *keep(struct skep_arena *arena, const struct skep_str *s)
{
	return skep_arena_strdup(arena, skep_str_text(s));
}

static void fill_container(struct skep_arena *arena, const char *root, const char *name, bool is_id,
			   struct skep_place *place)
{
	_cleanup_(skep_container_fini)
	struct skep_container c = {};
	_cleanup_(skep_str_fini)
	struct skep_str label = {};
	bool known = skep_containers(root, name, take_first, &c);

	if (!c.pod.len && skep_container_pod(root, place->path, &c)) {
		known = true;
		if (!c.name.len)
			skep_str_addf(&c.name, "%.*s", is_id ? SHORT_ID : -1, name);
	}
	place->is_id = is_id;
	place->id = skep_arena_strdup(arena, name);
	place->container = c.name.len
				   ? keep(arena, &c.name)
				   : skep_arena_printf(arena, "%.*s", is_id ? SHORT_ID : -1, name);
	place->image = keep(arena, &c.image);
	place->pod = keep(arena, &c.pod);
	place->space = keep(arena, &c.space);
	skep_container_label(&c, &label);
	place->label = label.len ? keep(arena, &label) : place->container;
	if (!is_id || known)
		place->again_ns = 0;
}

static bool is_unit(const char *s, size_t len)
{
	static const char *const kinds[] = { ".service", ".scope" };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (len > strlen(kinds[i]) &&
		    strncmp(s + len - strlen(kinds[i]), kinds[i], strlen(kinds[i])) == 0)
			return true;
	return false;
}

/* The last component that is a unit, or "". */
static const char *find_unit(struct skep_arena *arena, const char *path)
{
	const char *unit = "";
	size_t len;

	for (const char *at = path; *at == '/'; at += len) {
		len = strcspn(++at, "/");
		if (is_unit(at, len))
			unit = skep_arena_strndup(arena, at, len);
	}
	return unit;
}

/* Again after as long as it is known already. */
static void fill(struct skep_arena *arena, const char *root, struct skep_place *place)
{
	char name[SKEP_CONTAINER_NAME_MAX];
	const char *path = place->path;
	uint64_t now = skep_clock_ns(CLOCK_MONOTONIC), seen = place->seen_ns ?: now;
	bool is_id;

	*place = (struct skep_place){ .path = path,
				      .is_learnt = place->is_learnt,
				      .is_run = place->is_run,
				      .seen_ns = seen,
				      .again_ns = now + MAX(now - seen, AGAIN_NS),
				      .container = "",
				      .id = "",
				      .image = "",
				      .pod = "",
				      .space = "",
				      .label = path };
	place->unit = find_unit(arena, path);
	if (find_container(root, path, name, &is_id) ||
	    (place->is_run && skep_container_last(path, name, &is_id)))
		fill_container(arena, root, name, is_id, place);
	else if (*place->unit)
		place->label = place->unit;
}

static bool is_due(const struct skep_place *place)
{
	return place->again_ns && place->again_ns <= skep_clock_ns(CLOCK_MONOTONIC);
}

static void forget(struct skep_places *p)
{
	skep_hash_fini(&p->by_path);
	skep_hash_fini(&p->by_id);
	skep_arena_free(p->arena);
	p->by_path = p->by_id = (struct skep_hash){};
}

static void begin(struct skep_places *p)
{
	if (p->arena && p->by_path.len < SKEP_PLACES_MAX && p->by_id.len < SKEP_PLACES_MAX)
		return;
	forget(p);
	p->arena = skep_arena_new();
}

static struct skep_place *at_path(struct skep_places *p, const char *root, const char *path)
{
	struct skep_place *place;

	begin(p);
	place = skep_hash_get_str(&p->by_path, path);
	if (place && is_due(place))
		fill(p->arena, root, place);
	if (place)
		return place;
	place = skep_arena_calloc(p->arena, 1, sizeof(*place));
	place->path = skep_arena_strdup(p->arena, path);
	fill(p->arena, root, place);
	skep_hash_set_str(&p->by_path, place->path, place);
	return place;
}

const struct skep_place *skep_places_by_path(struct skep_places *p, const char *root,
					     const char *path)
{
	return at_path(p, root, path);
}

static void set_id(struct skep_places *p, uint64_t id, struct skep_place *place)
{
	uint64_t *key = skep_arena_memdup(p->arena, &id, sizeof(id));

	skep_hash_set(&p->by_id, key, sizeof(*key), place);
}

/* "runc", and what it calls its processes: "runc:[1:CHILD]"; crun runs as a copy of itself in memory. */
static bool is_runtime(const char *comm)
{
	static const char *const names[] = { "runc", "crun", "memfd:crun_clon" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (skep_has_prefix(comm, names[i]) &&
		    (!comm[strlen(names[i])] || comm[strlen(names[i])] == ':'))
			return true;
	return false;
}

void skep_places_learn(struct skep_places *p, const char *root, uint64_t id, const char *path,
		       const char *maker)
{
	struct skep_place *place = at_path(p, root, path);
	bool is_new = skep_hash_get(&p->by_id, &id, sizeof(id)) != place;
	bool is_run = is_runtime(maker) || skep_container_is_unit(path);

	place->is_run |= is_run;
	place->is_learnt = true;
	if (!*place->container && (is_new || is_run))
		fill(p->arena, root, place);
	if (is_new)
		set_id(p, id, place);
}

const struct skep_place *skep_places_by_id(struct skep_places *p, const char *root, uint64_t id)
{
	_cleanup_(skep_str_fini)
	struct skep_str path = {};
	struct skep_place *place;
	int r;

	begin(p);
	place = skep_hash_get(&p->by_id, &id, sizeof(id));
	if (place && !is_due(place))
		return place;
	if (p->catch_up) {
		p->catch_up(p->data);
		begin(p);
		place = skep_hash_get(&p->by_id, &id, sizeof(id));
		if (place && !is_due(place))
			return place;
	}
	/* Where version 1 has no memory hierarchy, its root stands for all that version 2 does not part. */
	if ((id & ~SKEP_PLACE_V1) == ROOT_ID) {
		skep_str_addc(&path, '/');
		r = 0;
	} else {
		r = id & SKEP_PLACE_V1 ? skep_cgroup_path_v1(id & ~SKEP_PLACE_V1, &path)
				       : skep_cgroup_path(id, &path);
	}
	if (r < 0) {
		/* Whether one that nobody was told of was a container when it went, nobody knows. */
		if (!place || !(*place->container || place->is_learnt))
			return NULL;
		place->again_ns = 0; /* it will not come back */
		return place;
	}
	if (place)
		return skep_places_by_path(p, root, place->path);
	place = at_path(p, root, skep_str_text(&path));
	set_id(p, id, place);
	return place;
}

void skep_places_label(struct skep_places *p, const char *root, uint64_t id, struct skep_str *out)
{
	const struct skep_place *place = skep_places_by_id(p, root, id);

	if (place)
		skep_str_add(out, place->label);
	else
		skep_str_addf(out, "gone (cgroup %" PRIu64 ")", id & ~SKEP_PLACE_V1);
}

void skep_places_fini(struct skep_places *p)
{
	forget(p);
	*p = (struct skep_places){};
}

/* How much a line "0::/path", "4:memory:/path", "1:name=systemd:/path" says. */
static unsigned worth(const char *root, const char *line, const char *list, const char *path)
{
	char name[SKEP_CONTAINER_NAME_MAX];
	bool is_id;

	if (find_container(root, path, name, &is_id))
		return 4;
	if (!path[0] || !path[1])
		return 1;
	if (line[0] == '0' && line[1] == ':')
		return 3;
	return skep_has_prefix(list, "name=systemd") || strstr(list, "memory") ? 2 : 1;
}

const char *skep_place_path(const char *root, const char *text, struct skep_arena *arena)
{
	const char *best = NULL;
	unsigned best_worth = 0;

	for (const char *next; *text; text = next) {
		size_t len = strcspn(text, "\n");
		char *line = skep_arena_strndup(arena, text, len);
		char *list = strchr(line, ':'), *path = list ? strchr(list + 1, ':') : NULL;
		unsigned w;

		next = text + len + (text[len] == '\n');
		if (!path)
			continue;
		*path++ = '\0';
		w = worth(root, line, list + 1, path);
		if (w > best_worth) {
			best_worth = w;
			best = path;
		}
	}
	return best;
}
