/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places: where a process is, as people call it: its container, or the unit of systemd, or the path of its cgroup.
 *
 *	number of a cgroup ─┐
 *	/proc/PID/cgroup ───┴► path ──► the component that is a container ──► state files ──► id, name, image, pod
 *
 * No daemon is asked. What was found is kept, so that names outlive the container; after SKEP_PLACES_MAX it begins anew. A
 * container that is not described yet, or a group that is none yet, is looked at again, ever more rarely: runtimes make the group
 * first.
 *
 * A group may be gone before anybody asks. Whoever is told of groups as they are made (sys/groups.h) hands them on by learn();
 * `catch_up` is called before a group counts as gone, for what was not handed on yet.
 *
 *	place = skep_places_by_id(&places, "", id);	// NULL: it was gone before anybody asked
 *	skep_places_fini(&places);
 *
 * @root stands in front of every path that is looked at: "" but in tests.
 */
#pragma once

#include "base/arena.h"
#include "base/hash.h"
#include "base/str.h"

#define SKEP_PLACES_MAX 4096
/* The number is one of the memory hierarchy of version 1, where version 2 tells containers not apart. */
#define SKEP_PLACE_V1 (UINT64_C(1) << 63)

/* "" is what is not known, or not so. */
struct skep_place {
	const char *path;
	const char *container; /* name, or the id when it has none */
	const char *id;	       /* as the runtime has it; its name when it has no other */
	const char *image, *pod, *space;
	const char *unit;  /* of systemd */
	const char *label; /* "shop/cart-7d9f/web", the unit, or the path */
	bool is_id;	   /* it has a number of 64 digits */
	bool is_learnt;	   /* somebody was told of it, see skep_places_learn */
	bool is_run; /* runc or crun has made it: the last component of the path is a container */
	uint64_t seen_ns;  /* when it was looked at first */
	uint64_t again_ns; /* when to look for its names again; 0: never */
};

struct skep_places {
	struct skep_arena *arena; /* of all places */
	struct skep_hash by_path, by_id;
	void (*catch_up)(void *data); /* or NULL */
	void *data;
};

const struct skep_place *skep_places_by_path(struct skep_places *places, const char *root,
					     const char *path);
const struct skep_place *skep_places_by_id(struct skep_places *places, const char *root,
					   uint64_t id);
/* Group @id is at @path, and whoever is called @maker (comm) has made or removed it. */
void skep_places_learn(struct skep_places *places, const char *root, uint64_t id, const char *path,
		       const char *maker);
/* What people call the group; of one that was gone before anybody asked, that is said. */
void skep_places_label(struct skep_places *places, const char *root, uint64_t id,
		       struct skep_str *out);
void skep_places_fini(struct skep_places *places);

/* The path in a text as of /proc/PID/cgroup that says most: one with a container, of version 2, of systemd. NULL: none. */
const char *skep_place_path(const char *root, const char *text, struct skep_arena *arena);
