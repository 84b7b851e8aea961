/* SPDX-License-Identifier: Apache-2.0 */
#include "who/usyms.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/vec.h"
#include "sys/file.h"
#include "who/usyms_priv.h"

#define MAPS_TEXT_MAX (16 * 1024 * 1024)

struct proc {
	uint32_t pid;
	uint64_t used; /* when it was last asked for */
	char *text;    /* /proc/PID/maps, cut into the paths below */
	struct {
		SKEP_VEC(struct skep_mapping);
	} mappings; /* executable ones, ascending */
	struct skep_perfmap *perfmap;
};

struct skep_usyms {
	struct {
		SKEP_VEC(struct proc *);
	} procs;
	size_t max_procs;
	uint64_t clock;
	struct skep_binaries *binaries;
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
	free(proc->text);
	free(proc);
}

/* Keeps what it has when the process is gone (then the file is empty or not there). */
static void read_mappings(struct proc *proc)
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
		if (skep_mapping_parse(line, &m) && m.executable)
			skep_vec_add(&fresh.mappings, m);
	}
	if (fresh.mappings.len == 0)
		return;
	skep_vec_fini(&proc->mappings);
	free(proc->text);
	proc->mappings.data = fresh.mappings.data;
	proc->mappings.len = fresh.mappings.len;
	proc->mappings.cap = fresh.mappings.cap;
	proc->text = TAKE_PTR(text);
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
	read_mappings(proc);
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
		read_mappings(proc);
		m = find_mapping(proc, address);
	}
	if (m && m->inode) {
		sym.binary = m->path;
		sym.name = skep_binaries_find(u->binaries, pid, m, address - m->start + m->offset,
					      &sym.offset);
	} else if (m) {
		sym.binary = m->path;
		if (!proc->perfmap)
			proc->perfmap = skep_perfmap_new(pid);
		sym.name = skep_perfmap_find(proc->perfmap, address, &sym.offset);
	}
	*ret_sym = sym;
	return sym.name;
}

void skep_usyms_observe(struct skep_usyms *u, uint32_t pid)
{
	size_t before = u->procs.len;
	struct proc *proc = get_proc(u, pid);

	if (u->procs.len == before) /* not just read */
		read_mappings(proc);
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
	free(u);
}
