/* SPDX-License-Identifier: Apache-2.0 */
#include "who/label.h"

#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/file.h"
#include "who/cgroup.h"
#include "who/group_priv.h"

#define STATE_FILE_MAX (4 * 1024 * 1024)
#define ID_SHOWN 12

/* The text of "key" in JSON, the first that does not begin with @unlike; appended. False: there is none. */
static bool add_value(const char *json, const char *key, const char *unlike, struct skep_str *out)
{
	size_t len = strlen(key);

	for (const char *p = json; (p = strstr(p, key)); p++) {
		const char *value = p + len;

		if (p == json || p[-1] != '"' || *value != '"')
			continue;
		value++;
		value += strspn(value, " :");
		if (*value != '"' || value[1] == '"' || skep_has_prefix(value + 1, unlike))
			continue;
		for (value++; *value && *value != '"'; value++) {
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
		if (add_value(json, *keys, "sha256:", out))
			return true;
	return false;
}

/* One container's own file. */
static bool describe(const char *json, enum skep_label_what what, struct skep_str *out)
{
	static const char *const names[] = { "io.kubernetes.container.name",
					     "io.kubernetes.cri.container-name", "nerdctl/name",
					     "Name", NULL };
	static const char *const images[] = { "io.kubernetes.cri.image-name",
					      "io.kubernetes.cri-o.ImageName", "Image", NULL };
	static const char *const pods[] = { "io.kubernetes.pod.name",
					    "io.kubernetes.cri.sandbox-name", NULL };
	static const char *const spaces[] = { "io.kubernetes.pod.namespace",
					      "io.kubernetes.cri.sandbox-namespace", NULL };
	_cleanup_(skep_str_fini)
	struct skep_str name = {};
	const char *text;
	size_t before = out->len;

	if (what == SKEP_LABEL_IMAGE)
		return add_first(json, images, out);
	if (add_first(json, spaces, out))
		skep_str_addc(out, '/');
	if (add_first(json, pods, out))
		skep_str_addc(out, '/');
	if (add_first(json, names, &name)) {
		text = skep_str_text(&name);
		skep_str_add(out, text + (*text == '/'));
	} else if (out->len > before) { /* the pod's own container */
		out->data[--out->len] = '\0';
	}
	return out->len > before;
}

/* The list of Podman: {"id":"...","names":["web"],"metadata":"{\"image-name\":\"nginx\"..."},... */
static bool describe_listed(const char *json, const char *id, enum skep_label_what what,
			    struct skep_str *out)
{
	static const char image[] = "\\\"image-name\\\":\\\"", names[] = "\"names\":[\"";
	const char *key = what == SKEP_LABEL_IMAGE ? image : names;
	size_t len = strlen(id);
	const char *p, *next;

	for (p = strstr(json, "\"id\":"); p; p = next) {
		p += 5 + strspn(p + 5, " \"");
		next = strstr(p, "\"id\":");
		if (!skep_has_prefix(p, id) || p[len] != '"')
			continue;
		p = strstr(p, key);
		if (!p || (next && p > next))
			return false;
		p += strlen(key);
		skep_str_addn(out, p, strcspn(p, "\\\""));
		return true;
	}
	return false;
}

/* The files that @pattern, with the container's id in it, leads to. */
static bool look_in(const char *root, const char *pattern, const char *id, bool is_list,
		    enum skep_label_what what, struct skep_str *out)
{
	_cleanup_free_ char *full = NULL;
	const char *gap = strstr(pattern, "ID");
	glob_t found = {};
	bool known = false;

	/* A name that is a pattern would be everybody's. */
	if (strpbrk(id, "*?[\\") ||
	    asprintf(&full, "%s%.*s%s%s", root, gap ? (int)(gap - pattern) : (int)strlen(pattern),
		     pattern, gap ? id : "", gap ? gap + 2 : "") < 0)
		return false;
	if (glob(full, GLOB_NOSORT, NULL, &found) == 0) {
		for (size_t i = 0; !known && i < found.gl_pathc; i++) {
			_cleanup_free_ char *text = NULL;

			if (skep_file_read_regular(found.gl_pathv[i], STATE_FILE_MAX, &text,
						   NULL) == 0)
				known = is_list ? describe_listed(text, id, what, out)
						: describe(text, what, out);
		}
	}
	globfree(&found);
	return known;
}

static bool look_everywhere(const char *root, const char *id, enum skep_label_what what,
			    struct skep_str *out)
{
	static const char *const lists[] = {
		"/var/lib/containers/storage/overlay-containers/containers.json",
		"/home/*/.local/share/containers/storage/overlay-containers/containers.json", NULL
	};
	static const char *const files[] = {
		"/var/lib/docker/containers/ID/config.v2.json",
		"/run/containerd/io.containerd.runtime.v2.task/*/ID/config.json",
		"/run/k3s/containerd/io.containerd.runtime.v2.task/*/ID/config.json",
		"/run/containers/storage/overlay-containers/ID/userdata/config.json",
		"/var/lib/containers/storage/overlay-containers/ID/userdata/config.json",
		NULL
	};

	/* CRI-O has both: its own file knows the pod. */
	for (const char *const *file = files; *file; file++)
		if (look_in(root, *file, id, false, what, out))
			return true;
	for (const char *const *list = lists; *list; list++)
		if (look_in(root, *list, id, true, what, out))
			return true;
	return false;
}

static bool ends_as_unit(const char *s, size_t len)
{
	static const char *const kinds[] = { ".service", ".scope" };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (len > strlen(kinds[i]) &&
		    strncmp(s + len - strlen(kinds[i]), kinds[i], strlen(kinds[i])) == 0)
			return true;
	return false;
}

void skep_label_of_path(const char *root, const char *path, enum skep_label_what what,
			struct skep_str *out)
{
	char name[SKEP_CONTAINER_NAME_MAX], parent[SKEP_CONTAINER_NAME_MAX] = "";
	const char *unit = path;
	size_t len = 0, unit_len = strlen(path);
	bool is_id;

	for (const char *at = path; *at == '/'; at += len) {
		len = strcspn(++at, "/");
		if (skep_container_of(parent, at, len, name, &is_id) ||
		    skep_container_run(root, at, len, name, &is_id)) {
			if ((!is_id || what != SKEP_LABEL_ID) &&
			    look_everywhere(root, name, what, out))
				return;
			if (what != SKEP_LABEL_IMAGE)
				skep_str_addf(out, "%.*s", is_id ? ID_SHOWN : (int)sizeof(name),
					      name);
			return;
		}
		if (ends_as_unit(at, len)) {
			unit = at;
			unit_len = len;
		}
		snprintf(parent, sizeof(parent), "%.*s", (int)MIN(len, sizeof(parent) - 1), at);
	}
	if (what == SKEP_LABEL_NAME)
		skep_str_addn(out, unit, unit_len);
}

static const char *kept(const struct skep_labels *labels, uint64_t id, enum skep_label_what what)
{
	for (size_t i = 0; i < labels->len; i++)
		if (labels->data[i].id == id && labels->data[i].what == what)
			return labels->data[i].text;
	return NULL;
}

void skep_label_add(struct skep_labels *labels, const char *root, uint64_t id,
		    enum skep_label_what what, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str path = {}, text = {};
	const char *known = kept(labels, id, what);
	struct skep_label label = { .id = id, .what = what };
	int r;

	if (known) {
		skep_str_add(out, known);
		return;
	}
	r = id & SKEP_LABEL_V1 ? skep_cgroup_path_v1(id & ~SKEP_LABEL_V1, &path)
			       : skep_cgroup_path(id, &path);
	if (r < 0) {
		skep_str_addf(out, "gone (cgroup %" PRIu64 ")", id & ~SKEP_LABEL_V1);
		return;
	}
	skep_label_of_path(root, skep_str_text(&path), what, &text);
	skep_str_add(out, skep_str_text(&text));
	if (labels->len == SKEP_LABELS_MAX)
		return;
	label.text = strdup(skep_str_text(&text));
	if (!label.text)
		skep_oom();
	skep_vec_add(labels, label);
}

void skep_labels_fini(struct skep_labels *labels)
{
	for (size_t i = 0; i < labels->len; i++)
		free(labels->data[i].text);
	skep_vec_fini(labels);
}
