/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every kind of section: a program that counts is made as the section says, aimed, loaded, attached and made to fire, and
 * nothing of it is left afterwards. In a network namespace and a cgroup of this process; what is system-wide counts this
 * process only. A kind that this kernel does not have is told and left out.
 */
#include <errno.h>
#include <mntent.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "fire.h"
#include "fixture.h"
#include "isa/attachtype.h"
#include "obj/aim.h"
#include "sys/named.h"

#define NAME "skep_hook_test"

__attribute__((noinline)) int hooked(int x);

int hooked(int x)
{
	/* A probe as sys/sdt.h makes it: skep_test:fired, one argument in a register. */
	__asm__ volatile("990: nop\n"
			 ".pushsection .note.stapsdt,\"\",\"note\"\n"
			 ".balign 4\n"
			 ".4byte 992f-991f, 994f-993f, 3\n"
			 "991: .asciz \"stapsdt\"\n"
			 "992: .balign 4\n"
			 "993: .8byte 990b, 0, 0\n"
			 ".asciz \"skep_test\"\n"
			 ".asciz \"fired\"\n"
			 ".asciz \"\"\n"
			 "994: .balign 4\n"
			 ".popsection"
			 : "+r"(x));
	return x + 1;
}

static void fire_hooked(void)
{
	for (int i = 0; i < 3; i++)
		hooked(i);
}

static void fire_nothing(void)
{
}

enum trait {
	MINE = 1,  /* the program asks which process it is in */
	QUIET = 2, /* attached, but not made to fire */
	NEW = 4,   /* a kernel may not have it: -EINVAL, -EOPNOTSUPP and the like leave it out */
	VISIT = 8, /* an iterator */
};

static const struct row {
	const char *section, *place;
	int32_t returns;
	unsigned traits;
	void (*fire)(void);
} rows[] = {
	{ "tracepoint/syscalls/sys_enter_getppid", NULL, 0, MINE | NEW, fire_call },
	{ "tp/syscalls/sys_enter_getppid", NULL, 0, MINE | NEW, fire_call },
	{ "raw_tp/sys_enter", NULL, 0, MINE, fire_call },
	{ "raw_tp", "sys_exit", 0, MINE, fire_call },
	{ "tp_btf/sys_enter", NULL, 0, MINE, fire_call },
	{ "kprobe/__x64_sys_openat", NULL, 0, MINE | NEW, fire_open },
	{ "kprobe/__x64_sys_op*nat", NULL, 0, MINE | NEW, fire_open },
	{ "kretprobe/__x64_sys_openat", NULL, 0, MINE | NEW, fire_open },
	{ "ksyscall/openat", NULL, 0, MINE | NEW, fire_open },
	{ "kretsyscall/openat", NULL, 0, MINE | NEW, fire_open },
	{ "kprobe.multi/__x64_sys_op*nat", NULL, 0, MINE | NEW, fire_open },
	{ "kretprobe.multi/__x64_sys_openat", NULL, 0, MINE | NEW, fire_open },
	{ "kprobe.session/__x64_sys_openat", NULL, 0, MINE | NEW, fire_open },
	{ "fentry/__x64_sys_openat", NULL, 0, MINE | NEW, fire_open },
	{ "fentry", "__x64_sys_openat", 0, MINE | NEW, fire_open },
	{ "fexit/__x64_sys_openat", NULL, 0, MINE | NEW, fire_open },
	{ "fentry.s/__x64_sys_openat", NULL, 0, MINE | NEW, fire_open },
	{ "fexit.s/__x64_sys_openat", NULL, 0, MINE | NEW, fire_open },
	{ "fmod_ret/security_file_open", NULL, 0, MINE | NEW, fire_open },
	{ "lsm/file_open", NULL, 0, MINE | NEW, fire_open },
	{ "lsm.s/file_open", NULL, 0, MINE | NEW, fire_open },
	{ "lsm_cgroup/socket_bind", "skep-hooks", 1, NEW, fire_ipv4 },
	{ "uprobe", "EXE:hooked", 0, MINE, fire_hooked },
	{ "uprobe", "EXE:hook*d", 0, MINE, fire_hooked },
	{ "uprobe.s", "EXE:hooked", 0, MINE, fire_hooked },
	{ "uretprobe", "EXE:hooked", 0, MINE, fire_hooked },
	{ "uprobe.multi", "EXE:hook*d", 0, MINE, fire_hooked },
	{ "uretprobe.multi", "EXE:hooked", 0, MINE, fire_hooked },
	{ "uprobe.multi.s", "EXE:hooked", 0, MINE, fire_hooked },
	{ "uprobe.session", "EXE:hooked", 0, MINE | NEW, fire_hooked },
	{ "usdt", "EXE:skep_test:fired", 0, MINE, fire_hooked },
	{ "usdt.s", "EXE:skep_test:f*d", 0, MINE, fire_hooked },
	{ "perf_event", "software:page-faults:1", 0, MINE, fire_faults },
	{ "perf_event", NULL, 0, MINE | QUIET, fire_nothing },
	{ "iter/task", NULL, 0, VISIT, fire_nothing },
	{ "iter/task", "pid:SELF", 0, VISIT, fire_nothing },
	{ "iter/bpf_map_elem", "map:table", 0, VISIT, fire_nothing },
	{ "iter/cgroup", "cgroup:skep-hooks", 0, VISIT | NEW, fire_nothing },
	{ "xdp", "lo", 2, 0, fire_ipv4 },
	{ "xdp", "lo:generic", 2, 0, fire_ipv4 },
	{ "xdp.frags", "lo", 2, NEW, fire_ipv4 },
	{ "xdp/devmap", "devices:3:lo", 2, QUIET, fire_nothing },
	{ "xdp/cpumap", "cpus:0:64", 2, QUIET, fire_nothing },
	{ "tc", "lo", 0, NEW, fire_ipv4 },
	{ "tc", "lo:egress", 0, NEW, fire_ipv4 },
	{ "classifier", "lo:last", 0, NEW, fire_ipv4 },
	{ "tc/ingress", "lo:first", 0, NEW, fire_ipv4 },
	{ "tcx/egress", "lo", 0, NEW, fire_ipv4 },
	{ "action", "lo", 0, NEW, fire_ipv4 },
	{ "netfilter", "ipv4:local_in:-100", 1, NEW, fire_ipv4 },
	{ "netfilter", "ipv6:local_out", 1, NEW, fire_ipv6 },
	{ "socket", "lo", 0, 0, fire_ipv4 },
	{ "socket", "any", 0, 0, fire_ipv4 },
	{ "sk_reuseport", "SELF:SHARED", 1, 0, fire_shared },
	{ "sk_lookup", NULL, 1, 0, fire_ipv4 },
	{ "sk_lookup", "SELF", 1, 0, fire_ipv4 },
	{ "flow_dissector", NULL, 0, 0, fire_frame },
	{ "sk_msg", NULL, 1, QUIET, fire_nothing },
	{ "sk_msg", "sockets", 1, QUIET, fire_nothing },
	{ "sk_skb/stream_verdict", NULL, 1, QUIET, fire_nothing },
	{ "sk_skb/stream_parser", "sockets", 0, QUIET, fire_nothing },
	{ "sk_skb/verdict", "sockets", 1, QUIET, fire_nothing },
	{ "sk_skb", NULL, 1, QUIET, fire_nothing },
	{ "lwt_in", "10.99.0.0/16 dev lo", 0, NEW | QUIET, fire_nothing },
	{ "lwt_out", "10.99.0.0/16 dev lo", 0, NEW, fire_route },
	{ "lwt_xmit", "10.99.0.0/16 dev lo", 0, NEW, fire_route },
	{ "lwt_seg6local", "fd99::/64 dev lo", 0, NEW | QUIET, fire_nothing },
	{ "sockops", "skep-hooks", 1, 0, fire_ipv4 },
	{ "cgroup_skb/ingress", "skep-hooks", 1, 0, fire_ipv4 },
	{ "cgroup_skb/egress", "/skep-hooks", 1, 0, fire_ipv4 },
	{ "cgroup/skb", "skep-hooks", 1, 0, fire_ipv4 },
	{ "cgroup/sock", "skep-hooks", 1, 0, fire_ipv4 },
	{ "cgroup/sock_create", "skep-hooks", 1, 0, fire_ipv4 },
	{ "cgroup/sock_release", "skep-hooks", 1, 0, fire_ipv4 },
	{ "cgroup/post_bind4", "skep-hooks", 1, 0, fire_ipv4 },
	{ "cgroup/post_bind6", "skep-hooks", 1, 0, fire_ipv6 },
	{ "cgroup/bind4", "skep-hooks", 1, 0, fire_ipv4 },
	{ "cgroup/bind6", "skep-hooks", 1, 0, fire_ipv6 },
	{ "cgroup/connect4", "skep-hooks", 1, 0, fire_ipv4 },
	{ "cgroup/connect6", "skep-hooks", 1, 0, fire_ipv6 },
	{ "cgroup/connect_unix", "skep-hooks", 1, NEW, fire_unix },
	{ "cgroup/sendmsg4", "skep-hooks", 1, 0, fire_ipv4 },
	{ "cgroup/sendmsg6", "skep-hooks", 1, 0, fire_ipv6 },
	{ "cgroup/sendmsg_unix", "skep-hooks", 1, NEW, fire_unix },
	{ "cgroup/recvmsg4", "skep-hooks", 1, 0, fire_ipv4 },
	{ "cgroup/recvmsg6", "skep-hooks", 1, 0, fire_ipv6 },
	{ "cgroup/recvmsg_unix", "skep-hooks", 1, NEW, fire_unix },
	{ "cgroup/getpeername4", "skep-hooks", 1, 0, fire_ipv4 },
	{ "cgroup/getpeername6", "skep-hooks", 1, 0, fire_ipv6 },
	{ "cgroup/getpeername_unix", "skep-hooks", 1, NEW, fire_unix },
	{ "cgroup/getsockname4", "skep-hooks", 1, 0, fire_ipv4 },
	{ "cgroup/getsockname6", "skep-hooks", 1, 0, fire_ipv6 },
	{ "cgroup/getsockname_unix", "skep-hooks", 1, NEW, fire_unix },
	{ "cgroup/sysctl", "skep-hooks", 1, 0, fire_open },
	{ "cgroup/getsockopt", "skep-hooks", 1, 0, fire_ipv4 },
	{ "cgroup/setsockopt", "skep-hooks", 1, 0, fire_ipv4 },
	{ "cgroup/dev", "skep-hooks", 1, 0, fire_open },
	{ "syscall", NULL, 0, 0, fire_nothing },
};

static struct {
	char exe[4096], cgroup[4200], root[4096];
	int shared; /* a socket that shares its port */
	size_t attached, fired, left_out;
} world;

enum map {
	HITS,
	TABLE,
	SOCKETS,
	DEVICES,
	CPUS,
	N_MAPS
};

/* One program, and the maps that some kinds are attached to. */
struct rig {
	struct code code;
	struct skep_spec_prog prog;
	struct skep_spec_map maps[N_MAPS];
	struct skep_spec spec;
	struct skep_arena *arena;
	struct skep_diag diag;
	struct skep_loaded *loaded;
};

static void rig_init(struct rig *rig, const struct row *row)
{
	static const struct skep_spec_map maps[N_MAPS] = {
		[TABLE] = { .name = "table",
			    .type = SKEP_MAP_HASH,
			    .key_size = 4,
			    .value_size = 8,
			    .max_entries = 4 },
		[SOCKETS] = { .name = "sockets",
			      .type = SKEP_MAP_SOCKMAP,
			      .key_size = 4,
			      .value_size = 4,
			      .max_entries = 4 },
		[DEVICES] = { .name = "devices",
			      .type = SKEP_MAP_DEVMAP,
			      .key_size = 4,
			      .value_size = 8,
			      .max_entries = 4 },
		[CPUS] = { .name = "cpus",
			   .type = SKEP_MAP_CPUMAP,
			   .key_size = 4,
			   .value_size = 8,
			   .max_entries = 1 },
	};
	const struct skep_section_row *kind;
	const char *target;
	unsigned btf_kind;
	bool loosely;

	memset(rig, 0, sizeof(*rig));
	rig->arena = skep_arena_new();
	if (row->traits & MINE)
		emit_only_me(&rig->code);
	emit_count(&rig->code, HITS);
	emit_return(&rig->code, row->returns);
	memcpy(rig->maps, maps, sizeof(maps));
	rig->maps[HITS] = counter_map("hits");
	kind = skep_section_of(row->section, &target, &loosely);
	assert_non_null(kind);
	rig->prog = prog_of(NAME, kind->prog, &rig->code);
	rig->prog.section = row->section;
	rig->prog.attach_type = kind->attach_type;
	rig->prog.sleepable = kind->traits & SKEP_SECTION_SLEEPABLE;
	rig->prog.frags = kind->traits & SKEP_SECTION_FRAGS;
	if (target && kind->traits & SKEP_SECTION_TYPED)
		rig->prog.attach_btf_name =
			skep_arena_printf(rig->arena, "%s%s",
					  skep_section_btf_prefix(kind->attach_type, &btf_kind),
					  target);
	rig->spec = (struct skep_spec){
		.license = "GPL",
		.maps = rig->maps,
		.n_maps = N_MAPS,
		.progs = &rig->prog,
		.n_progs = 1,
	};
	if (target) {
		struct skep_spec_attach *record = skep_arena_alloc(rig->arena, sizeof(*record));
		bool any;

		assert_int_equal(skep_aim_section(kind, &rig->prog, 0, target, rig->arena,
						  &rig->diag, &any, record),
				 0);
		rig->spec.attaches = record;
		rig->spec.n_attaches = any;
	}
}

static void say(const struct rig *rig, const struct row *row, int error)
{
	struct skep_str text = {};

	skep_diag_format(&rig->diag, false, false, &text);
	print_message("%s%s%s: %d\n%s", row->section, row->place ? " at " : "",
		      row->place ? row->place : "", error, skep_str_text(&text));
	skep_str_fini(&text);
}

/* The words that only the run knows. */
static const char *fill_in(struct rig *rig, const char *place)
{
	char shared[32];

	if (!place)
		return NULL;
	snprintf(shared, sizeof(shared), "%d:%d", getpid(), world.shared);
	if (!strcmp(place, "SELF"))
		return skep_arena_printf(rig->arena, "%d", getpid());
	if (!strcmp(place, "pid:SELF"))
		return skep_arena_printf(rig->arena, "pid:%d", getpid());
	if (!strcmp(place, "SELF:SHARED"))
		return skep_arena_strdup(rig->arena, shared);
	if (!strncmp(place, "EXE:", 4))
		return skep_arena_printf(rig->arena, "%s:%s", world.exe, place + 4);
	return place;
}

static int attach(struct rig *rig, const struct row *row)
{
	const struct skep_engine *engine = skep_kernel_engine();
	const char *place = fill_in(rig, row->place);
	uint32_t key = 1;
	uint64_t value = 1;
	int r = skep_spec_aim(&rig->spec, 0, &place, place ? 1 : 0, rig->arena, &rig->diag);

	if (r == 0)
		r = engine->load(engine, &rig->spec, NULL, &rig->diag, &rig->loaded);
	if (r == 0) {
		assert_int_equal(engine->map_set(rig->loaded, TABLE, &key, &value, 0), 0);
		assert_int_equal(rig->spec.n_attaches, 1);
		r = engine->attach(rig->loaded, 0, &rig->diag);
	}
	return r;
}

/* Whatever is still attached holds its program. */
static bool is_gone(void)
{
	for (int i = 0; i < 500; i++) {
		struct skep_diag diag = {};
		int fd = skep_named_prog(NAME, &diag);

		skep_diag_fini(&diag);
		if (fd == -ENOENT)
			return true;
		if (fd >= 0)
			close(fd);
		usleep(10000); /* the kernel frees behind a grace period */
	}
	return false;
}

static size_t run_row(const struct row *row)
{
	const struct skep_engine *engine = skep_kernel_engine();
	size_t failures = 0;
	struct rig rig;
	int r;

	rig_init(&rig, row);
	r = attach(&rig, row);
	if (r < 0 && row->traits & NEW) {
		world.left_out++;
		say(&rig, row, r);
	} else if (r < 0) {
		say(&rig, row, r);
		failures++;
	} else {
		uint64_t hits;

		world.attached++;
		row->fire();
		while (row->traits & VISIT && engine->iter_step(rig.loaded, 0) > 0)
			;
		hits = read_counter(rig.loaded, HITS);
		world.fired += hits > 0;
		if (!hits && !(row->traits & QUIET)) {
			print_message("%s%s%s does not fire\n", row->section,
				      row->place ? " at " : "", row->place ? row->place : "");
			failures++;
		}
	}
	engine->close(rig.loaded);
	skep_diag_fini(&rig.diag);
	skep_arena_free(rig.arena);
	if (!is_gone()) {
		print_message("%s%s%s leaves its program attached\n", row->section,
			      row->place ? " at " : "", row->place ? row->place : "");
		failures++;
	}
	return failures;
}

static void every_kind(void **state)
{
	size_t failures = 0;

	need(SKEP_FEATURE_RAW_TP);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		failures += run_row(&rows[i]);
	print_message("%zu attached, %zu of them fired, %zu not in this kernel\n", world.attached,
		      world.fired, world.left_out);
	assert_int_equal(failures, 0);
}

/*
 * The world: a namespace, a cgroup that this process is in, a socket.
 */

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) > 0;

	close(fd);
	return ok;
}

static bool find_cgroups(void)
{
	FILE *f = setmntent("/proc/self/mounts", "r");
	struct mntent *m;

	while (f && (m = getmntent(f)))
		if (!strcmp(m->mnt_type, "cgroup2") && !*world.root)
			snprintf(world.root, sizeof(world.root), "%s", m->mnt_dir);
	if (f)
		endmntent(f);
	return *world.root;
}

static bool enter_cgroup(const char *dir)
{
	char path[5000], pid[32];

	snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	snprintf(pid, sizeof(pid), "%d", getpid());
	return write_text(path, pid);
}

static int enter(void **state)
{
	union fire_address a;
	socklen_t len;
	ssize_t n;
	int one = 1;

	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0 || !find_cgroups()) {
		print_message(
			"skipped, because it needs root, a network namespace and cgroup v2\n");
		return 0;
	}
	fire_lo_up();
	n = readlink("/proc/self/exe", world.exe, sizeof(world.exe) - 1);
	world.exe[n > 0 ? n : 0] = 0;
	snprintf(world.cgroup, sizeof(world.cgroup), "%s/skep-hooks", world.root);
	(void)!mkdir(world.cgroup, 0755);
	if (!enter_cgroup(world.cgroup))
		return -1;
	world.shared = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	setsockopt(world.shared, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	a = fire_local(AF_INET, FIRE_SHARED_PORT, &len);
	return bind(world.shared, &a.any, len);
}

static int leave(void **state)
{
	if (!*world.cgroup)
		return 0;
	close(world.shared);
	(void)!enter_cgroup(world.root);
	for (int i = 0; i < 100 && rmdir(world.cgroup) < 0 && errno == EBUSY; i++)
		usleep(10000);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
