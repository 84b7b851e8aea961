/* SPDX-License-Identifier: Apache-2.0 */
#include "who/usyms.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/vec.h"
#include "sys/file.h"
#include "who/usyms_priv.h"

#define MAPS_TEXT_MAX (16 * 1024 * 1024)
#define KEPT_MAX 65536 /* mappings of a process, with those that have gone */

struct proc {
	uint32_t pid;
	uint64_t used; /* when it was last asked for */
	struct {
		SKEP_VEC(struct skep_mapping);
	} mappings; /* executable ones, ascending, also of files that are not mapped any more */
	struct skep_perfmap *perfmap;
};

struct skep_usyms {
	struct {
		SKEP_VEC(struct proc *);
	} procs;
	size_t max_procs;
	uint64_t clock;
	struct skep_binaries *binaries;
	struct skep_arena *arena; /* of the paths */
	struct skep_hash paths;
};

/* A hexadecimal or decimal number up to a byte of @stop. */
static bool take_number(char **p, int base, char stop, uint64_t *ret_number)
{
	char *end;

	errno = 0;
	*ret_number = strtoull(*p, &end, base);
	if (end == *p || *end != stop || errno)
		return false;
	*p = end + 1;
	return true;
}

/* "start-end perms offset major:minor inode   path" */
bool skep_mapping_parse(char *line, struct skep_mapping *ret_mapping)
{
	struct skep_mapping m = {};
	uint64_t major, minor;
	char *p = line;

	if (!take_number(&p, 16, '-', &m.start) || !take_number(&p, 16, ' ', &m.end) ||
	    strnlen(p, 5) < 5 || p[4] != ' ')
		return false;
	m.executable = p[2] == 'x';
	p += 5;
	if (!take_number(&p, 16, ' ', &m.offset) || !take_number(&p, 16, ':', &major) ||
	    !take_number(&p, 16, ' ', &minor))
		return false;
	m.inode = strtoull(p, &p, 10);
	m.dev = major << 32 | minor;
	m.path = p + strspn(p, " ");
	if (m.start >= m.end)
		return false;
	*ret_mapping = m;
	return true;
}

static void free_proc(struct proc *proc)
{
	skep_perfmap_free(proc->perfmap);
	skep_vec_fini(&proc->mappings);
	free(proc);
}

/* One copy of each path, for as long as all of this lives. */
static const char *keep_path(struct skep_usyms *u, const char *path)
{
	char *kept;

	if (!*path)
		return "";
	kept = skep_hash_get_str(&u->paths, path);
	if (!kept) {
		kept = skep_arena_strdup(u->arena, path);
		skep_hash_set_str(&u->paths, kept, kept);
	}
	return kept;
}

/* Puts @mappings in the place of what the process had. Files that have gone stay where nothing new is: stacks may be older. */
static void merge(struct proc *proc, const struct skep_mapping *mappings, size_t n)
{
	struct {
		SKEP_VEC(struct skep_mapping);
	} all = {};
	size_t old = 0;

	for (size_t i = 0; i <= n; i++) {
		uint64_t from = i ? mappings[i - 1].end : 0;
		uint64_t to = i < n ? mappings[i].start : UINT64_MAX;

		for (; old < proc->mappings.len && proc->mappings.data[old].start < to; old++) {
			const struct skep_mapping *m = &proc->mappings.data[old];

			if (m->inode && m->start >= from && m->end <= to && all.len < KEPT_MAX)
				skep_vec_add(&all, *m);
		}
		if (i < n)
			skep_vec_add(&all, mappings[i]);
	}
	skep_vec_fini(&proc->mappings);
	proc->mappings.data = all.data;
	proc->mappings.len = all.len;
	proc->mappings.cap = all.cap;
}

/* Keeps what it has when the process is gone (then the file is empty or not there). */
static void read_mappings(struct skep_usyms *u, struct proc *proc)
{
	_cleanup_free_ char *text = NULL;
	char path[64], *line, *next;
	struct proc fresh = {};
	struct skep_mapping m;

	snprintf(path, sizeof(path), "/proc/%u/maps", proc->pid);
	if (skep_file_read(path, MAPS_TEXT_MAX, &text, NULL) < 0)
		return;
	for (line = text; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (!skep_mapping_parse(line, &m) || !m.executable)
			continue;
		m.path = keep_path(u, m.path);
		skep_vec_add(&fresh.mappings, m);
	}
	if (fresh.mappings.len)
		merge(proc, fresh.mappings.data, fresh.mappings.len);
	skep_vec_fini(&fresh.mappings);
}

static struct proc *get_proc(struct skep_usyms *u, uint32_t pid)
{
	struct proc *proc;
	size_t oldest = 0;

	u->clock++;
	for (size_t i = 0; i < u->procs.len; i++) {
		if (u->procs.data[i]->pid == pid) {
			u->procs.data[i]->used = u->clock;
			return u->procs.data[i];
		}
		if (u->procs.data[i]->used < u->procs.data[oldest]->used)
			oldest = i;
	}
	if (u->procs.len >= u->max_procs) {
		free_proc(u->procs.data[oldest]);
		u->procs.data[oldest] = skep_vec_last(&u->procs);
		u->procs.len--;
	}
	proc = calloc(1, sizeof(*proc));
	if (!proc)
		skep_oom();
	proc->pid = pid;
	proc->used = u->clock;
	skep_vec_add(&u->procs, proc);
	read_mappings(u, proc);
	return proc;
}

static const struct skep_mapping *find_mapping(const struct proc *proc, uint64_t address)
{
	for (size_t i = 0; i < proc->mappings.len; i++) {
		const struct skep_mapping *m = &proc->mappings.data[i];

		if (address >= m->start && address < m->end)
			return m;
	}
	return NULL;
}

bool skep_usyms_find(struct skep_usyms *u, uint32_t pid, uint64_t address,
		     struct skep_usym *ret_sym)
{
	struct proc *proc = get_proc(u, pid);
	const struct skep_mapping *m = find_mapping(proc, address);
	struct skep_usym sym = { .binary = "" };

	if (!m) { /* it may have loaded a library since */
		read_mappings(u, proc);
		m = find_mapping(proc, address);
	}
	if (m && m->inode) {
		sym.binary = m->path;
		sym.name = skep_binaries_find(u->binaries, pid, m, address - m->start + m->offset,
					      &sym.offset);
		if (!sym.name)
			sym.offset = address - m->start + m->offset;
	} else { /* of a JIT compiler; its memory may be gone before its process is */
		sym.binary = m ? m->path : "";
		if (!proc->perfmap)
			proc->perfmap = skep_perfmap_new(pid);
		sym.name = skep_perfmap_find(proc->perfmap, address, &sym.offset);
	}
	*ret_sym = sym;
	return sym.name;
}

bool skep_usyms_build_id(struct skep_usyms *u, uint32_t pid, uint64_t address,
			 const uint8_t **ret_id, size_t *ret_size, uint64_t *ret_offset)
{
	struct proc *proc = get_proc(u, pid);
	const struct skep_mapping *m = find_mapping(proc, address);
	const struct skep_elf *elf;

	if (!m) {
		read_mappings(u, proc);
		m = find_mapping(proc, address);
	}
	elf = m && m->inode ? skep_binaries_elf(u->binaries, pid, m) : NULL;
	if (!elf || skep_elf_build_id(elf, ret_id, ret_size) < 0)
		return false;
	*ret_offset = address - m->start + m->offset;
	return true;
}

void skep_usyms_observe(struct skep_usyms *u, uint32_t pid)
{
	size_t before = u->procs.len;
	struct proc *proc = get_proc(u, pid);

	if (u->procs.len == before) /* not just read */
		read_mappings(u, proc);
}

struct skep_binaries *skep_usyms_binaries(struct skep_usyms *u)
{
	return u->binaries;
}

const struct skep_mapping *skep_usyms_mappings(struct skep_usyms *u, uint32_t pid, size_t *ret_n)
{
	const struct proc *proc = get_proc(u, pid);

	*ret_n = proc->mappings.len;
	return proc->mappings.data;
}

int skep_usyms_new(size_t max_procs, struct skep_usyms **ret_usyms)
{
	struct skep_usyms *u = calloc(1, sizeof(*u));

	if (!u)
		return -ENOMEM;
	u->max_procs = MAX(max_procs, (size_t)1);
	u->binaries = skep_binaries_new();
	u->arena = skep_arena_new();
	*ret_usyms = u;
	return 0;
}

void skep_usyms_free(struct skep_usyms *u)
{
	if (!u)
		return;
	for (size_t i = 0; i < u->procs.len; i++)
		free_proc(u->procs.data[i]);
	skep_vec_fini(&u->procs);
	skep_binaries_free(u->binaries);
	skep_hash_fini(&u->paths);
	skep_arena_free(u->arena);
	free(u);
}
