/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "live/import.h"
#include "sys/file.h"

#define FOLDER_FILES_MAX 256

int skep_live_read_all(int fd, struct skep_str *out)
{
	char buffer[16384];
	ssize_t n;

	for (;;) {
		n = read(fd, buffer, sizeof(buffer));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		if (out->len + (size_t)n > SKEP_SCRIPT_MAX)
			return -EFBIG;
		skep_str_addn(out, buffer, (size_t)n);
	}
}

struct files {
	SKEP_VEC(struct skep_import_file);
};

static int why_not(const char **ret_why, int error, const char *why)
{
	*ret_why = why ? why : strerror(-error);
	return error;
}

static int read_file(struct skep_arena *arena, int dir, const char *entry, const char *id,
		     const char *name, struct files *files, const char **ret_why)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	_cleanup_close_ int fd =
		skep_file_open_own(dir, entry, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct skep_import_file file = { .id = id, .name = name };
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return why_not(ret_why, -errno, NULL);
	if (!S_ISREG(st.st_mode))
		return why_not(ret_why, -EINVAL, "it is neither a file nor a folder");
	if (st.st_mode & S_IWOTH)
		return why_not(ret_why, -EPERM, "everybody may write to this file");
	r = skep_live_read_all(fd, &text);
	if (r < 0)
		return why_not(ret_why, r, r == -EFBIG ? "it has more than 16 MiB" : NULL);
	file.text = skep_arena_memdup(arena, skep_str_text(&text), text.len + 1);
	file.len = text.len;
	skep_vec_add(files, file);
	return 0;
}

static int is_source(const struct dirent *d)
{
	return d->d_name[0] != '.' &&
	       (skep_has_suffix(d->d_name, ".bt") || skep_has_suffix(d->d_name, ".h"));
}

/* By name, headers first: scripts use what they define. */
static int compare_sources(const struct dirent **a, const struct dirent **b)
{
	bool a_is_header = skep_has_suffix((*a)->d_name, ".h");

	if (a_is_header != skep_has_suffix((*b)->d_name, ".h"))
		return a_is_header ? -1 : 1;
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* The scripts and headers of a folder, not those of folders in it. */
static int read_folder(struct skep_arena *arena, int dir, const char *id, const char *name,
		       struct files *files, const char **ret_why)
{
	struct dirent **entries;
	int n = scandirat(dir, ".", &entries, is_source, compare_sources), r = 0;

	if (n < 0)
		return why_not(ret_why, -errno, NULL);
	if (!n)
		r = why_not(ret_why, -ENOENT, "the folder has no .bt and no .h files");
	if (n > FOLDER_FILES_MAX)
		r = why_not(ret_why, -E2BIG, "the folder has more than 256 .bt and .h files");
	for (int i = 0; i < n; i++) {
		if (r >= 0)
			r = read_file(arena, dir, entries[i]->d_name,
				      skep_arena_printf(arena, "%s/%s", id, entries[i]->d_name),
				      skep_arena_printf(arena, "%s/%s", name, entries[i]->d_name),
				      files, ret_why);
		free(entries[i]);
	}
	free(entries);
	return r;
}

/* Whoever may write to a folder may put another file in its place. */
static int open_folder(const char *path, int *ret_fd, const char **ret_why)
{
	_cleanup_close_ int fd =
		skep_file_open_own(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return why_not(ret_why, -errno, NULL);
	if (st.st_mode & S_IWOTH)
		return why_not(ret_why, -EPERM, "everybody may write to this folder");
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* @id: where it really is; @name: as it was called. */
static int read_path(struct skep_arena *arena, const char *id, const char *name,
		     struct files *files, const char **ret_why)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	char *folder, *slash;
	int r;

	if (stat(id, &st) < 0)
		return why_not(ret_why, -errno, NULL);
	folder = skep_arena_strdup(arena, id);
	slash = strrchr(folder, '/');
	if (!S_ISDIR(st.st_mode) && slash)
		slash[slash == folder] = '\0';
	r = open_folder(folder, &fd, ret_why);
	if (r < 0)
		return r;
	if (S_ISDIR(st.st_mode))
		return read_folder(arena, fd, id, name, files, ret_why);
	return read_file(arena, fd, strrchr(id, '/') + 1, id, name, files, ret_why);
}

int skep_live_import(void *data, struct skep_arena *arena, const char *path, const char *from,
		     struct skep_import_file **ret_files, size_t *ret_n, const char **ret_why)
{
	const char *script = data, *slash;
	struct files files = {};
	char real[PATH_MAX];
	int r = 0;

	if (script && from && !strchr(from, '/'))
		from = script;
	slash = from ? strrchr(from, '/') : NULL;
	if (path[0] != '/' && slash)
		path = skep_arena_printf(arena, "%.*s/%s", (int)(slash - from), from, path);
	if (!realpath(path, real))
		r = why_not(ret_why, -errno, NULL);
	else
		r = read_path(arena, skep_arena_strdup(arena, real), skep_arena_strdup(arena, path),
			      &files, ret_why);
	if (r >= 0) {
		*ret_files = skep_arena_memdup(arena, files.data, files.len * sizeof(*files.data));
		*ret_n = files.len;
	}
	skep_vec_fini(&files);
	return r;
}
