/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CHUNK_BYTES (64u << 10)
#define LINE_BYTES_MAX 4096u

static int read_all(int fd, size_t limit, char **ret_text, size_t *ret_len)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0, cap = 0;

	for (;;) {
		ssize_t n;
		char *p;

		if (len + 1 >= cap) {
			cap = cap ? cap * 2 : 4096;
			p = realloc(text, cap);
			if (!p)
				return -ENOMEM;
			text = p;
		}
		n = read(fd, text + len, cap - len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		len += (size_t)n;
		if (len > limit)
			return -EFBIG;
	}
	text[len] = 0;
	if (ret_len)
		*ret_len = len;
	*ret_text = TAKE_PTR(text);
	return 0;
}

int skep_file_read_at(int dir, const char *path, size_t limit, char **ret_text, size_t *ret_len)
{
	_cleanup_close_ int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : read_all(fd, limit, ret_text, ret_len);
}

int skep_file_read_regular(const char *path, size_t limit, char **ret_text, size_t *ret_len)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? read_all(fd, limit, ret_text, ret_len) : -EINVAL;
}

int skep_file_read(const char *path, size_t limit, char **ret_text, size_t *ret_len)
{
	return skep_file_read_at(AT_FDCWD, path, limit, ret_text, ret_len);
}

int skep_file_open_own(int dir, const char *path, int flags)
{
	const uint32_t bit = 1u << CAP_DAC_READ_SEARCH | 1u << CAP_DAC_OVERRIDE;
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct had[2] = {}, own[2];
	int fd, error;

	/* The rights of root are root's own. */
	if (getuid() == 0)
		return openat(dir, path, flags);
	if (syscall(SYS_capget, &header, had) < 0)
		return -1;
	memcpy(own, had, sizeof(own));
	own[0].effective &= ~bit;
	if (syscall(SYS_capset, &header, own) < 0)
		return -1;
	fd = openat(dir, path, flags);
	error = errno;
	if (syscall(SYS_capset, &header, had) < 0) {
		error = errno;
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	errno = error;
	return fd;
}

int skep_file_read_number(const char *path, uint64_t *ret_number)
{
	_cleanup_free_ char *text = NULL;
	unsigned long long value;
	char *end;
	int r;

	r = skep_file_read(path, 4096, &text, NULL);
	if (r < 0)
		return r;
	errno = 0;
	value = strtoull(text, &end, strncmp(text, "0x", 2) ? 10 : 16);
	if (errno || end == text || !isdigit((unsigned char)text[0]))
		return -EINVAL;
	while (isspace((unsigned char)*end))
		end++;
	if (*end)
		return -EINVAL;
	*ret_number = value;
	return 0;
}

int skep_file_lines_at(int dir, const char *path, int (*each)(void *data, char *line), void *data)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *buf = NULL;
	size_t len = 0;
	ssize_t n;
	int r;

	fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	buf = malloc(CHUNK_BYTES + 1);
	if (!buf)
		return -ENOMEM;
	for (;;) {
		char *line = buf, *newline;

		n = read(fd, buf + len, CHUNK_BYTES - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		len += (size_t)n;
		buf[len] = 0;
		while ((newline = memchr(line, '\n', (size_t)(buf + len - line)))) {
			*newline = 0;
			r = each(data, line);
			if (r)
				return r;
			line = newline + 1;
		}
		len = (size_t)(buf + len - line);
		/* The last line of a file without newline, or a line of absurd length. */
		if (len && (!n || len >= LINE_BYTES_MAX)) {
			r = each(data, line);
			if (r)
				return r;
			len = 0;
		}
		if (!n)
			return 0;
		memmove(buf, line, len);
	}
}
