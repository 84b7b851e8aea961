/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/tracefs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "base/str.h"
#include "base/vec.h"
#include "sys/file.h"

#define TRACEFS_MAGIC_NUMBER 0x74726163
#define FORMAT_BYTES_MAX (1u << 20)
#define NAME_BYTES_MAX 256

/* fsopen(2) and friends; numbers for C libraries that do not name them yet. */
#define CREATE_COMMAND 6 /* FSCONFIG_CMD_CREATE */

static int open_dir(const char *path)
{
	_cleanup_close_ int fd = -1;
	struct statfs s;

	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &s) < 0)
		return -errno;
	if (s.f_type != TRACEFS_MAGIC_NUMBER)
		return -ENOENT; /* the empty directory where it could be mounted */
	return TAKE_FD(fd);
}

/* A mount that hangs nowhere in the tree of files. */
static int mount_private(void)
{
	_cleanup_close_ int fs = -1;
	int mount;

	fs = (int)syscall(SYS_fsopen, "tracefs", 1 /* close on exec */);
	if (fs < 0)
		return -errno;
	if (syscall(SYS_fsconfig, fs, CREATE_COMMAND, NULL, NULL, 0) < 0)
		return -errno;
	mount = (int)syscall(SYS_fsmount, fs, 1 /* close on exec */, 0);
	return mount < 0 ? -errno : mount;
}

int skep_tracefs_dir(void)
{
	static const char *const places[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	static int known = -1;
	int first = -ENOENT, r;

	if (known >= 0)
		return known;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		r = open_dir(places[i]);
		if (r >= 0)
			return known = r;
		if (r == -EACCES || r == -EPERM)
			first = r;
	}
	r = mount_private();
	if (r >= 0)
		return known = r;
	return r == -EPERM && first == -ENOENT ? -EPERM : first;
}

/* A file of an event, with no way for a name to lead elsewhere. */
static int read_event_file(const char *event, const char *file, size_t limit, char **ret_text)
{
	char path[2 * NAME_BYTES_MAX + 64];
	const char *slash = strchr(event, '/');
	int dir;

	if (!slash || slash == event || !slash[1] || strchr(slash + 1, '/') || event[0] == '.' ||
	    slash[1] == '.' || strlen(event) > (size_t)(2 * NAME_BYTES_MAX))
		return -EINVAL;
	dir = skep_tracefs_dir();
	if (dir < 0)
		return dir;
	snprintf(path, sizeof(path), "events/%s/%s", event, file);
	return skep_file_read_at(dir, path, limit, ret_text, NULL);
}

int skep_tracefs_event_id(const char *event, uint32_t *ret_id)
{
	_cleanup_free_ char *text = NULL;
	unsigned long id;
	char *end;
	int r;

	r = read_event_file(event, "id", 64, &text);
	if (r < 0)
		return r;
	id = strtoul(text, &end, 10);
	if (end == text || id > UINT32_MAX)
		return -EINVAL;
	*ret_id = (uint32_t)id;
	return 0;
}

int skep_tracefs_event_format(const char *event, char **ret_text)
{
	return read_event_file(event, "format", FORMAT_BYTES_MAX, ret_text);
}
