/* SPDX-License-Identifier: Apache-2.0 */
/* Links: what each is, and where it runs its program. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "isa/attachtype.h"
#include "sys/file.h"
#include "sys/inventory_priv.h"
#include "sys/vmlinux.h"

#define TEXT_BYTES 4096

static const char *const kinds[] = {
	[SKEP_BPF_LINK_RAW_TP] = "raw_tracepoint",
	[SKEP_BPF_LINK_TRACING] = "tracing",
	[SKEP_BPF_LINK_CGROUP] = "cgroup",
	[SKEP_BPF_LINK_ITER] = "iter",
	[SKEP_BPF_LINK_NETNS] = "netns",
	[SKEP_BPF_LINK_XDP] = "xdp",
	[SKEP_BPF_LINK_PERF_EVENT] = "perf_event",
	[SKEP_BPF_LINK_KPROBE_MULTI] = "kprobe_multi",
	[SKEP_BPF_LINK_STRUCT_OPS] = "struct_ops",
	[SKEP_BPF_LINK_NETFILTER] = "netfilter",
	[SKEP_BPF_LINK_TCX] = "tcx",
	[SKEP_BPF_LINK_UPROBE_MULTI] = "uprobe_multi",
	[SKEP_BPF_LINK_NETKIT] = "netkit",
	[SKEP_BPF_LINK_SOCKMAP] = "sockmap",
};

/* A link that is being looked at. */
struct look {
	struct skep_inventory_kept *k;
	int fd;
	struct skep_bpf_link_info info;
	char text[TEXT_BYTES];
	struct skep_str out; /* where it is */
	const char *kind;
	uint64_t cgroup;
};

void skep_inventory_add_place(struct skep_inventory_kept *k, uint32_t prog, uint32_t link,
			      const char *kind, const char *text)
{
	skep_vec_add(&k->places, (struct skep_inventory_place){
					 .prog = prog,
					 .link = link,
					 .kind = skep_arena_strdup(k->arena, kind),
					 .text = skep_arena_strdup(k->arena, text),
				 });
}

/* Asks once more, now with room for a text: @pointer and @len are fields of l->info. */
static const char *ask(struct look *l, uint64_t *pointer, uint32_t *len)
{
	uint32_t size = sizeof(l->info);

	memset(&l->info, 0, sizeof(l->info));
	l->text[0] = 0;
	*pointer = skep_bpf_ptr(l->text);
	*len = sizeof(l->text);
	if (skep_bpf_obj_info(l->fd, &l->info, &size) < 0)
		l->text[0] = 0;
	l->text[sizeof(l->text) - 1] = 0;
	return l->text;
}

static void add_interface(uint32_t ifindex, struct skep_str *out)
{
	char name[IF_NAMESIZE];

	if (if_indextoname(ifindex, name))
		skep_str_add(out, name);
	else
		skep_str_addf(out, "interface %u of another namespace", ifindex);
}

/* --- perf events ------------------------------------------------------------------------------ */

static const char *event_name(uint32_t type, uint64_t config)
{
	static const char *const software[] = {
		"cpu-clock",	    "task-clock",   "page-faults",  "context-switches",
		"cpu-migrations",   "minor-faults", "major-faults", "alignment-faults",
		"emulation-faults", "dummy",	    "bpf-output",   "cgroup-switches"
	};
	static const char *const hardware[] = { "cycles",
						"instructions",
						"cache-references",
						"cache-misses",
						"branches",
						"branch-misses",
						"bus-cycles",
						"stalled-cycles-frontend",
						"stalled-cycles-backend",
						"ref-cycles" };

	if (type == PERF_TYPE_SOFTWARE && config < ARRAY_SIZE(software))
		return software[config];
	if (type == PERF_TYPE_HARDWARE && config < ARRAY_SIZE(hardware))
		return hardware[config];
	return NULL;
}

/* The name of what the kernel has registered under that number: "intel_pt"; false: nothing is. */
static bool source_name(uint32_t type, struct skep_str *out)
{
	DIR *dir = opendir("/sys/bus/event_source/devices");
	const struct dirent *e;
	bool found = false;

	while (dir && !found && (e = readdir(dir))) {
		_cleanup_free_ char *text = NULL;
		char path[512];

		snprintf(path, sizeof(path), "/sys/bus/event_source/devices/%s/type", e->d_name);
		if (e->d_name[0] == '.' || skep_file_read(path, 64, &text, NULL) < 0)
			continue;
		found = strtoul(text, NULL, 10) == type;
		if (found)
			skep_str_add(out, e->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* Names of the numbers that are the same everywhere, but those that have names of events. */
static const char *type_name(uint32_t type)
{
	switch (type) {
	case PERF_TYPE_HARDWARE:
		return "hardware";
	case PERF_TYPE_SOFTWARE:
		return "software";
	case PERF_TYPE_TRACEPOINT:
		return "tracepoint";
	case PERF_TYPE_HW_CACHE:
		return "hw-cache";
	case PERF_TYPE_RAW:
		return "raw";
	case PERF_TYPE_BREAKPOINT:
		return "breakpoint";
	default:
		return NULL;
	}
}

static void look_at_event(struct look *l)
{
	uint32_t type = l->info.perf_event.event_type;
	uint64_t config = l->info.perf_event.config;

	l->kind = "perf event";
	if (event_name(type, config)) {
		skep_str_add(&l->out, event_name(type, config));
		return;
	}
	if (type_name(type)) {
		skep_str_add(&l->out, type_name(type));
	} else if (!source_name(type, &l->out)) {
		/* Kernels count their clocks, of software's, under numbers of their own that they do not list. */
		if (config <= PERF_COUNT_SW_TASK_CLOCK) {
			skep_str_add(&l->out, event_name(PERF_TYPE_SOFTWARE, config));
			return;
		}
		skep_str_addf(&l->out, "type %u", type);
	}
	skep_str_addf(&l->out, ", config %#" PRIx64, config);
}

static void look_at_perf(struct look *l)
{
	bool back = l->info.perf_kprobe.type == SKEP_BPF_PERF_KRETPROBE ||
		    l->info.perf_kprobe.type == SKEP_BPF_PERF_URETPROBE;
	const char *name;

	switch (l->info.perf_kprobe.type) {
	case SKEP_BPF_PERF_KPROBE:
	case SKEP_BPF_PERF_KRETPROBE:
		l->kind = back ? "kretprobe" : "kprobe";
		name = ask(l, &l->info.perf_kprobe.func_name, &l->info.perf_kprobe.name_len);
		skep_str_add(&l->out, name);
		if (!*name)
			skep_str_addf(&l->out, "%#" PRIx64, l->info.perf_kprobe.addr);
		else if (l->info.perf_kprobe.offset)
			skep_str_addf(&l->out, "+%u", l->info.perf_kprobe.offset);
		return;
	case SKEP_BPF_PERF_UPROBE:
	case SKEP_BPF_PERF_URETPROBE:
		l->kind = back ? "uretprobe" : "uprobe";
		skep_str_add(&l->out,
			     ask(l, &l->info.perf_uprobe.file_name, &l->info.perf_uprobe.name_len));
		skep_str_addf(&l->out, "+%#x", l->info.perf_uprobe.offset);
		return;
	case SKEP_BPF_PERF_TRACEPOINT:
		l->kind = "tracepoint";
		skep_str_add(&l->out, ask(l, &l->info.perf_tracepoint.tp_name,
					  &l->info.perf_tracepoint.name_len));
		return;
	case SKEP_BPF_PERF_EVENT:
		look_at_event(l);
		return;
	default: /* before 6.6 nothing is said */
		l->kind = "perf event";
	}
}

static void look_at_uprobes(struct look *l)
{
	uint32_t n = l->info.uprobe_multi.count;

	l->kind = l->info.uprobe_multi.flags & SKEP_BPF_F_MULTI_RETURN ? "uretprobes" : "uprobes";
	skep_str_add(&l->out, ask(l, &l->info.uprobe_multi.path, &l->info.uprobe_multi.path_size));
	skep_str_addf(&l->out, " at %u place%s", n, n == 1 ? "" : "s");
	if (l->info.uprobe_multi.pid)
		skep_str_addf(&l->out, " in process %u", l->info.uprobe_multi.pid);
}

/* --- functions -------------------------------------------------------------------------------- */

static uint32_t vmlinux_id(struct skep_inventory_kept *k)
{
	struct skep_bpf_btf_info info = {};
	uint32_t size = sizeof(info);
	_cleanup_close_ int fd = -1;

	if (k->vmlinux_id)
		return k->vmlinux_id;
	fd = skep_bpf_btf_fd_by_name("vmlinux");
	if (fd >= 0 && skep_bpf_obj_info(fd, &info, &size) == 0)
		k->vmlinux_id = info.id;
	return k->vmlinux_id;
}

void skep_inventory_add_type(struct skep_inventory_kept *k, uint32_t object, uint32_t id,
			     struct skep_str *out)
{
	const struct skep_btf *btf;
	char module[64] = "";
	struct skep_bpf_btf_info info = { .name = skep_bpf_ptr(module),
					  .name_len = sizeof(module) };
	uint32_t size = sizeof(info);
	_cleanup_close_ int fd = -1;
	_cleanup_(skep_btf_freep)
	struct skep_btf *own = NULL;

	if (object == vmlinux_id(k)) {
		skep_str_add(out, skep_vmlinux_btf(NULL, &btf) == 0 ? skep_btf_name(btf, id) : "?");
		return;
	}
	fd = skep_bpf_fd_by_id(SKEP_BPF_BTF_FD_BY_ID, object);
	if (fd < 0 || skep_bpf_obj_info(fd, &info, &size) < 0 || !info.kernel_btf)
		return;
	module[sizeof(module) - 1] = 0;
	skep_str_addf(out, "%s:", module);
	if (skep_module_btf(module, NULL, &own) == 0)
		skep_str_add(out, skep_btf_name(own, id));
}

static const struct skep_inventory_prog *find_prog(const struct skep_inventory_kept *k, uint32_t id)
{
	for (size_t i = 0; i < k->progs.len; i++)
		if (k->progs.data[i].id == id)
			return &k->progs.data[i];
	return NULL;
}

/* A function of the kernel or of another program, with the word for the end of it that is meant. */
static void look_at_tracing(struct look *l)
{
	const struct skep_inventory_prog *prog = find_prog(l->k, l->info.prog_id), *target;
	uint32_t at = l->info.tracing.attach_type, object = l->info.tracing.target_obj_id;

	l->kind = at == SKEP_AT_TRACE_FENTRY	? "fentry"
		  : at == SKEP_AT_TRACE_FEXIT	? "fexit"
		  : at == SKEP_AT_MODIFY_RETURN ? "fmod_ret"
		  : at == SKEP_AT_LSM_MAC	? "lsm"
		  : at == SKEP_AT_TRACE_RAW_TP	? "tp_btf"
						: "freplace";
	if (prog && prog->attach_btf_id)
		skep_inventory_add_type(l->k, prog->attach_btf_obj, prog->attach_btf_id, &l->out);
	target = l->out.len ? NULL : find_prog(l->k, object);
	if (target)
		skep_str_addf(&l->out, "program %u %s", object, target->name);
}

static void look_at_tp(struct look *l)
{
	l->kind = "raw_tp";
	skep_str_add(&l->out, ask(l, &l->info.raw_tp.tp_name, &l->info.raw_tp.name_len));
}

/* --- the rest --------------------------------------------------------------------------------- */

static const char *attach_name(uint32_t type)
{
	const char *name = skep_attach_type_name(type);

	return name ? name : "?";
}

static void look_at_iter(struct look *l)
{
	l->kind = "iter";
	skep_str_add(&l->out, ask(l, &l->info.iter.target_name, &l->info.iter.name_len));
}

static void look_at_netfilter(struct look *l)
{
	static const char *const hooks[] = { "prerouting", "input", "forward", "output",
					     "postrouting" };
	uint32_t hook = l->info.netfilter.hook;

	l->kind = "netfilter";
	skep_str_addf(&l->out, "%s %s, priority %d", l->info.netfilter.pf == 10 ? "ipv6" : "ipv4",
		      hook < ARRAY_SIZE(hooks) ? hooks[hook] : "?", l->info.netfilter.priority);
}

static void look_at_net(struct look *l)
{
	uint32_t at = l->info.net.attach_type;

	switch (l->info.type) {
	case SKEP_BPF_LINK_XDP:
		l->kind = "xdp";
		break;
	case SKEP_BPF_LINK_TCX:
		l->kind = at == SKEP_AT_TCX_INGRESS ? "tcx ingress" : "tcx egress";
		break;
	default:
		l->kind = at == SKEP_AT_NETKIT_PRIMARY ? "netkit primary" : "netkit peer";
	}
	if (l->info.net.ifindex)
		add_interface(l->info.net.ifindex, &l->out);
	else
		skep_str_add(&l->out, "an interface that is gone");
}

static void look_at(struct look *l)
{
	switch (l->info.type) {
	case SKEP_BPF_LINK_RAW_TP:
		look_at_tp(l);
		return;
	case SKEP_BPF_LINK_TRACING:
		look_at_tracing(l);
		return;
	case SKEP_BPF_LINK_CGROUP:
		l->kind = attach_name(l->info.cgroup.attach_type);
		l->cgroup = l->info.cgroup.cgroup_id;
		return;
	case SKEP_BPF_LINK_ITER:
		look_at_iter(l);
		return;
	case SKEP_BPF_LINK_NETNS:
		l->kind = attach_name(l->info.netns.attach_type);
		skep_str_addf(&l->out, "net:[%u]", l->info.netns.ino);
		return;
	case SKEP_BPF_LINK_XDP:
	case SKEP_BPF_LINK_TCX:
	case SKEP_BPF_LINK_NETKIT:
		look_at_net(l);
		return;
	case SKEP_BPF_LINK_PERF_EVENT:
		look_at_perf(l);
		return;
	case SKEP_BPF_LINK_KPROBE_MULTI:
		l->kind = l->info.kprobe_multi.flags & SKEP_BPF_F_MULTI_RETURN ? "kretprobes"
									       : "kprobes";
		skep_str_addf(&l->out, "%u function%s", l->info.kprobe_multi.count,
			      l->info.kprobe_multi.count == 1 ? "" : "s");
		return;
	case SKEP_BPF_LINK_NETFILTER:
		look_at_netfilter(l);
		return;
	case SKEP_BPF_LINK_UPROBE_MULTI:
		look_at_uprobes(l);
		return;
	case SKEP_BPF_LINK_STRUCT_OPS:
		l->kind = "struct_ops";
		skep_str_addf(&l->out, "map %u", l->info.map.map_id);
		return;
	case SKEP_BPF_LINK_SOCKMAP:
		l->kind = attach_name(l->info.map.attach_type);
		skep_str_addf(&l->out, "map %u", l->info.map.map_id);
		return;
	default:
		l->kind = "link";
		skep_str_addf(&l->out, "of kind %u", l->info.type);
	}
}

static uint64_t misses(const struct skep_bpf_link_info *info)
{
	uint32_t perf = info->perf_kprobe.type;

	if (info->type == SKEP_BPF_LINK_KPROBE_MULTI)
		return info->kprobe_multi.missed;
	if (info->type == SKEP_BPF_LINK_PERF_EVENT &&
	    (perf == SKEP_BPF_PERF_KPROBE || perf == SKEP_BPF_PERF_KRETPROBE))
		return info->perf_kprobe.missed;
	return SKEP_UNKNOWN;
}

void skep_inventory_take_link(struct skep_inventory_kept *k, int fd)
{
	struct look l = { .k = k, .fd = fd };
	uint32_t size = sizeof(l.info), type;

	if (skep_bpf_obj_info(fd, &l.info, &size) < 0)
		return;
	type = l.info.type;
	skep_vec_add(&k->links,
		     (struct skep_inventory_link){
			     .id = l.info.id,
			     .type = type,
			     .prog = l.info.prog_id,
			     .kind = type < ARRAY_SIZE(kinds) && kinds[type] ? kinds[type] : "link",
			     .misses = misses(&l.info),
		     });
	look_at(&l);
	skep_inventory_add_place(k, skep_vec_last(&k->links).prog, skep_vec_last(&k->links).id,
				 l.kind, skep_str_text(&l.out));
	skep_vec_last(&k->places).cgroup = l.cgroup;
	skep_str_fini(&l.out);
}
