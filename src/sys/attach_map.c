/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that belong to maps. sk_msg and sk_skb see what goes through the sockets of one; since Linux 6.10 by a link,
 * before that until they are detached. Those of devmap and cpumap are part of an element, beside the interface or the
 * queue that it leads to; what was in the element before comes back in the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "isa/attachtype.h"
#include "isa/mapkind.h"
#include "sys/explain.h"
#include "sys/kernel_priv.h"
#include "sys/named.h"

static int copy(int fd)
{
	int r = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	return r < 0 ? -errno : r;
}

int skep_attach_open_map(const struct skep_loaded *loaded, const struct skep_spec_attach *a,
			 const char *name, struct skep_diag *diag)
{
	int r;

	for (size_t i = 0; i < loaded->spec->n_maps; i++)
		if (skep_streq(loaded->spec->maps[i].name, name))
			return copy(loaded->maps[i].fd);
	r = skep_named_map(name, diag);
	if (r < 0)
		skep_diag_hint(diag,
			       "%s wants a map: one of its object by name, another by its "
			       "path below /sys/fs/bpf or by id:N",
			       a->probe ? a->probe : "the probe");
	return r;
}

/* What is put back when a program leaves: a detach, or an element as it was. */
struct held {
	int map_fd, prog_fd;
	uint32_t attach_type;
	uint8_t key[8];
	uint32_t value[2]; /* both 0: there was no element */
};

static void held_free(struct held *h)
{
	if (!h)
		return;
	if (h->map_fd >= 0)
		close(h->map_fd);
	if (h->prog_fd >= 0)
		close(h->prog_fd);
	free(h);
}

static void held_freep(struct held **h)
{
	held_free(*h);
}

/* Takes @map_fd over. */
static int held_new(int map_fd, int prog_fd, struct held **ret)
{
	struct held *h = calloc(1, sizeof(*h));

	if (!h) {
		close(map_fd);
		return -ENOMEM;
	}
	h->map_fd = map_fd;
	h->prog_fd = copy(prog_fd);
	if (h->prog_fd < 0) {
		held_free(h);
		return -EMFILE;
	}
	*ret = h;
	return 0;
}

/*
 * Maps of sockets.
 */

static bool is_sockmap(uint32_t type)
{
	return type == SKEP_MAP_SOCKMAP || type == SKEP_MAP_SOCKHASH;
}

/* The object's only one, when nobody says which. */
static int open_only_sockmap(const struct skep_loaded *loaded, const struct skep_spec_attach *a,
			     struct skep_diag *diag)
{
	const struct skep_spec *spec = loaded->spec;
	size_t n = 0, found = 0;

	for (size_t i = 0; i < spec->n_maps; i++)
		if (is_sockmap(spec->maps[i].type)) {
			found = i;
			n++;
		}
	if (n == 1)
		return copy(loaded->maps[found].fd);
	skep_diag_error(diag, a->loc,
			"program '%s' belongs to a map of sockets, and its object has %s",
			spec->progs[a->prog].name, n ? "several" : "none");
	skep_diag_hint(diag, "say which: --at %s=MAP", spec->progs[a->prog].name);
	return -EDESTADDRREQ;
}

static void detach_sockmap(void *data)
{
	struct held *h = data;

	(void)!skep_bpf_prog_detach(h->prog_fd, h->map_fd, h->attach_type);
	held_free(h);
}

/* The way before links: it would replace another program silently, so that is asked first. */
static int attach_sockmap(struct skep_loaded *loaded, const struct skep_spec_attach *a, int map_fd,
			  uint32_t attach_type)
{
	_cleanup_(held_freep)
	struct held *h = NULL;
	uint32_t id = 0;
	int r = skep_bpf_prog_query(map_fd, attach_type, &id);

	if (r == 0 && id) {
		close(map_fd);
		return -EBUSY;
	}
	r = held_new(map_fd, loaded->progs[a->prog].fd, &h);
	if (r < 0)
		return r;
	h->attach_type = attach_type;
	r = skep_bpf_prog_attach(h->prog_fd, h->map_fd, attach_type);
	if (r < 0)
		return r;
	return skep_kernel_add_undo(loaded, a->prog, detach_sockmap, TAKE_PTR(h));
}

int skep_attach_sockmap(struct skep_loaded *loaded, const struct skep_spec_attach *a,
			const struct skep_attach_target *t, struct skep_diag *diag)
{
	_cleanup_close_ int map = t->name ? skep_attach_open_map(loaded, a, t->name, diag)
					  : open_only_sockmap(loaded, a, diag);
	struct skep_bpf_link_create attr = {
		.prog_fd = (uint32_t)loaded->progs[a->prog].fd,
		.target_fd = (uint32_t)map,
		/* SEC("sk_skb") alone says nothing of it. */
		.attach_type = loaded->progs[a->prog].attach_type
				       ? loaded->progs[a->prog].attach_type
				       : SKEP_AT_SK_SKB_STREAM_VERDICT,
	};
	int r;

	if (map < 0)
		return map;
	r = skep_bpf_link_create(&attr);
	if (r >= 0)
		return skep_kernel_add_link(loaded, a->prog, r);
	if (r == -EINVAL || r == -EOPNOTSUPP)
		r = attach_sockmap(loaded, a, TAKE_FD(map), attr.attach_type);
	if (r == 0)
		return 0;
	skep_explain_attach(SKEP_DIAG_ERROR, a, t->name ? t->name : "its map", r, diag);
	if (r == -EBUSY)
		skep_diag_hint(diag,
			       "a map of sockets has room for one program of a kind, and this "
			       "one has it");
	else if (r == -EOPNOTSUPP || r == -EINVAL)
		skep_diag_hint(diag, "it has to be a map of kind sockmap or sockhash");
	return r;
}

/*
 * Elements with programs.
 */

static void restore_element(void *data)
{
	static const uint32_t nothing[2];
	struct held *h = data;

	if (!memcmp(h->value, nothing, sizeof(nothing)))
		(void)!skep_bpf_map_delete(h->map_fd, h->key);
	else
		(void)!skep_bpf_map_update(h->map_fd, h->key, h->value, 0);
	held_free(h);
}

static int wrong_element(const struct skep_spec_attach *a, const struct skep_attach_target *t,
			 const char *why, struct skep_diag *diag)
{
	skep_diag_error(diag, a->loc, "cannot attach %s to %s: %s",
			a->probe ? a->probe : "the probe", t->name, why);
	skep_diag_hint(diag, "MAP:KEY:INTERFACE for a devmap, MAP:KEY:QUEUE-SIZE for a cpumap");
	return -EINVAL;
}

/* "MAP:KEY:WHERE": the last two words. */
static bool split(const char *text, char map[256], uint32_t *ret_key, const char **ret_where)
{
	const char *where = strrchr(text, ':'), *key = where;
	char *end;

	while (key && key > text && (key == where || *key != ':'))
		key--;
	if (!key || key == text || (size_t)(key - text) >= 256 || !where[1])
		return false;
	snprintf(map, 256, "%.*s", (int)(key - text), text);
	errno = 0;
	*ret_key = (uint32_t)strtoul(key + 1, &end, 0);
	*ret_where = where + 1;
	return !errno && end == where && end != key + 1;
}

/* What the element leads to: an interface's number, or the size of a queue. */
static bool find_where(uint32_t map_type, const char *where, uint32_t *ret)
{
	if (map_type == SKEP_MAP_CPUMAP)
		*ret = (uint32_t)strtoul(where, NULL, 10);
	else
		*ret = if_nametoindex(where);
	return *ret;
}

static int put(struct held *h, const char *where, const struct skep_spec_attach *a,
	       const struct skep_attach_target *t, struct skep_diag *diag)
{
	struct skep_bpf_map_info info = {};
	uint32_t size = sizeof(info), value[2] = { 0, (uint32_t)h->prog_fd };
	int r = skep_bpf_obj_info(h->map_fd, &info, &size);
	bool cpus = info.type == SKEP_MAP_CPUMAP;

	if (r < 0)
		return r;
	if (!cpus && info.type != SKEP_MAP_DEVMAP && info.type != SKEP_MAP_DEVMAP_HASH)
		return wrong_element(a, t, "its map is no devmap or cpumap", diag);
	if (info.value_size != sizeof(value))
		return wrong_element(a, t,
				     "the values of the map have no room for a program, they "
				     "need 8 bytes (struct bpf_devmap_val, bpf_cpumap_val)",
				     diag);
	if (!find_where(info.type, where, &value[0]))
		return wrong_element(a, t,
				     cpus ? "that is no size of a queue"
					  : "there is no such network interface",
				     diag);
	/* Of an element the kernel gives the program's id. */
	if (skep_bpf_map_lookup(h->map_fd, h->key, h->value) == 0 && h->value[1])
		return -EBUSY;
	return skep_bpf_map_update(h->map_fd, h->key, value, 0);
}

int skep_attach_prog_map(struct skep_loaded *loaded, const struct skep_spec_attach *a,
			 const struct skep_attach_target *t, struct skep_diag *diag)
{
	size_t n_errors = diag ? diag->n_errors : 0;
	_cleanup_(held_freep)
	struct held *h = NULL;
	const char *where;
	char name[256];
	uint32_t key;
	int r;

	if (!split(t->name, name, &key, &where))
		return wrong_element(a, t, "it is no element of a map", diag);
	r = skep_attach_open_map(loaded, a, name, diag);
	if (r < 0)
		return r;
	r = held_new(r, loaded->progs[a->prog].fd, &h);
	if (r < 0)
		return r;
	memcpy(h->key, &key, sizeof(key));
	r = put(h, where, a, t, diag);
	if (r == 0)
		return skep_kernel_add_undo(loaded, a->prog, restore_element, TAKE_PTR(h));
	if (!diag || diag->n_errors == n_errors) {
		skep_explain_attach(SKEP_DIAG_ERROR, a, t->name, r, diag);
		if (r == -EBUSY)
			skep_diag_hint(diag, "that element has a program already");
	}
	return r;
}
