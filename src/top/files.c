/* SPDX-License-Identifier: Apache-2.0 */
/* Files: what has been added to the sums of each file and process. */
#include <stdio.h>
#include <string.h>

#include "top/watching.h"

#define IDLE_LOOKS 5 /* then its sums make room for others */

enum {
	READS,
	READ_BYTES,
	WRITES,
	WRITTEN_BYTES,
	NS
};

struct look {
	struct skep_top_watching *w;
	struct skep_watch *watch;
	struct skep_arena *arena;
	struct skep_snapshot names;
};

static uint64_t key_part(const struct skep_snapshot *s, size_t entry, size_t part)
{
	return skep_field_int(&s->keys[part], s->entries[entry].key);
}

/* Names are of device and inode; of one that came while the names were read the number is shown. */
static void name_file(struct look *l, struct skep_top_file *f)
{
	const struct skep_snapshot *s = &l->names;
	char dir[40] = "", name[72] = "";

	for (size_t i = 0; i < s->n_entries; i++) {
		const struct skep_schema_field *v = &s->value_field;
		struct skep_schema parts = { .fields = v->children, .n_fields = v->n_children };

		if (key_part(s, i, 0) != f->key.dev || key_part(s, i, 1) != f->key.ino)
			continue;
		skep_top_text(&parts, s->entries[i].value, "dir", dir, sizeof(dir));
		skep_top_text(&parts, s->entries[i].value, "name", name, sizeof(name));
		snprintf(f->name, sizeof(f->name), "%s%s%s", skep_streq(dir, "/") ? "" : dir, "/",
			 name);
		return;
	}
	snprintf(f->name, sizeof(f->name), "?");
}

static struct skep_top_file *get(struct look *l, const struct skep_snapshot *s, size_t entry)
{
	struct skep_top_file_key key = {
		.pid = (uint32_t)key_part(s, entry, 0),
		.dev = (uint32_t)key_part(s, entry, 1),
		.ino = key_part(s, entry, 2),
	};
	bool is_new;
	struct skep_top_file *f = skep_top_table_get(&l->w->files, &key, &is_new);

	if (f && is_new) {
		f->pid = key.pid;
		name_file(l, f);
	}
	return f;
}

static uint64_t grow(uint64_t *total, uint64_t now)
{
	uint64_t d = now > *total ? now - *total : 0;

	*total = now;
	return d;
}

static void read_map(struct look *l, const char *map, unsigned first, size_t count_at,
		     size_t bytes_at)
{
	struct skep_snapshot s;

	if (skep_watch_read(l->watch, map, l->arena, &s) < 0)
		return;
	for (size_t i = 0; i < s.n_entries; i++) {
		struct skep_top_file *f = get(l, &s, i);
		const uint64_t *n = s.entries[i].numbers;
		uint64_t more;

		if (!f)
			continue;
		more = grow(&f->totals[first], n[0]);
		*(uint64_t *)((char *)f + count_at) = more;
		if (first != NS)
			*(uint64_t *)((char *)f + bytes_at) =
				skep_top_rate(l->w, grow(&f->totals[first + 1], n[1]));
		if (more)
			f->idle = 0;
		else if (f->idle >= IDLE_LOOKS)
			skep_watch_delete(l->watch, map, s.entries[i].key);
	}
}

static bool is_busy(void *row, void *data)
{
	struct skep_top_file *f = row;

	(void)data;
	return f->idle <= IDLE_LOOKS;
}

void skep_top_look_files(struct skep_top_watching *w)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct look l = { w, w->sensors.watch[SKEP_TOP_FILES], arena, {} };

	if (!l.watch || skep_watch_read(l.watch, "@name", arena, &l.names) < 0)
		return;
	for (size_t i = 0; i < w->files.rows.len; i++) {
		struct skep_top_file *f = w->files.rows.data[i];

		f->idle++;
		f->reads = f->writes = f->read = f->written = f->latency_us = 0;
	}
	read_map(&l, "@read", READS, offsetof(struct skep_top_file, reads),
		 offsetof(struct skep_top_file, read));
	read_map(&l, "@written", WRITES, offsetof(struct skep_top_file, writes),
		 offsetof(struct skep_top_file, written));
	read_map(&l, "@ns", NS, offsetof(struct skep_top_file, latency_us), 0);
	skep_top_table_sweep(&w->files, is_busy, NULL);
	for (size_t i = 0; i < w->files.rows.len; i++) {
		struct skep_top_file *f = w->files.rows.data[i];
		const struct skep_top_process *p = skep_top_process_of(w, f->pid);
		uint64_t n = f->reads + f->writes;

		f->latency_us = n ? f->latency_us / n / 1000 : 0;
		f->reads = skep_top_rate(w, f->reads);
		f->writes = skep_top_rate(w, f->writes);
		if (p)
			memcpy(f->comm, p->comm, sizeof(f->comm));
		else if (!f->comm[0])
			snprintf(f->comm, sizeof(f->comm), "?");
	}
}
