/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How runtimes call containers: in the paths of cgroups, and in their state files.
 *
 * The files are JSON. What is wanted from them is whether they hold one exact pair of name and value, so they are
 * searched, not parsed: a container's name has no character that JSON would write in another way.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sys/file.h"
#include "who/group_priv.h"

#define ID_DIGITS 64
#define STATE_FILE_MAX (4 * 1024 * 1024)
#define STATE_DIRS_MAX 4096 /* containers of one runtime that are looked at */

/* Paths of cgroups */

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

bool skep_container_run(const char *root, const char *s, size_t len,
			char ret_name[static SKEP_CONTAINER_NAME_MAX], bool *ret_is_id)
{
	static const struct {
		const char *prefix, *state;
	} runtimes[] = { { "crun-", "%s/run/crun/%.*s/status" },
			 { "runc-", "%s/run/runc/%.*s/state.json" } };

	cut_suffix(s, &len, ".scope");
	for (size_t i = 0; i < ARRAY_SIZE(runtimes); i++) {
		_cleanup_free_ char *state = NULL;
		const char *name = s;
		size_t n = len;

		cut_prefix(&name, &n, runtimes[i].prefix);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		if (!n || *name == '.' || n >= SKEP_CONTAINER_NAME_MAX ||
		    asprintf(&state, runtimes[i].state, root, (int)n, name) < 0)
			continue;
#pragma GCC diagnostic pop
		if (access(state, F_OK) < 0)
			continue;
		copy_name(name, n, ret_name);
		*ret_is_id = false;
		return true;
	}
	return false;
}

/* State files */

struct ids {
	char (*list)[SKEP_CONTAINER_NAME_MAX];
	size_t n, max;
};

static void add_id(struct ids *ids, const char *id, size_t len)
{
	if (ids->n < ids->max && is_id(id, len))
		snprintf(ids->list[ids->n++], SKEP_CONTAINER_NAME_MAX, "%.*s", (int)len, id);
}

/* Whether a file has one of these keys with the value @lead + @name. */
static bool file_has(const char *path, const char *const *keys, const char *lead, const char *name)
{
	_cleanup_free_ char *text = NULL;

	if (skep_file_read_regular(path, STATE_FILE_MAX, &text, NULL) < 0)
		return false;
	for (; *keys; keys++) {
		for (const char *p = text; (p = strstr(p, *keys)); p++) {
			const char *value = p + strlen(*keys);

			/* With and without the blank that some writers put behind a colon. */
			value += strspn(value, ": ");
			if (*value != '"' || !skep_has_prefix(++value, lead))
				continue;
			value += strlen(lead);
			if (skep_has_prefix(value, name) && value[strlen(name)] == '"')
				return true;
		}
	}
	return false;
}

/* Directories that are called as the container's id, each with a file that has its name. */
static void search_dirs(const char *root, const char *dir, const char *file,
			const char *const *keys, const char *lead, const char *name,
			struct ids *ids)
{
	_cleanup_free_ char *path = NULL;
	unsigned left = STATE_DIRS_MAX;
	struct dirent *e;
	DIR *d;

	if (asprintf(&path, "%s%s", root, dir) < 0)
		return;
	d = opendir(path);
	while (d && left-- && (e = readdir(d))) {
		_cleanup_free_ char *state = NULL;

		if (is_id(e->d_name, strlen(e->d_name)) &&
		    asprintf(&state, "%s/%s/%s", path, e->d_name, file) > 0 &&
		    file_has(state, keys, lead, name))
			add_id(ids, e->d_name, strlen(e->d_name));
	}
	if (d)
		closedir(d);
}

/* The namespaces of containerd: a directory each, with a directory for each container. */
static void search_containerd(const char *root, const char *dir, const char *name, struct ids *ids)
{
	static const char *const keys[] = { "\"io.kubernetes.cri.container-name\"",
					    "\"nerdctl/name\"", NULL };
	_cleanup_free_ char *path = NULL;
	struct dirent *e;
	DIR *d;

	if (asprintf(&path, "%s%s", root, dir) < 0)
		return;
	d = opendir(path);
	while (d && (e = readdir(d))) {
		_cleanup_free_ char *below = NULL;

		if (e->d_name[0] != '.' && asprintf(&below, "%s/%s", dir, e->d_name) > 0)
			search_dirs(root, below, "config.json", keys, "", name, ids);
	}
	if (d)
		closedir(d);
}

/* Podman keeps one list: {"id":"...","names":["web"],...}. The id stands in front of the names. */
static void search_podman(const char *root, const char *file, const char *name, struct ids *ids)
{
	static const char id_key[] = "\"id\":", names_key[] = "\"names\":[";
	_cleanup_free_ char *path = NULL, *text = NULL, *quoted = NULL;
	const char *p, *id = NULL, *end;

	if (asprintf(&path, "%s%s", root, file) < 0 || asprintf(&quoted, "\"%s\"", name) < 0 ||
	    skep_file_read_regular(path, STATE_FILE_MAX, &text, NULL) < 0)
		return;
	for (p = text; *p; p++) {
		if (strncmp(p, id_key, strlen(id_key)) == 0)
			id = p + strlen(id_key) + strspn(p + strlen(id_key), " \"");
		if (!id || strncmp(p, names_key, strlen(names_key)) != 0)
			continue;
		end = strchrnul(p, ']');
		p = memmem(p, (size_t)(end - p), quoted, strlen(quoted));
		if (p)
			add_id(ids, id, strcspn(id, "\""));
		p = end - 1;
	}
}

size_t skep_container_ids(const char *root, const char *name, char (*list)[SKEP_CONTAINER_NAME_MAX],
			  size_t max)
{
	static const char *const docker[] = { "\"Name\"", NULL };
	struct ids ids = { list, 0, max };

	if (!*name || strpbrk(name, "\"\\/"))
		return 0;
	search_dirs(root, "/var/lib/docker/containers", "config.v2.json", docker, "/", name, &ids);
	search_podman(root, "/var/lib/containers/storage/overlay-containers/containers.json", name,
		      &ids);
	search_containerd(root, "/run/containerd/io.containerd.runtime.v2.task", name, &ids);
	search_containerd(root, "/run/k3s/containerd/io.containerd.runtime.v2.task", name, &ids);
	return ids.n;
}
