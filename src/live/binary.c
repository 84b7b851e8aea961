/* SPDX-License-Identifier: Apache-2.0 */
#include "live/binary.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "obj/zip.h"
#include "sys/file.h"
#include "who/debugfile.h"
#include "who/dwarf.h"

#define CACHE_MAX (64 * 1024 * 1024)
#define PAGE 4096
#define MAPS_MAX (16 * 1024 * 1024)

#if defined(__x86_64__)
#define MULTIARCH "x86_64-linux-gnu"
#elif defined(__aarch64__)
#define MULTIARCH "aarch64-linux-gnu"
#elif defined(__riscv)
#define MULTIARCH "riscv64-linux-gnu"
#elif defined(__s390x__)
#define MULTIARCH "s390x-linux-gnu"
#elif defined(__powerpc64__)
#define MULTIARCH "powerpc64le-linux-gnu"
#else
#define MULTIARCH "lib"
#endif

static const char *const lib_dirs[] = {
	"/lib/" MULTIARCH, "/usr/lib/" MULTIARCH, "/lib64", "/usr/lib64", "/lib",
	"/usr/lib",	   "/usr/local/lib",
};

const char *skep_binary_library_dir(size_t index)
{
	return index < ARRAY_SIZE(lib_dirs) ? lib_dirs[index] : NULL;
}

struct finder {
	struct skep_arena *arena;
	const char *name;
	const char *root; /* "" or "/proc/PID/root" */
	int pid;
};

static bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* @path as the kernel will open it: with the root of the process in front, when that makes a difference. */
static const char *found(const struct finder *f, const char *path)
{
	const char *full = skep_arena_printf(f->arena, "%s%s", f->root, path);
	struct stat here, there;

	if (!is_file(full))
		return NULL;
	if (*f->root && stat(path, &here) == 0 && stat(full, &there) == 0 &&
	    here.st_ino == there.st_ino && here.st_dev == there.st_dev)
		return skep_arena_strdup(f->arena, path);
	return full;
}

static bool library_matches(const char *file, const char *name)
{
	size_t n = strlen(name);

	return strncmp(file, name, n) == 0 &&
	       (file[n] == '\0' || skep_has_prefix(file + n, ".so") ||
		(strstr(name, ".so") && file[n] == '.') ||
		(file[n] == '-' && strstr(file + n, ".so"))); /* libc-2.31.so */
}

/* What the process itself has mapped under that name: its program or a library. */
static const char *in_process(const struct finder *f)
{
	char *text, *line, *path, maps[64], *end;

	snprintf(maps, sizeof(maps), "/proc/%d/maps", f->pid);
	if (skep_file_read(maps, MAPS_MAX, &text, NULL) < 0)
		return NULL;
	for (line = text; *line; line = *end ? end + 1 : end) {
		end = strchrnul(line, '\n');
		path = memchr(line, '/', (size_t)(end - line));
		if (!path)
			continue;
		path = skep_arena_strndup(f->arena, path, (size_t)(end - path));
		if (library_matches(strrchr(path, '/') + 1, f->name)) {
			free(text);
			return found(f, path);
		}
	}
	free(text);
	return NULL;
}

static const char *in_cache(const struct finder *f)
{
	const char *path = skep_arena_printf(f->arena, "%s/etc/ld.so.cache", f->root), *hit;
	char *data;
	size_t size;

	if (skep_file_read(path, CACHE_MAX, &data, &size) < 0)
		return NULL;
	hit = skep_ldcache_find(data, size, f->name);
	hit = hit ? found(f, hit) : NULL;
	free(data);
	return hit;
}

static const char *in_dirs(const struct finder *f)
{
	bool whole = strstr(f->name, ".so");
	const char *hit = NULL;
	glob_t g;

	for (size_t i = 0; !hit && i < ARRAY_SIZE(lib_dirs); i++) {
		const char *pattern = skep_arena_printf(f->arena, "%s%s/%s%s", f->root, lib_dirs[i],
							f->name, whole ? "*" : ".so*");

		if (glob(pattern, 0, NULL, &g) != 0)
			continue;
		hit = found(f, g.gl_pathv[0] + strlen(f->root));
		globfree(&g);
	}
	return hit;
}

static const char *in_path(const struct finder *f)
{
	const char *path = getenv("PATH") ?: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
	const char *end, *hit = NULL;

	for (; !hit && *path; path = *end ? end + 1 : end) {
		end = strchrnul(path, ':');
		if (*path == '/')
			hit = found(f, skep_arena_printf(f->arena, "%.*s/%s", (int)(end - path),
							 path, f->name));
	}
	return hit;
}

static const char *find_one(const struct finder *f)
{
	const char *hit = NULL;

	if (strchr(f->name, '/')) {
		char *absolute = *f->root ? NULL : realpath(f->name, NULL);

		hit = found(f, absolute ? absolute : f->name);
		free(absolute);
		return hit;
	}
	if (f->pid)
		hit = in_process(f);
	if (!hit && skep_has_prefix(f->name, "lib"))
		hit = in_cache(f);
	if (!hit && skep_has_prefix(f->name, "lib"))
		hit = in_dirs(f);
	return hit ? hit : in_path(f);
}

/* *ret_found: something was, and the result is what @each made of it. */
static int search(const struct finder *f, const char *member,
		  int (*each)(void *data, const char *path), void *data, bool *ret_found)
{
	const char *hit;
	int r;

	if (!member && strchr(f->name, '*')) {
		r = skep_binary_each(f->arena, f->name, *f->root ? f->pid : 0, NULL, each, data);
		*ret_found = r != -ENOENT;
		return r;
	}
	hit = find_one(f);
	*ret_found = hit;
	if (!hit)
		return -ENOENT;
	return each(data, member ? skep_arena_printf(f->arena, "%s%s", hit, member) : hit);
}

/* "./x" is a file of our own directory, as in a shell, even with a process; else one of its directory. */
static int search_relative(struct finder *f, const char *member,
			   int (*each)(void *data, const char *path), void *data, bool *ret_found)
{
	const char *root = f->root;
	char link[64], directory[PATH_MAX];
	ssize_t n;
	int r;

	f->root = "";
	r = search(f, member, each, data, ret_found);
	if (*ret_found)
		return r;
	snprintf(link, sizeof(link), "/proc/%d/cwd", f->pid);
	n = readlink(link, directory, sizeof(directory));
	if (n <= 0 || (size_t)n == sizeof(directory))
		return -ENOENT;
	f->root = root;
	f->name = skep_arena_printf(f->arena, "%.*s/%s", (int)n, directory, f->name);
	return search(f, member, each, data, ret_found);
}

static void tell_missing(const char *name, const char *where, struct skep_diag *diag)
{
	skep_diag_error(diag, SKEP_NO_LOC, "there is no binary '%s'%s", name, where);
	skep_diag_hint(diag, strchr(name, '/')
				     ? "give the path of a program or library"
				     : "looked in the loader's cache, the library folders and "
				       "PATH; a full path always works");
}

void skep_binary_missing(const char *name, int pid, struct skep_diag *diag)
{
	tell_missing(name, pid ? " in the file system of that process" : "", diag);
}

int skep_binary_find(struct skep_arena *arena, const char *name, int pid, struct skep_diag *diag,
		     int (*each)(void *data, const char *path), void *data)
{
	const char *member = strstr(name, "!/");
	struct finder f = {
		.arena = arena,
		.name = member ? skep_arena_strndup(arena, name, (size_t)(member - name)) : name,
		.root = pid ? skep_arena_printf(arena, "/proc/%d/root", pid) : "",
		.pid = pid,
	};
	bool relative = pid && *f.name != '/' && strchr(f.name, '/'), was_found;
	int r;

	if (relative)
		r = search_relative(&f, member, each, data, &was_found);
	else
		r = search(&f, member, each, data, &was_found);
	if (!was_found && relative)
		tell_missing(name, ", neither in this directory nor in that of the process", diag);
	else if (!was_found)
		skep_binary_missing(name, pid, diag);
	return r;
}

static int is_there(void *data, const char *path)
{
	(void)data, (void)path;
	return 1;
}

bool skep_binary_is_there(struct skep_arena *arena, const char *name, int pid)
{
	return skep_binary_find(arena, name, pid, NULL, is_there, NULL) >= 0;
}

static int not_elf(const char *path, struct skep_diag *diag)
{
	skep_diag_error(diag, SKEP_NO_LOC, "'%s' is not a binary (no ELF file)", path);
	skep_diag_hint(diag, "a script runs inside its interpreter: trace that one");
	return -ENOEXEC;
}

static int map_file(const char *path, struct skep_diag *diag, struct skep_binary_file *file)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0) {
		r = -errno;
		skep_diag_error(diag, SKEP_NO_LOC, "cannot open '%s': %s", path, strerror(-r));
		return r;
	}
	if (!S_ISREG(st.st_mode) || st.st_size < 4)
		return not_elf(path, diag);
	file->mapping = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file->mapping == MAP_FAILED) {
		file->mapping = NULL;
		return -errno;
	}
	file->mapping_size = (size_t)st.st_size;
	file->data = file->mapping;
	file->size = file->mapping_size;
	return 0;
}

/* The loader maps a member straight out of its archive, if it can: it must be as it is, and begin with a page. */
static int enter_archive(struct skep_binary_file *file, const char *name, struct skep_diag *diag)
{
	struct skep_zip_member m;
	struct skep_zip zip;
	int r;

	r = skep_zip_open(file->data, file->size, &zip);
	if (r == 0)
		r = skep_zip_find(&zip, name, &m);
	if (r == -ENOENT) {
		skep_diag_error(diag, SKEP_NO_LOC, "the archive '%s' has no member '%s'",
				file->container, name);
		skep_diag_hint(diag, "list what there is: unzip -l %s", file->container);
		return -ENOENT;
	}
	if (r < 0) {
		skep_diag_error(diag, SKEP_NO_LOC, "'%s' is not a ZIP archive that can be read",
				file->container);
		return -ENOEXEC;
	}
	if (m.compressed || m.offset % PAGE) {
		skep_diag_error(diag, SKEP_NO_LOC, "member '%s' of '%s' is %s", name,
				file->container,
				m.compressed ? "compressed" : "not at the beginning of a page");
		skep_diag_hint(diag, "nobody can run it from there: probe the file that it is "
				     "unpacked to");
		return -ENOEXEC;
	}
	file->base = m.offset;
	file->data = (uint8_t *)file->mapping + m.offset;
	file->size = m.size;
	return 0;
}

static int open_elf(const char *path, struct skep_diag *diag, struct skep_binary_file *file)
{
	const char *member = strstr(path, "!/");
	int r;

	file->path = strdup(path);
	if (member)
		file->container = strndup(path, (size_t)(member - path));
	if (!file->path || (member && !file->container))
		skep_oom();
	r = map_file(member ? file->container : path, diag, file);
	if (r == 0 && member)
		r = enter_archive(file, member + 2, diag);
	if (r < 0)
		return r;
	if (file->size < 4 || memcmp(file->data, "\177ELF", 4) != 0)
		return not_elf(path, diag);
	if (skep_elf_parse(file->data, file->size, path, diag, &file->elf) < 0)
		return -ENOEXEC;
	skep_elf_breathe(file->elf,
			 skep_resting_init(&file->resting, file->mapping, file->mapping_size));
	return 0;
}

int skep_binary_open(const char *path, struct skep_diag *diag, struct skep_binary_file **ret_file)
{
	struct skep_binary_file *file = calloc(1, sizeof(*file));
	int r;

	if (!file)
		skep_oom();
	r = open_elf(path, diag, file);
	if (r < 0) {
		skep_binary_close(file);
		return r;
	}
	*ret_file = file;
	return 0;
}

const struct skep_elf *skep_binary_symbols(struct skep_binary_file *file)
{
	_cleanup_free_ char *path = NULL;
	const void *data;
	size_t size;
	int fd;

	if (!file->debug_known && skep_elf_section(file->elf, ".symtab", &data, &size) < 0 &&
	    skep_debugfile_open(file->elf, file->path, &fd, &path) == 0) {
		close(fd);
		if (skep_binary_open(path, NULL, &file->debug) < 0)
			file->debug = NULL;
	}
	file->debug_known = true;
	return file->debug ? file->debug->elf : file->elf;
}

void skep_binary_close(struct skep_binary_file *file)
{
	if (!file)
		return;
	skep_binary_close(file->debug);
	skep_dwarf_close(file->dwarf);
	skep_elf_free(file->elf);
	if (file->mapping)
		munmap(file->mapping, file->mapping_size);
	free((char *)file->container);
	free((char *)file->path);
	free(file);
}
