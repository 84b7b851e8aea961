/* SPDX-License-Identifier: Apache-2.0 */
/* How runtimes call containers in the paths of cgroups. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "who/group_priv.h"

#define ID_DIGITS 64

static bool is_id(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isdigit((unsigned char)s[i]) && (s[i] < 'a' || s[i] > 'f'))
			return false;
	return len == ID_DIGITS;
}

static bool cut_prefix(const char **s, size_t *len, const char *prefix)
{
	size_t n = strlen(prefix);

	if (*len <= n || strncmp(*s, prefix, n) != 0)
		return false;
	*s += n;
	*len -= n;
	return true;
}

static bool cut_suffix(const char *s, size_t *len, const char *suffix)
{
	size_t n = strlen(suffix);

	if (*len <= n || strncmp(s + *len - n, suffix, n) != 0)
		return false;
	*len -= n;
	return true;
}

/* systemd writes what is special in a unit's name as \x2d. */
static void copy_name(const char *s, size_t len, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n + 1 < SKEP_CONTAINER_NAME_MAX; i++) {
		char hex[3] = {};

		if (i + 3 < len && s[i] == '\\' && s[i + 1] == 'x' &&
		    isxdigit((unsigned char)s[i + 2]) && isxdigit((unsigned char)s[i + 3])) {
			memcpy(hex, s + i + 2, 2);
			out[n++] = (char)strtoul(hex, NULL, 16);
			i += 3;
		} else {
			out[n++] = s[i];
		}
	}
	out[n] = '\0';
}

bool skep_container_of(const char *parent, const char *s, size_t len,
		       char ret_name[static SKEP_CONTAINER_NAME_MAX], bool *ret_is_id)
{
	static const char *const prefixes[] = { "docker-", "libpod-",	  "cri-containerd-",
						"crio-",   "containerd-", "nerdctl-" };
	bool named = true;

	/* lxc.monitor, libpod-conmon and their like stand beside a container, not for it. */
	if (cut_prefix(&s, &len, "machine-")) {
		if (!cut_suffix(s, &len, ".scope"))
			return false;
	} else if (cut_prefix(&s, &len, "systemd-nspawn@")) {
		if (!cut_suffix(s, &len, ".service"))
			return false;
	} else if (!cut_prefix(&s, &len, "lxc.payload.")) {
		named = skep_streq(parent, "lxc");
	}
	if (!named) {
		cut_suffix(s, &len, ".scope");
		for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
			if (cut_prefix(&s, &len, prefixes[i]))
				break;
		if (!is_id(s, len))
			return false;
	}
	*ret_is_id = !named;
	copy_name(s, len, ret_name);
	return *ret_name;
}

bool skep_container_run(const char *root, const char *parent, const char *s, size_t len,
			char ret_name[static SKEP_CONTAINER_NAME_MAX], bool *ret_is_id)
{
	/* What stands in front of the name in the cgroup, and of the file. */
	static const struct {
		const char *prefix, *folder, *file;
	} runtimes[] = { { "crun-", "/run/crun", "status" },
			 { "runc-", "/run/runc", "state.json" },
			 { "", "/run/containerd/io.containerd.runtime.v2.task", "config.json" } };

	cut_suffix(s, &len, ".scope");
	for (size_t i = 0; i < ARRAY_SIZE(runtimes); i++) {
		bool has_parent = !*runtimes[i].prefix; /* a namespace of containerd */
		_cleanup_free_ char *state = NULL;
		const char *name = s;
		size_t n = len;

		cut_prefix(&name, &n, runtimes[i].prefix);
		if (!n || *name == '.' || n >= SKEP_CONTAINER_NAME_MAX ||
		    (has_parent && !*parent) ||
		    asprintf(&state, "%s%s/%s/%.*s/%s", root, runtimes[i].folder,
			     has_parent ? parent : ".", (int)n, name, runtimes[i].file) < 0)
			continue;
		if (access(state, F_OK) < 0)
			continue;
		copy_name(name, n, ret_name);
		*ret_is_id = false;
		return true;
	}
	return false;
}

static bool cut_runtime(const char **s, size_t *len)
{
	return cut_prefix(s, len, "crun-") || cut_prefix(s, len, "runc-");
}

static const char *last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool skep_container_is_unit(const char *path)
{
	const char *s = last_component(path);
	size_t len = strlen(s);

	return cut_suffix(s, &len, ".scope") && cut_runtime(&s, &len);
}

bool skep_container_last(const char *path, char ret_name[static SKEP_CONTAINER_NAME_MAX],
			 bool *ret_is_id)
{
	const char *s = last_component(path);
	size_t len = strlen(s);

	if (cut_suffix(s, &len, ".scope"))
		cut_runtime(&s, &len);
	copy_name(s, len, ret_name);
	*ret_is_id = false;
	return *ret_name;
}

/* What stands in front of the component at @at. */
static void parent_of(const char *path, const char *at,
		      char ret_parent[static SKEP_CONTAINER_NAME_MAX])
{
	const char *end = at > path ? at - 1 : at, *start = end;

	while (start > path && start[-1] != '/')
		start--;
	snprintf(ret_parent, SKEP_CONTAINER_NAME_MAX, "%.*s",
		 (int)MIN(end - start, SKEP_CONTAINER_NAME_MAX - 1), start);
}

const char *skep_container_in(const char *root, const char *path, const char *from, size_t *ret_len,
			      char ret_name[static SKEP_CONTAINER_NAME_MAX], bool *ret_is_id)
{
	char parent[SKEP_CONTAINER_NAME_MAX];
	size_t len;

	for (const char *at = from; *at == '/'; at += len) {
		len = strcspn(++at, "/");
		parent_of(path, at, parent);
		if (len &&
		    (skep_container_of(parent, at, len, ret_name, ret_is_id) ||
		     (root && skep_container_run(root, parent, at, len, ret_name, ret_is_id)))) {
			*ret_len = len;
			return at;
		}
	}
	return NULL;
}
