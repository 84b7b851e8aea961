/* SPDX-License-Identifier: Apache-2.0 */
/* Files with symbols, mapped and indexed once however many processes use them. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/vec.h"
#include "obj/elf_sym.h"
#include "who/debugfile.h"
#include "who/resting.h"
#include "who/usyms_priv.h"

#define BINARIES_MAX 256

struct binary {
	uint64_t dev, inode, used;
	struct skep_resting file; /* its memory */
	struct skep_elf *elf;	  /* NULL: cannot be read, do not try again */
	struct binary *debug;	  /* its symbols in a file of their own, or NULL */
};

struct skep_binaries {
	struct {
		SKEP_VEC(struct binary *);
	} list;
	uint64_t clock;
	struct skep_resting_look look;
};

static void free_binary(struct binary *b)
{
	if (!b)
		return;
	free_binary(b->debug);
	skep_elf_free(b->elf);
	if (b->file.data)
		munmap(b->file.data, b->file.size);
	free(b);
}

static void map_file(struct binary *b, int fd, const char *path)
{
	struct stat st;
	void *data;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
		return;
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return;
	if (skep_elf_parse(data, (size_t)st.st_size, path, NULL, &b->elf) < 0) {
		munmap(data, (size_t)st.st_size);
		return;
	}
	skep_elf_breathe(b->elf, skep_resting_init(&b->file, data, (size_t)st.st_size));
}

static void find_debug(struct binary *b, const char *path)
{
	_cleanup_free_ char *debug = NULL;
	_cleanup_close_ int fd = -1;

	if (skep_debugfile_open(b->elf, path, &fd, &debug) < 0)
		return;
	b->debug = calloc(1, sizeof(*b->debug));
	if (b->debug)
		map_file(b->debug, fd, debug);
}

static int open_path(const char *format, ...) _printf_(1, 2);

static int open_path(const char *format, ...)
{
	_cleanup_free_ char *path = NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&path, format, args);
	va_end(args);
	if (n < 0) {
		path = NULL;
		return -ENOMEM;
	}
	return open(path, O_RDONLY | O_CLOEXEC);
}

/*
 * While the process lives through its mapping, which leads to the very file, deleted or not, or its own root (it may be in a
 * container); else by the path as we see it.
 */
static int open_binary(uint32_t pid, const struct skep_mapping *m)
{
	struct stat st;
	int fd;

	fd = open_path("/proc/%u/map_files/%" PRIx64 "-%" PRIx64, pid, m->start, m->end);
	if (fd < 0)
		fd = open_path("/proc/%u/root%s", pid, m->path);
	if (fd < 0)
		fd = open(m->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* Another file of that name by now: its symbols would be lies. (Devices differ on some file systems.) */
	if (fstat(fd, &st) < 0 || (uint64_t)st.st_ino != m->inode) {
		close(fd);
		return -ESTALE;
	}
	return fd;
}

static struct binary *get_binary(struct skep_binaries *list, uint32_t pid,
				 const struct skep_mapping *m)
{
	struct binary *b;
	size_t oldest = 0;
	int fd;

	list->clock++;
	for (size_t i = 0; i < list->list.len; i++) {
		b = list->list.data[i];
		if (b->inode == m->inode && b->dev == m->dev) {
			b->used = list->clock;
			return b;
		}
		if (b->used < list->list.data[oldest]->used)
			oldest = i;
	}
	if (list->list.len >= BINARIES_MAX) {
		free_binary(list->list.data[oldest]);
		list->list.data[oldest] = skep_vec_last(&list->list);
		list->list.len--;
	}
	b = calloc(1, sizeof(*b));
	if (!b)
		skep_oom();
	b->dev = m->dev;
	b->inode = m->inode;
	b->used = list->clock;
	skep_vec_add(&list->list, b);
	fd = open_binary(pid, m);
	if (fd >= 0) {
		map_file(b, fd, m->path);
		close(fd);
	}
	if (b->elf)
		find_debug(b, m->path);
	return b;
}

static void rest(const struct binary *b)
{
	skep_resting_rest(&b->file);
	if (b->debug)
		rest(b->debug);
}

void skep_binaries_rest(struct skep_binaries *list, const struct skep_mapping *m)
{
	for (size_t i = 0; i < list->list.len; i++)
		if (!m ||
		    (list->list.data[i]->inode == m->inode && list->list.data[i]->dev == m->dev))
			rest(list->list.data[i]);
}

static const char *find_in(const struct skep_elf *elf, uint64_t vaddr, uint64_t *ret_offset)
{
	struct skep_elf_sym sym;

	if (!elf || skep_elf_find_addr(elf, vaddr, &sym) < 0)
		return NULL;
	*ret_offset = vaddr - sym.value;
	return sym.name;
}

const struct skep_elf *skep_binaries_elf(struct skep_binaries *binaries, uint32_t pid,
					 const struct skep_mapping *m)
{
	return get_binary(binaries, pid, m)->elf;
}

const char *skep_binaries_find(struct skep_binaries *binaries, uint32_t pid,
			       const struct skep_mapping *m, uint64_t offset, uint64_t *ret_offset)
{
	struct binary *b = get_binary(binaries, pid, m);
	const char *name = NULL;
	uint64_t vaddr;

	if (!b->elf || skep_elf_vaddr(b->elf, offset, &vaddr) < 0)
		return NULL;
	if (skep_resting_due(&binaries->look)) {
		skep_binaries_rest(binaries, NULL);
		skep_resting_done(&binaries->look);
	}
	if (b->debug)
		name = find_in(b->debug->elf, vaddr, ret_offset);
	return name ? name : find_in(b->elf, vaddr, ret_offset);
}

struct skep_binaries *skep_binaries_new(void)
{
	struct skep_binaries *list = calloc(1, sizeof(*list));

	if (!list)
		skep_oom();
	return list;
}

void skep_binaries_free(struct skep_binaries *binaries)
{
	if (!binaries)
		return;
	for (size_t i = 0; i < binaries->list.len; i++)
		free_binary(binaries->list.data[i]);
	skep_vec_fini(&binaries->list);
	free(binaries);
}
