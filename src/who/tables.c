/* SPDX-License-Identifier: Apache-2.0 */
#include "who/tables.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/vec.h"
#include "isa/mapkind.h"
#include "obj/eh_frame.h"
#include "sys/bpf.h"
#include "sys/file.h"
#include "who/usyms_priv.h"
#include "who/who.h"

#define TABLES_BYTES_MAX (256u << 20)
#define MAP_INNER (1u << 12)
#define STAT_START_STACK 28 /* field of /proc/PID/stat, from 1 */
#define AHEAD_MAX 16	    /* tables that are made known at one time */
#define AHEAD_STACK_BYTES (64u << 10)

struct file {
	uint64_t dev, inode; /* as in struct skep_mapping */
	uint32_t table;	     /* 0: has none */
};

struct area {
	uint64_t start, end;
	uint64_t bias;
	uint32_t table;
};

struct proc {
	uint32_t pid;
	uint64_t process;
	uint64_t used;
	struct {
		SKEP_VEC(struct area);
	} areas; /* that are in the trie, ascending */
};

/* A table that is being made known to the programs by a thread of its own. */
struct ahead {
	struct skep_tables *tables;
	pthread_t thread;
	uint32_t index;
	int fd;
};

struct skep_tables {
	const struct skep_engine *engine;
	struct skep_loaded *loaded;
	struct skep_unwind_maps maps;
	struct skep_usyms *usyms;
	struct {
		SKEP_VEC(struct file);
	} files;
	struct {
		SKEP_VEC(struct proc *);
	} procs;
	uint32_t n_tables;
	uint64_t bytes, clock;
	bool is_ahead; /* nothing is attached yet */
	unsigned n_ahead;
	struct ahead ahead[AHEAD_MAX];
};

/* --- tables of binaries ----------------------------------------------------------------------------------- */

static int set_block(int fd, uint32_t index, const void *block)
{
	return skep_bpf_map_update(fd, &index, block, 0);
}

/* Root and leaves into the map @fd. */
static int fill(int fd, const struct skep_eh_frame *frames)
{
	struct skep_unwind_row leaf[SKEP_UNWIND_LEAF];
	uint32_t root[SKEP_UNWIND_ROOT];
	size_t n_leaves = (frames->n_rows + SKEP_UNWIND_LEAF - 1) / SKEP_UNWIND_LEAF, n;
	int r = 0;

	memset(root, 0xff, sizeof(root));
	for (size_t i = 0; r == 0 && i < n_leaves; i++) {
		n = MIN((size_t)SKEP_UNWIND_LEAF, frames->n_rows - i * SKEP_UNWIND_LEAF);
		memset(leaf, 0xff, sizeof(leaf));
		memcpy(leaf, frames->rows + i * SKEP_UNWIND_LEAF, n * sizeof(*leaf));
		root[i] = leaf[0].place;
		r = set_block(fd, (uint32_t)i + 1, leaf);
	}
	return r == 0 ? set_block(fd, 0, root) : r;
}

static int make_known(struct skep_tables *t, uint32_t index, int fd)
{
	return t->engine->map_set(t->loaded, (size_t)t->maps.tables, &index, &fd, 0);
}

/* One that is not known in the end is walked by frame pointers, which programs count. */
static void *make_known_ahead(void *data)
{
	struct ahead *a = data;

	(void)!make_known(a->tables, a->index, a->fd);
	close(a->fd);
	return NULL;
}

/*
 * A map in a map is there at once, but the kernel then waits until no program can still see what was there before: 10 ms
 * for each. Threads wait for all of them together, and meanwhile the rest of the start goes on. False: there is no thread.
 */
static bool start_ahead(struct skep_tables *t, uint32_t index, int *fd)
{
	struct ahead *a = &t->ahead[t->n_ahead];
	pthread_attr_t attr;
	bool started;

	if (!t->is_ahead || t->n_ahead == AHEAD_MAX || pthread_attr_init(&attr) != 0)
		return false;
	pthread_attr_setstacksize(&attr, MAX(AHEAD_STACK_BYTES, PTHREAD_STACK_MIN));
	*a = (struct ahead){ .tables = t, .index = index, .fd = *fd };
	started = pthread_create(&a->thread, &attr, make_known_ahead, a) == 0;
	pthread_attr_destroy(&attr);
	if (!started)
		return false;
	(void)TAKE_FD(*fd);
	t->n_ahead++;
	return true;
}

void skep_tables_settle(struct skep_tables *t)
{
	while (t->n_ahead)
		pthread_join(t->ahead[--t->n_ahead].thread, NULL);
	t->is_ahead = false;
}

/* The index of a table made of these rows; 0: there is no room, or the kernel has none. */
static uint32_t add_table(struct skep_tables *t, const struct skep_eh_frame *frames)
{
	size_t n_blocks = (frames->n_rows + SKEP_UNWIND_LEAF - 1) / SKEP_UNWIND_LEAF + 1;
	uint64_t bytes = (uint64_t)n_blocks * SKEP_UNWIND_BLOCK;
	_cleanup_close_ int fd = -1;
	uint32_t index = t->n_tables + 1;

	if (!frames->n_rows || index >= SKEP_UNWIND_TABLES || t->bytes + bytes > TABLES_BYTES_MAX)
		return 0;
	fd = skep_bpf_map_create("unwind_table", SKEP_MAP_ARRAY, 4, SKEP_UNWIND_BLOCK,
				 (uint32_t)n_blocks, MAP_INNER);
	if (fd < 0 || fill(fd, frames) < 0 ||
	    (!start_ahead(t, index, &fd) && make_known(t, index, fd) < 0))
		return 0;
	t->n_tables = index;
	t->bytes += bytes;
	return index;
}

static uint32_t make_table(struct skep_tables *t, uint32_t pid, const struct skep_mapping *m)
{
	const struct skep_elf *elf = skep_binaries_elf(skep_usyms_binaries(t->usyms), pid, m);
	struct skep_eh_frame frames;
	uint32_t index;

	if (!elf || skep_eh_frame_read(elf, SKEP_UNWIND_ROWS_MAX, &frames) < 0)
		return 0;
	skep_binaries_rest(skep_usyms_binaries(t->usyms), m);
	index = add_table(t, &frames);
	skep_eh_frame_fini(&frames);
	return index;
}

/* Also what has no table is told to programs, so that they believe the frame pointer there. */
static uint32_t table_of(struct skep_tables *t, uint32_t pid, const struct skep_mapping *m)
{
	struct skep_unwind_binary_key key = {
		.dev = (m->dev >> 32) << 20 | (uint32_t)m->dev,
		.inode = m->inode,
	};
	struct file file = { .dev = m->dev, .inode = m->inode };

	for (size_t i = 0; i < t->files.len; i++) {
		if (t->files.data[i].inode == m->inode && t->files.data[i].dev == m->dev)
			return t->files.data[i].table;
	}
	file.table = make_table(t, pid, m);
	skep_vec_add(&t->files, file);
	(void)!t->engine->map_set(t->loaded, (size_t)t->maps.binaries, &key, &file.table, 0);
	return file.table;
}

void skep_tables_preload(struct skep_tables *t, const char *path)
{
	struct skep_mapping m = { .path = path };
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	m.dev = (uint64_t)major(st.st_dev) << 32 | minor(st.st_dev);
	m.inode = st.st_ino;
	table_of(t, 0, &m);
}

/* --- areas of processes ----------------------------------------------------------------------------------- */

uint64_t skep_tables_piece(uint64_t start, uint64_t end)
{
	uint64_t piece = start ? start & -start : UINT64_C(1) << 63;

	while (piece > end - start)
		piece >>= 1;
	return piece;
}

static struct skep_unwind_area_key key_of(uint64_t process, uint64_t start, uint64_t piece)
{
	uint64_t address = __builtin_bswap64(start);
	struct skep_unwind_area_key key = { .prefix = 128 - (uint32_t)__builtin_ctzll(piece) };

	memcpy(key.process, &process, sizeof(key.process));
	memcpy(key.address, &address, sizeof(key.address));
	return key;
}

/* False: no room. */
static bool put_area(struct skep_tables *t, uint64_t process, const struct area *a)
{
	struct skep_unwind_area value = {
		.start = a->start,
		.end = a->end,
		.bias = a->bias,
		.table = a->table,
	};
	struct skep_unwind_area_key key;
	uint64_t piece;

	for (uint64_t at = a->start; at < a->end; at += piece) {
		piece = skep_tables_piece(at, a->end);
		key = key_of(process, at, piece);
		if (t->engine->map_set(t->loaded, (size_t)t->maps.areas, &key, &value, 0) < 0)
			return false;
	}
	return true;
}

static void drop_area(struct skep_tables *t, uint64_t process, const struct area *a)
{
	struct skep_unwind_area_key key;
	uint64_t piece;

	for (uint64_t at = a->start; at < a->end; at += piece) {
		piece = skep_tables_piece(at, a->end);
		key = key_of(process, at, piece);
		(void)!t->engine->map_delete(t->loaded, (size_t)t->maps.areas, &key);
	}
}

static void drop_areas(struct skep_tables *t, struct proc *proc)
{
	for (size_t i = 0; i < proc->areas.len; i++)
		drop_area(t, proc->process, &proc->areas.data[i]);
	proc->areas.len = 0;
}

static void free_proc(struct proc *proc)
{
	skep_vec_fini(&proc->areas);
	free(proc);
}

/* Of all but @keep the one that was seen longest ago goes. False: there is no other. */
static bool evict(struct skep_tables *t, const struct proc *keep)
{
	struct proc *oldest = NULL;
	size_t at = 0;

	for (size_t i = 0; i < t->procs.len; i++) {
		if (t->procs.data[i] != keep &&
		    (!oldest || t->procs.data[i]->used < oldest->used)) {
			oldest = t->procs.data[i];
			at = i;
		}
	}
	if (!oldest)
		return false;
	drop_areas(t, oldest);
	free_proc(oldest);
	t->procs.data[at] = skep_vec_last(&t->procs);
	t->procs.len--;
	return true;
}

static struct proc *get_proc(struct skep_tables *t, uint32_t pid)
{
	struct proc *proc;

	t->clock++;
	for (size_t i = 0; i < t->procs.len; i++) {
		proc = t->procs.data[i];
		if (proc->pid == pid) {
			proc->used = t->clock;
			return proc;
		}
	}
	if (t->procs.len >= SKEP_WHO_PROCS_MAX)
		evict(t, NULL);
	proc = calloc(1, sizeof(*proc));
	if (!proc)
		skep_oom();
	proc->pid = pid;
	proc->used = t->clock;
	skep_vec_add(&t->procs, proc);
	return proc;
}

/* Where the stack of the process begins: behind the name, which is in parentheses and may hold anything. */
static int read_start_stack(uint32_t pid, uint64_t *ret_start)
{
	_cleanup_free_ char *text = NULL;
	char path[64], *p;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	if (skep_file_read(path, 65536, &text, NULL) < 0)
		return -ESRCH;
	p = strrchr(text, ')');
	for (unsigned field = 2; p && field < STAT_START_STACK; field++)
		p = strchr(p + 1, ' ');
	if (!p)
		return -EINVAL;
	*ret_start = strtoull(p + 1, NULL, 10);
	return 0;
}

static bool has_area(const struct proc *proc, const struct area *a)
{
	size_t low = 0, high = proc->areas.len;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (proc->areas.data[mid].start < a->start)
			low = mid + 1;
		else
			high = mid;
	}
	return low < proc->areas.len && !memcmp(&proc->areas.data[low], a, sizeof(*a));
}

static struct area make_area(struct skep_tables *t, uint32_t pid, const struct skep_mapping *m)
{
	struct area a;

	memset(&a, 0, sizeof(a)); /* they are compared as bytes */
	a.start = m->start;
	a.end = m->end;
	a.bias = m->start - m->offset;
	if (m->inode)
		a.table = table_of(t, pid, m);
	return a;
}

void skep_tables_process(struct skep_tables *t, uint32_t pid)
{
	struct proc fresh = {}, *proc;
	const struct skep_mapping *list;
	uint64_t start_stack;
	size_t n;

	if (read_start_stack(pid, &start_stack) < 0)
		return;
	proc = get_proc(t, pid);
	fresh.process = skep_unwind_process(pid, start_stack);
	if (fresh.process != proc->process)
		drop_areas(t, proc);
	proc->process = fresh.process;
	list = skep_usyms_mappings(t->usyms, pid, &n);
	for (size_t i = 0; i < n; i++)
		skep_vec_add(&fresh.areas, make_area(t, pid, &list[i]));
	/* What is gone first: the new may lie where it was. */
	for (size_t i = 0; i < proc->areas.len; i++) {
		if (!has_area(&fresh, &proc->areas.data[i]))
			drop_area(t, proc->process, &proc->areas.data[i]);
	}
	for (size_t i = 0; i < fresh.areas.len; i++) {
		const struct area *a = &fresh.areas.data[i];

		while (!has_area(proc, a) && !put_area(t, proc->process, a) && evict(t, proc))
			;
	}
	skep_vec_fini(&proc->areas);
	proc->areas.data = fresh.areas.data;
	proc->areas.len = fresh.areas.len;
	proc->areas.cap = fresh.areas.cap;
}

int skep_tables_new(const struct skep_engine *engine, struct skep_loaded *loaded,
		    const struct skep_unwind_maps *maps, struct skep_usyms *usyms,
		    struct skep_tables **ret_tables)
{
	struct skep_tables *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->engine = engine;
	t->loaded = loaded;
	t->maps = *maps;
	t->usyms = usyms;
	t->is_ahead = true;
	*ret_tables = t;
	return 0;
}

void skep_tables_free(struct skep_tables *t)
{
	if (!t)
		return;
	skep_tables_settle(t);
	for (size_t i = 0; i < t->procs.len; i++)
		free_proc(t->procs.data[i]);
	skep_vec_fini(&t->procs);
	skep_vec_fini(&t->files);
	free(t);
}
