/* SPDX-License-Identifier: Apache-2.0 */
#include "who/container_state.h"

#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "sys/file.h"

#define STATE_FILE_MAX (4 * 1024 * 1024)
#define TEXT_MAX 4096 /* of a name */
#define UID_LEN 36    /* of a pod: 8-4-4-4-12 digits */

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

/*
 * What the files say.
 */

static void take_text(struct skep_json *j, struct skep_str *ret)
{
	char text[TEXT_MAX];

	if (ret->len || !skep_json_text(j, text, sizeof(text)))
		return;
	skep_str_add(ret, text);
}

/* What a cluster says of a container, in an object of texts. */
static void take_labels(struct skep_json *j, struct skep_container *c)
{
	const struct {
		const char *label;
		struct skep_str *to;
	} known[] = {
		{ "io.kubernetes.container.name", &c->name },
		{ "io.kubernetes.cri.container-name", &c->name },
		{ "nerdctl/name", &c->name },
		{ "io.kubernetes.cri.image-name", &c->image },
		{ "io.kubernetes.cri-o.ImageName", &c->image },
		{ "io.kubernetes.pod.name", &c->pod },
		{ "io.kubernetes.cri.sandbox-name", &c->pod },
		{ "io.kubernetes.pod.namespace", &c->space },
		{ "io.kubernetes.cri.sandbox-namespace", &c->space },
	};
	const char *name;

	if (!skep_json_enter(j, '{'))
		return;
	while ((name = skep_json_member(j)))
		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			if (skep_streq(name, known[i].label))
				take_text(j, known[i].to);
}

/* Docker's {"Image": "nginx:1.25", "Labels": {...}}. An image that has no name is no news. */
static void take_config(struct skep_json *j, struct skep_container *c)
{
	_cleanup_(skep_str_fini)
	struct skep_str image = {};
	const char *name;

	if (!skep_json_enter(j, '{'))
		return;
	while ((name = skep_json_member(j))) {
		if (skep_streq(name, "Labels"))
			take_labels(j, c);
		else if (skep_streq(name, "Image"))
			take_text(j, &image);
	}
	if (!c->image.len && !skep_has_prefix(skep_str_text(&image), "sha256:"))
		skep_str_add(&c->image, skep_str_text(&image));
}

/* One container's own file: Docker's, or one of OCI, whose annotations are the labels. False: it tells nothing. */
static bool describe(const char *text, size_t size, struct skep_container *c)
{
	struct skep_json j = skep_json(text, size);
	_cleanup_(skep_str_fini)
	struct skep_str own = {};
	const char *name;

	if (!skep_json_enter(&j, '{'))
		return false;
	while ((name = skep_json_member(&j))) {
		if (skep_streq(name, "annotations"))
			take_labels(&j, c);
		else if (skep_streq(name, "Config"))
			take_config(&j, c);
		else if (skep_streq(name, "Name"))
			take_text(&j, &own);
	}
	/* Docker has a slash in front of its name; what a cluster calls the container is better. */
	if (!c->name.len && skep_has_prefix(skep_str_text(&own), "/"))
		skep_str_add(&c->name, skep_str_text(&own) + 1);
	return c->name.len || c->image.len || c->pod.len || c->space.len;
}

/* JSON in a text of JSON: {"image-name":"nginx",...}. */
static void take_metadata(struct skep_json *outer, struct skep_container *c)
{
	char text[TEXT_MAX];
	struct skep_json j;
	const char *name;

	if (!skep_json_text(outer, text, sizeof(text)))
		return;
	j = skep_json(text, strlen(text));
	if (!skep_json_enter(&j, '{'))
		return;
	while ((name = skep_json_member(&j)))
		if (skep_streq(name, "image-name"))
			take_text(&j, &c->image);
}

/* One of Podman's list: {"id":"...","names":["web"],"metadata":"{\"image-name\":\"nginx\"...}",...} */
static bool take_listed(struct skep_json *j, const char *id, skep_container_fn *take, void *data)
{
	_cleanup_(skep_container_fini)
	struct skep_container c = {};
	struct skep_json names = {};
	bool enough = false;
	const char *name;

	if (!skep_json_enter(j, '{'))
		return false;
	while ((name = skep_json_member(j))) {
		if (skep_streq(name, "id"))
			skep_json_text(j, c.id, sizeof(c.id));
		else if (skep_streq(name, "metadata"))
			take_metadata(j, &c);
		else if (skep_streq(name, "names"))
			names = *j; /* to be read when the rest is known */
	}
	if (!*c.id || (id && !skep_streq(c.id, id)) || !skep_json_enter(&names, '['))
		return false;
	while (!enough && skep_json_element(&names)) {
		skep_str_reset(&c.name);
		take_text(&names, &c.name);
		enough = c.name.len && take(data, &c);
	}
	return enough;
}

static bool take_list(const char *text, size_t size, const char *id, skep_container_fn *take,
		      void *data)
{
	struct skep_json j = skep_json(text, size);
	bool enough = false;

	if (skep_json_enter(&j, '['))
		while (!enough && skep_json_element(&j))
			enough = take_listed(&j, id, take, data);
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
	size_t size;

	if (skep_file_read_regular(path, STATE_FILE_MAX, &text, &size) < 0)
		return false;
	if (!behind)
		return take_list(text, size, id, take, data);
	id_of_path(path, behind, c.id);
	return describe(text, size, &c) && take(data, &c);
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
