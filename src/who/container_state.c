/* SPDX-License-Identifier: Apache-2.0 */
#include "who/container_state.h"

#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "sys/file.h"

#define STATE_FILE_MAX (4 * 1024 * 1024)
#define UID_LEN 36 /* of a pod: 8-4-4-4-12 digits */

void skep_container_fini(struct skep_container *c)
{
	skep_str_fini(&c->name);
	skep_str_fini(&c->image);
	skep_str_fini(&c->pod);
	skep_str_fini(&c->space);
}

void skep_container_label(const struct skep_container *c, struct skep_str *out)
{
	const struct skep_str *parts[] = { &c->space, &c->pod, &c->name };
	size_t before = out->len;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (parts[i]->len)
			skep_str_addf(out, "%s%s", out->len > before ? "/" : "", parts[i]->data);
}

/* JSON */

/* What stands behind @lead in the text of "key", the first that begins so and not with @unlike. False: there is none. */
static bool add_value(const char *json, const char *key, const char *lead, const char *unlike,
		      struct skep_str *out)
{
	size_t len = strlen(key);

	for (const char *p = json; (p = strstr(p, key)); p++) {
		const char *value = p + len;

		if (p == json || p[-1] != '"' || *value != '"')
			continue;
		value++;
		value += strspn(value, " :");
		if (*value != '"' || !skep_has_prefix(++value, lead) ||
		    skep_has_prefix(value, unlike) || value[strlen(lead)] == '"')
			continue;
		for (value += strlen(lead); *value && *value != '"'; value++) {
			value += *value == '\\' && value[1];
			skep_str_addc(out, *value);
		}
		return true;
	}
	return false;
}

static bool add_first(const char *json, const char *const *keys, struct skep_str *out)
{
	for (; *keys; keys++)
		if (add_value(json, *keys, "", "sha256:", out))
			return true;
	return false;
}

/* One container's own file. False: it tells nothing. */
static bool describe(const char *json, struct skep_container *c)
{
	static const char *const names[] = { "io.kubernetes.container.name",
					     "io.kubernetes.cri.container-name", "nerdctl/name",
					     NULL };
	static const char *const images[] = { "io.kubernetes.cri.image-name",
					      "io.kubernetes.cri-o.ImageName", "Image", NULL };
	static const char *const pods[] = { "io.kubernetes.pod.name",
					    "io.kubernetes.cri.sandbox-name", NULL };
	static const char *const spaces[] = { "io.kubernetes.pod.namespace",
					      "io.kubernetes.cri.sandbox-namespace", NULL };
	bool any;

	any = add_first(json, spaces, &c->space);
	any |= add_first(json, pods, &c->pod);
	any |= add_first(json, images, &c->image);
	/* Docker has a slash in front of it, and more things that have a Name. */
	any |= add_first(json, names, &c->name) || add_value(json, "Name", "/", "\"", &c->name);
	return any;
}

/* The list of Podman: {"id":"...","names":["web"],"metadata":"{\"image-name\":\"nginx\"..."},... */
static bool take_listed(const char *entry, const char *end, const char *id, skep_container_fn *take,
			void *data)
{
	static const char image[] = "\\\"image-name\\\":\\\"", names[] = "\"names\":[";
	const char *p = entry + strspn(entry, " \""), *stop;
	_cleanup_(skep_container_fini)
	struct skep_container c = {};
	bool enough = false;

	snprintf(c.id, sizeof(c.id), "%.*s", (int)MIN(strcspn(p, "\""), sizeof(c.id) - 1), p);
	if (id && !skep_streq(c.id, id))
		return false;
	p = memmem(entry, (size_t)(end - entry), image, strlen(image));
	if (p)
		skep_str_addn(&c.image, p + strlen(image), strcspn(p + strlen(image), "\\\""));
	p = memmem(entry, (size_t)(end - entry), names, strlen(names));
	stop = p ? strchrnul(p, ']') : end;
	for (p = p ? p + strlen(names) : stop; !enough && p < stop; p++) {
		size_t len = strcspn(p + 1, "\"");

		if (*p != '"')
			continue;
		skep_str_reset(&c.name);
		skep_str_addn(&c.name, p + 1, len);
		enough = take(data, &c);
		p += len + 1;
	}
	return enough;
}

static bool take_list(const char *json, const char *id, skep_container_fn *take, void *data)
{
	static const char key[] = "\"id\":";
	const char *p = strstr(json, key), *next;
	bool enough = false;

	for (; p && !enough; p = next) {
		p += strlen(key);
		next = strstr(p, key);
		enough = take_listed(p, next ? next : p + strlen(p), id, take, data);
	}
	return enough;
}

/* Files */

/* Where "ID" was in the pattern is the id in the path: so many components from the end. */
static void id_of_path(const char *path, const char *behind,
		       char ret_id[static SKEP_CONTAINER_NAME_MAX])
{
	const char *end = path + strlen(path), *start;

	for (; *behind; behind++) {
		if (*behind != '/')
			continue;
		while (end > path && *--end != '/')
			;
	}
	for (start = end; start > path && start[-1] != '/'; start--)
		;
	snprintf(ret_id, SKEP_CONTAINER_NAME_MAX, "%.*s",
		 (int)MIN(end - start, SKEP_CONTAINER_NAME_MAX - 1), start);
}

static bool take_file(const char *path, const char *behind, const char *id, skep_container_fn *take,
		      void *data)
{
	_cleanup_(skep_container_fini)
	struct skep_container c = {};
	_cleanup_free_ char *text = NULL;

	if (skep_file_read_regular(path, STATE_FILE_MAX, &text, NULL) < 0)
		return false;
	if (!behind)
		return take_list(text, id, take, data);
	id_of_path(path, behind, c.id);
	return describe(text, &c) && take(data, &c);
}

static bool look_in(const char *root, const char *pattern, const char *id, skep_container_fn *take,
		    void *data)
{
	const char *gap = strstr(pattern, "ID");
	_cleanup_free_ char *full = NULL;
	glob_t found = {};
	bool enough = false;

	if (asprintf(&full, "%s%.*s%s%s", root, gap ? (int)(gap - pattern) : (int)strlen(pattern),
		     pattern,
		     !gap ? ""
		     : id ? id
			  : "*",
		     gap ? gap + 2 : "") < 0)
		return false;
	if (glob(full, GLOB_NOSORT, NULL, &found) == 0)
		for (size_t i = 0; !enough && i < MIN(found.gl_pathc, SKEP_CONTAINERS_MAX); i++)
			enough = take_file(found.gl_pathv[i], gap ? gap + 2 : NULL, id, take, data);
	globfree(&found);
	return enough;
}

bool skep_containers(const char *root, const char *id, skep_container_fn *take, void *data)
{
	/*
	 * CRI-O has a file for each and the list: its own file knows the pod. Directories are called after the driver that
	 * keeps the layers, lists of what shall not outlive a crash "volatile-containers.json".
	 */
	static const char *const places[] = {
		"/var/lib/docker/containers/ID/config.v2.json",
		"/run/containerd/io.containerd.runtime.v2.task/*/ID/config.json",
		"/run/k3s/containerd/io.containerd.runtime.v2.task/*/ID/config.json",
		"/run/containers/storage/*-containers/ID/userdata/config.json",
		"/var/lib/containers/storage/*-containers/ID/userdata/config.json",
		"/var/lib/containers/storage/*-containers/*containers.json",
		"/run/containers/storage/*-containers/*containers.json",
		"/home/*/.local/share/containers/storage/*-containers/*containers.json",
	};

	/* A name that is a pattern would be everybody's. */
	if (id && strpbrk(id, "*?[\\/"))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (look_in(root, places[i], id, take, data))
			return true;
	return false;
}

/* Kubernetes */

/* "pod" and a uid, whose dashes systemd has no use for: pod12345678_1234_..., NULL: the path has none. */
static bool find_uid(const char *path, char ret_uid[static UID_LEN + 1])
{
	for (const char *p = path; (p = strstr(p, "pod")); p++) {
		size_t n = 0;

		for (; n < UID_LEN &&
		       (isxdigit((unsigned char)p[3 + n]) || p[3 + n] == '-' || p[3 + n] == '_');
		     n++)
			ret_uid[n] = p[3 + n] == '_' ? '-' : p[3 + n];
		ret_uid[n] = '\0';
		if (n == UID_LEN || n == 32) /* static pods have a hash */
			return true;
	}
	return false;
}

/* NAMESPACE_POD_UID; neither name may have a '_'. */
bool skep_container_pod(const char *root, const char *path, struct skep_container *c)
{
	_cleanup_free_ char *pattern = NULL;
	char uid[UID_LEN + 1];
	const char *name, *pod;
	glob_t found = {};
	bool known;

	if (!find_uid(path, uid) || asprintf(&pattern, "%s/var/log/pods/*_*_%s", root, uid) < 0)
		return false;
	known = glob(pattern, 0, NULL, &found) == 0;
	if (known) {
		name = strrchr(found.gl_pathv[0], '/') + 1;
		pod = strchr(name, '_') + 1;
		skep_str_reset(&c->space);
		skep_str_addn(&c->space, name, (size_t)(pod - 1 - name));
		skep_str_reset(&c->pod);
		skep_str_addn(&c->pod, pod, strcspn(pod, "_"));
	}
	globfree(&found);
	return known;
}
