/* SPDX-License-Identifier: Apache-2.0 */
#include "who/debugfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/str.h"
#include "sys/file.h"

#define ROOT "/usr/lib/debug"
#define ID_BYTES_MAX 32

int skep_debuglink_parse(const void *data, size_t size, const char **ret_name, uint32_t *ret_crc)
{
	const char *name = data;
	size_t len = strnlen(name, size), at = ALIGN_UP(len + 1, (size_t)4);

	if (!len || len == size || at + 4 > size || memchr(name, '/', len) ||
	    skep_streq(name, "..") || skep_streq(name, "."))
		return -EINVAL;
	memcpy(ret_crc, name + at, 4);
	*ret_name = name;
	return 0;
}

static int by_build_id(const struct skep_elf *elf, struct skep_str *path)
{
	const uint8_t *id;
	size_t size;

	if (skep_elf_build_id(elf, &id, &size) < 0 || size < 2 || size > ID_BYTES_MAX)
		return -ENOENT;
	skep_str_add(path, ROOT "/.build-id/");
	for (size_t i = 0; i < size; i++)
		skep_str_addf(path, i == 0 ? "%02x/" : "%02x", id[i]);
	skep_str_add(path, ".debug");
	return skep_file_open_own(AT_FDCWD, skep_str_text(path), O_RDONLY | O_CLOEXEC);
}

/* 1: the same build id; 0: another; -ENOENT: one of the two has none. */
static int same_build_id(const struct skep_elf *a, const struct skep_elf *b)
{
	const uint8_t *x, *y;
	size_t n, m;

	if (skep_elf_build_id(a, &x, &n) < 0 || skep_elf_build_id(b, &y, &m) < 0)
		return -ENOENT;
	return n == m && memcmp(x, y, n) == 0;
}

static bool belongs(const struct skep_elf *elf, int fd, uint32_t crc)
{
	struct skep_elf *debug = NULL;
	int same = -ENOENT;
	struct stat st;
	void *data;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
		return false;
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return false;
	if (skep_elf_parse(data, (size_t)st.st_size, "", NULL, &debug) == 0)
		same = same_build_id(elf, debug);
	if (same == -ENOENT && debug)
		same = crc32_z(0, data, (size_t)st.st_size) == crc;
	skep_elf_free(debug);
	munmap(data, (size_t)st.st_size);
	return same == 1;
}

static int by_link(const struct skep_elf *elf, const char *binary, struct skep_str *path)
{
	static const char *const places[] = { "%.*s/%s", "%.*s/.debug/%s", ROOT "%.*s/%s" };
	const char *name, *slash = binary ? strrchr(binary, '/') : NULL;
	const void *data;
	uint32_t crc;
	size_t size;

	if (!slash || skep_elf_section(elf, ".gnu_debuglink", &data, &size) < 0 ||
	    skep_debuglink_parse(data, size, &name, &crc) < 0)
		return -ENOENT;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		_cleanup_close_ int fd = -1;

		skep_str_reset(path);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		skep_str_addf(path, places[i], (int)(slash - binary), binary, name);
#pragma GCC diagnostic pop
		fd = skep_file_open_own(AT_FDCWD, skep_str_text(path), O_RDONLY | O_CLOEXEC);
		if (fd >= 0 && belongs(elf, fd, crc))
			return TAKE_FD(fd);
	}
	return -ENOENT;
}

int skep_debugfile_open(const struct skep_elf *elf, const char *path, int *ret_fd, char **ret_path)
{
	_cleanup_(skep_str_fini)
	struct skep_str name = {};
	int fd = by_build_id(elf, &name);

	if (fd < 0)
		fd = by_link(elf, path, &name);
	if (fd < 0)
		return -ENOENT;
	*ret_path = strdup(skep_str_text(&name));
	if (!*ret_path) {
		close(fd);
		return -ENOMEM;
	}
	*ret_fd = fd;
	return 0;
}
