/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places of programs that no link holds: perf events, cgroups, maps of sockets, maps of programs, interfaces. The kernel
 * does not tell them by program, so each sort of place is searched, and only when there is a program that may be there.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "isa/attachtype.h"
#include "isa/mapkind.h"
#include "isa/progkind.h"
#include "sys/inventory_priv.h"

#define PROGS_MAX 64 /* attached to one place */
#define DEPTH_MAX 32
#define TAIL_CALLS_MAX 4096 /* elements of one map of programs */

static const struct skep_inventory_place *place_of(const struct skep_inventory_kept *k,
						   uint32_t prog)
{
	for (size_t i = 0; i < k->places.len; i++)
		if (k->places.data[i].prog == prog)
			return &k->places.data[i];
	return NULL;
}

static bool has_place(const struct skep_inventory_kept *k, uint32_t prog, const char *kind,
		      const char *text, uint64_t cgroup)
{
	for (size_t i = 0; i < k->places.len; i++) {
		const struct skep_inventory_place *p = &k->places.data[i];

		if (p->prog == prog && p->cgroup == cgroup && skep_streq(p->kind, kind) &&
		    skep_streq(p->text, text))
			return true;
	}
	return false;
}

/* Which kinds of programs have one without a place. */
static uint64_t open_kinds(const struct skep_inventory_kept *k)
{
	uint64_t kinds = 0;

	for (size_t i = 0, at = 0; i < k->progs.len; i++) { /* both ascend by program */
		while (at < k->places.len && k->places.data[at].prog < k->progs.data[i].id)
			at++;
		if ((at == k->places.len || k->places.data[at].prog != k->progs.data[i].id) &&
		    k->progs.data[i].type < 64)
			kinds |= SKEP_KIND(k->progs.data[i].type);
	}
	return kinds;
}

/* --- perf events ------------------------------------------------------------------------------ */

static void look_at_perf(struct skep_inventory_kept *k, const struct skep_inventory_holder *h)
{
	static const char *const kinds[] = { "raw_tp",	  "tracepoint", "kprobe",
					     "kretprobe", "uprobe",	"uretprobe" };
	char name[4096] = "";
	struct skep_bpf_task_fd_query attr = {
		.pid = h->pid,
		.fd = (uint32_t)h->fd,
		.buf = skep_bpf_ptr(name),
		.buf_len = sizeof(name),
	};
	struct skep_str text = {};
	const char *kind = "perf event";
	bool told = skep_bpf(SKEP_BPF_TASK_FD_QUERY, &attr, sizeof(attr)) == 0 &&
		    attr.fd_type < ARRAY_SIZE(kinds);

	if (told) {
		name[sizeof(name) - 1] = 0;
		skep_str_add(&text, name);
		if (!name[0])
			skep_str_addf(&text, "%#" PRIx64, attr.probe_addr);
		else if (attr.fd_type >= 4 || (attr.fd_type >= 2 && attr.probe_offset))
			skep_str_addf(&text, "+%#" PRIx64, attr.probe_offset);
	}
	if (told)
		kind = kinds[attr.fd_type];
	if (!has_place(k, h->id, kind, skep_str_text(&text), 0)) /* of another CPU */
		skep_inventory_add_place(k, h->id, 0, kind, skep_str_text(&text));
	skep_str_fini(&text);
}

static void take_perf(struct skep_inventory_kept *k)
{
	for (size_t i = 0; i < k->holders.len; i++) {
		const struct skep_inventory_holder *h = &k->holders.data[i];
		const struct skep_inventory_place *place;

		if (h->kind != SKEP_INVENTORY_PERF)
			continue;
		place = place_of(k, h->id);
		if (!place || !place->link)
			look_at_perf(k, h);
	}
}

/* --- cgroups ---------------------------------------------------------------------------------- */

static const struct {
	uint32_t prog_type;
	uint32_t first, last; /* attach types */
} cgroup_types[] = {
	{ SKEP_PROG_CGROUP_SKB, SKEP_AT_CGROUP_INET_INGRESS, SKEP_AT_CGROUP_INET_EGRESS },
	{ SKEP_PROG_CGROUP_SOCK, SKEP_AT_CGROUP_INET_SOCK_CREATE, SKEP_AT_CGROUP_INET_SOCK_CREATE },
	{ SKEP_PROG_CGROUP_SOCK, SKEP_AT_CGROUP_INET4_POST_BIND, SKEP_AT_CGROUP_INET6_POST_BIND },
	{ SKEP_PROG_CGROUP_SOCK, SKEP_AT_CGROUP_INET_SOCK_RELEASE,
	  SKEP_AT_CGROUP_INET_SOCK_RELEASE },
	{ SKEP_PROG_SOCK_OPS, SKEP_AT_CGROUP_SOCK_OPS, SKEP_AT_CGROUP_SOCK_OPS },
	{ SKEP_PROG_CGROUP_DEVICE, SKEP_AT_CGROUP_DEVICE, SKEP_AT_CGROUP_DEVICE },
	{ SKEP_PROG_CGROUP_SOCK_ADDR, SKEP_AT_CGROUP_INET4_BIND, SKEP_AT_CGROUP_INET6_CONNECT },
	{ SKEP_PROG_CGROUP_SOCK_ADDR, SKEP_AT_CGROUP_UDP4_SENDMSG, SKEP_AT_CGROUP_UDP6_SENDMSG },
	{ SKEP_PROG_CGROUP_SOCK_ADDR, SKEP_AT_CGROUP_UDP4_RECVMSG, SKEP_AT_CGROUP_UDP6_RECVMSG },
	{ SKEP_PROG_CGROUP_SOCK_ADDR, SKEP_AT_CGROUP_INET4_GETPEERNAME,
	  SKEP_AT_CGROUP_INET6_GETSOCKNAME },
	{ SKEP_PROG_CGROUP_SOCK_ADDR, SKEP_AT_CGROUP_UNIX_CONNECT,
	  SKEP_AT_CGROUP_UNIX_GETSOCKNAME },
	{ SKEP_PROG_CGROUP_SYSCTL, SKEP_AT_CGROUP_SYSCTL, SKEP_AT_CGROUP_SYSCTL },
	{ SKEP_PROG_CGROUP_SOCKOPT, SKEP_AT_CGROUP_GETSOCKOPT, SKEP_AT_CGROUP_SETSOCKOPT },
};

/* Everything that is attached to @fd at this attach type and not known by a link. */
static void query(struct skep_inventory_kept *k, int fd, uint32_t attach_type, uint64_t cgroup,
		  uint32_t map)
{
	char text[32] = "";
	uint32_t ids[PROGS_MAX];
	struct skep_bpf_prog_query attr = {
		.target_fd = (uint32_t)fd,
		.attach_type = attach_type,
		.prog_ids = skep_bpf_ptr(ids),
		.prog_cnt = PROGS_MAX,
	};
	const char *kind = skep_attach_type_name(attach_type);

	if (map)
		snprintf(text, sizeof(text), "map %u", map);
	if (skep_bpf(SKEP_BPF_PROG_QUERY, &attr, sizeof(attr)) < 0)
		return;
	for (uint32_t i = 0; i < MIN(attr.prog_cnt, (uint32_t)PROGS_MAX); i++) {
		if (has_place(k, ids[i], kind, text, cgroup)) /* by a link */
			continue;
		skep_inventory_add_place(k, ids[i], 0, kind, text);
		skep_vec_last(&k->places).cgroup = cgroup;
		skep_vec_last(&k->places).map = map;
	}
}

struct cgroups {
	struct skep_inventory_kept *k;
	uint64_t kinds;
	size_t n;
};

static void look_at_cgroup(struct cgroups *g, int dir, unsigned depth)
{
	const struct dirent *e;
	struct stat st;
	DIR *d;
	int fd;

	if (g->n++ >= SKEP_INVENTORY_CGROUPS_MAX || depth > DEPTH_MAX || fstat(dir, &st) < 0) {
		g->k->left_out++;
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(cgroup_types); i++) {
		if (!(g->kinds & SKEP_KIND(cgroup_types[i].prog_type)))
			continue;
		for (uint32_t at = cgroup_types[i].first; at <= cgroup_types[i].last; at++)
			query(g->k, dir, at, st.st_ino, 0);
	}
	fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((e = readdir(d))) {
		_cleanup_close_ int below = -1;

		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		below = openat(dir, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (below >= 0)
			look_at_cgroup(g, below, depth + 1);
	}
	closedir(d);
}

static void take_cgroups(struct skep_inventory_kept *k, uint64_t kinds)
{
	struct cgroups g = { .k = k, .kinds = kinds };
	_cleanup_close_ int dir = -1;
	uint64_t any = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cgroup_types); i++)
		any |= SKEP_KIND(cgroup_types[i].prog_type);
	if (!(kinds & any) || !k->options->cgroups)
		return;
	dir = open(k->options->cgroups, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0)
		look_at_cgroup(&g, dir, 0);
}

/* --- maps that hold programs, or sockets with programs ------------------------------------------ */

static void look_at_sockets(struct skep_inventory_kept *k, int fd, uint32_t map)
{
	static const uint32_t types[] = { SKEP_AT_SK_SKB_STREAM_PARSER,
					  SKEP_AT_SK_SKB_STREAM_VERDICT, SKEP_AT_SK_SKB_VERDICT,
					  SKEP_AT_SK_MSG_VERDICT };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		query(k, fd, types[i], 0, map);
}

static void look_at_calls(struct skep_inventory_kept *k, int fd,
			  const struct skep_inventory_map *map)
{
	char text[64];
	uint32_t id;

	k->left_out += map->max_entries > TAIL_CALLS_MAX;
	for (uint32_t i = 0; i < MIN(map->max_entries, (uint32_t)TAIL_CALLS_MAX); i++) {
		if (skep_bpf_map_lookup(fd, &i, &id) < 0)
			continue;
		snprintf(text, sizeof(text), "map %u, %u", map->id, i);
		skep_inventory_add_place(k, id, 0, "tail call", text);
		skep_vec_last(&k->places).map = map->id;
	}
}

static void take_maps(struct skep_inventory_kept *k, uint64_t kinds)
{
	uint64_t sockets = SKEP_KIND(SKEP_PROG_SK_SKB) | SKEP_KIND(SKEP_PROG_SK_MSG);

	for (size_t i = 0; i < k->maps.len; i++) {
		const struct skep_inventory_map *map = &k->maps.data[i];
		bool of_sockets = map->type == SKEP_MAP_SOCKMAP || map->type == SKEP_MAP_SOCKHASH;
		_cleanup_close_ int fd = -1;

		if (map->type != SKEP_MAP_PROG_ARRAY && !(of_sockets && kinds & sockets))
			continue;
		fd = skep_bpf_fd_by_id(SKEP_BPF_MAP_FD_BY_ID, map->id);
		if (fd < 0)
			continue;
		if (of_sockets)
			look_at_sockets(k, fd, map->id);
		else
			look_at_calls(k, fd, map);
	}
}

/* Programs that stand in for functions of an interface of the kernel's: their links name a map only. */
static void take_operations(struct skep_inventory_kept *k)
{
	for (size_t i = 0; i < k->progs.len; i++) {
		const struct skep_inventory_prog *prog = &k->progs.data[i];
		struct skep_str text = {};

		if (prog->type != SKEP_PROG_STRUCT_OPS || place_of(k, prog->id))
			continue;
		skep_inventory_add_type(k, prog->attach_btf_obj, prog->attach_btf_id, &text);
		skep_inventory_add_place(k, prog->id, 0, "struct_ops", skep_str_text(&text));
		skep_str_fini(&text);
	}
}

void skep_inventory_take_hooks(struct skep_inventory_kept *k)
{
	uint64_t kinds = open_kinds(k);
	uint64_t filters = SKEP_KIND(SKEP_PROG_SCHED_CLS) | SKEP_KIND(SKEP_PROG_SCHED_ACT);

	take_perf(k);
	if (!kinds)
		return;
	if (kinds & SKEP_KIND(SKEP_PROG_STRUCT_OPS))
		take_operations(k);
	take_cgroups(k, kinds);
	take_maps(k, kinds);
	if (kinds & (filters | SKEP_KIND(SKEP_PROG_XDP)))
		skep_inventory_take_net(k, kinds & filters);
}
