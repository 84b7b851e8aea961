/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <zlib.h>

#include "sys/file.h"

#define CONFIG_BYTES_MAX (4u << 20)

/* zlib reads what is not compressed as it is. */
static int read_file(const char *path, struct skep_str *out)
{
	char bytes[8192];
	int fd = skep_file_open_own(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY), n;
	gzFile file;

	if (fd < 0)
		return -errno;
	file = gzdopen(fd, "rb");
	if (!file) {
		close(fd);
		return -ENOMEM;
	}
	while ((n = gzread(file, bytes, sizeof(bytes))) > 0 && out->len <= CONFIG_BYTES_MAX)
		skep_str_addn(out, bytes, (size_t)n);
	gzclose(file);
	return n < 0 ? -EINVAL : n > 0 ? -EFBIG : 0;
}

int skep_config_read(const char *path, struct skep_str *out)
{
	/* With the release between the two. */
	static const char *const places[][2] = { { "/boot/config-", "" },
						 { "/lib/modules/", "/config" } };
	struct utsname uts;
	int r;

	skep_str_reset(out);
	r = read_file(path ? path : "/proc/config.gz", out);
	if (r != -ENOENT || path)
		return r;
	if (uname(&uts) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(places) && r == -ENOENT; i++) {
		char name[128];

		snprintf(name, sizeof(name), "%s%s%s", places[i][0], uts.release, places[i][1]);
		r = read_file(name, out);
	}
	return r;
}

bool skep_config_is_set(const char *config, const char *name, size_t len)
{
	for (const char *line = config; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, len) == 0 && line[len] == '=' &&
		    (line[len + 1] == 'y' || line[len + 1] == 'm'))
			return true;
	}
	return false;
}

uint32_t skep_config_kernel_version(void)
{
	unsigned major, minor, patch = 0;
	struct utsname uts;

	if (uname(&uts) < 0 || sscanf(uts.release, "%u.%u.%u", &major, &minor, &patch) < 2)
		return 0;
	return major << 16 | minor << 8 | MIN(patch, 255u);
}
