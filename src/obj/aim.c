/* SPDX-License-Identifier: Apache-2.0 */
#include "obj/aim.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "isa/counter.h"

#if defined(__aarch64__)
#define SYSCALL_PREFIX "__arm64_sys_"
#else
#define SYSCALL_PREFIX "__x64_sys_"
#endif

#define DEFAULT_HZ 99
#define PLACES_MAX 4096

/* One place while it is read. */
struct aim {
	const struct skep_section_row *row;
	struct skep_spec_prog *prog;
	struct skep_arena *arena;
	struct skep_diag *diag;
	const char *text;
	struct skep_spec_attach attach; /* what is true of all its places */
	struct skep_attach_target target;
};

static const struct {
	const char *wants;
	bool has_default;
} kinds[] = {
	[SKEP_ATTACH_RAW_TP] = { "a raw tracepoint (sched_switch)", false },
	[SKEP_ATTACH_TRACING] = { "a function or typed tracepoint of the kernel", false },
	[SKEP_ATTACH_TP] = { "a tracepoint (sched/sched_switch)", false },
	[SKEP_ATTACH_KPROBE] = { "a function of the kernel (vfs_read, tcp_*)", false },
	[SKEP_ATTACH_KRETPROBE] = { "a function of the kernel (vfs_read, tcp_*)", false },
	[SKEP_ATTACH_UPROBE] = { "a function of a binary (/bin/bash:readline)", false },
	[SKEP_ATTACH_URETPROBE] = { "a function of a binary (/bin/bash:readline)", false },
	[SKEP_ATTACH_PERF] = { "a counter (profile:hz:99, software:page-faults:100)", true },
	[SKEP_ATTACH_XDP] = { "a network interface", false },
	[SKEP_ATTACH_TC_INGRESS] = { "a network interface", false },
	[SKEP_ATTACH_TC_EGRESS] = { "a network interface", false },
	[SKEP_ATTACH_CGROUP] = { "a directory of cgroup v2", false },
	[SKEP_ATTACH_USER] = { NULL, true },
	[SKEP_ATTACH_ITER] = { "what is visited (task)", false },
	[SKEP_ATTACH_TC_ACTION] = { "a network interface", false },
	[SKEP_ATTACH_NETKIT] = { "a network interface of kind netkit", false },
	[SKEP_ATTACH_NETFILTER] = { "a hook of netfilter (ipv4:local_in)", false },
	[SKEP_ATTACH_SOCKET] = { "a network interface, or any", false },
	[SKEP_ATTACH_REUSEPORT] = { "a socket that shares its port (PID:FD)", false },
	[SKEP_ATTACH_NETNS] = { "a network namespace", true },
	[SKEP_ATTACH_SOCKMAP] = { "a map of sockets", true },
	[SKEP_ATTACH_PROG_MAP] = { "an element of a map (MAP:KEY:INTERFACE, MAP:KEY:QUEUE-SIZE)",
				   false },
	[SKEP_ATTACH_LIRC] = { "a device (/dev/lirc0)", false },
	[SKEP_ATTACH_LWT] = { "a route (10.1.0.0/16 dev eth0)", false },
	[SKEP_ATTACH_REPLACE] = { "a program that is loaded (id:N, or its name)", false },
	[SKEP_ATTACH_ONCE] = { NULL, true },
	[SKEP_ATTACH_OPS] = { NULL, false },
	[SKEP_ATTACH_USDT] = { "a probe of a binary (/usr/bin/node:node:gc__start)", false },
};

const char *skep_aim_wants(enum skep_attach_kind kind)
{
	return (size_t)kind < ARRAY_SIZE(kinds) ? kinds[kind].wants : NULL;
}

static int wrong(const struct aim *m, const char *what)
{
	skep_diag_error(m->diag, SKEP_NO_LOC, "program '%s': '%s' %s", m->prog->name, m->text,
			what);
	if (skep_aim_wants(m->row->attach))
		skep_diag_hint(m->diag, "%s is attached to %s", m->row->name,
			       skep_aim_wants(m->row->attach));
	return -EINVAL;
}

static bool number(const char *text, uint64_t *ret)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*ret = strtoull(text, &end, 0);
	return !errno && !*end;
}

/* "vfs_read+0x10": the name without its offset. */
static int split_offset(const struct aim *m, const char *text, const char **ret_name,
			uint64_t *ret_offset)
{
	const char *plus = strchr(text, '+');

	*ret_name = text;
	*ret_offset = 0;
	if (!plus)
		return 0;
	if (!number(plus + 1, ret_offset))
		return wrong(m, "has an offset that is not a number");
	*ret_name = skep_arena_strndup(m->arena, text, (size_t)(plus - text));
	return 0;
}

static int kernel_function(struct aim *m)
{
	int r = split_offset(m, m->text, &m->target.name, &m->target.offset);

	if (r == 0 && (skep_has_prefix(m->row->name, "ksyscall") ||
		       skep_has_prefix(m->row->name, "kretsyscall")))
		m->target.name = skep_arena_printf(m->arena, SYSCALL_PREFIX "%s", m->target.name);
	return r;
}

/* Some sections name only the function, and the program that they belong to says the binary. */
static bool names_binary(const char *text)
{
	const char *colon = strrchr(text, ':');

	return colon && colon != text && colon[1];
}

/* "/usr/bin/bash:readline+4"; the place in the file is found by whoever has that binary. */
static int user_function(struct aim *m)
{
	const char *colon = strrchr(m->text, ':');
	int r;

	if (!names_binary(m->text))
		return wrong(m, "names no binary");
	m->target.name = skep_arena_strndup(m->arena, m->text, (size_t)(colon - m->text));
	if (number(colon + 1, &m->target.offset))
		return 0;
	r = split_offset(m, colon + 1, &m->target.symbol, &m->target.offset);
	m->target.by_symbol = true;
	return r;
}

/* "/usr/bin/node:node:gc__start": the binary, then what sys/attach_usdt.c looks for in it. */
static int user_probe(struct aim *m)
{
	const char *name = strrchr(m->text, ':'), *provider = NULL;

	for (const char *p = m->text; name && p < name; p++)
		if (*p == ':')
			provider = p;
	if (!provider || provider == m->text || provider + 1 == name || !name[1])
		return wrong(m, "is not BINARY:PROVIDER:NAME");
	m->target.name = skep_arena_strndup(m->arena, m->text, (size_t)(provider - m->text));
	m->target.symbol = provider + 1;
	return 0;
}

/* Which program it is verified against is part of what is loaded. */
static int typed(struct aim *m)
{
	unsigned kind;

	m->target.name = m->text;
	if (m->row->traits & SKEP_SECTION_TYPED && !(m->row->traits & SKEP_SECTION_PLACE_APART))
		m->prog->attach_btf_name =
			skep_arena_printf(m->arena, "%s%s",
					  skep_section_btf_prefix(m->row->attach_type, &kind),
					  m->text);
	return 0;
}

/* Units of profile:UNIT:N, in nanoseconds; hz is another thing. */
static uint64_t unit_ns(const char *unit, size_t len)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = { { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 } };

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (strlen(units[i].name) == len && !strncmp(units[i].name, unit, len))
			return units[i].ns;
	return 0;
}

static int profile(struct aim *m, const char *unit)
{
	const char *colon = strchr(unit, ':');
	size_t len = colon ? (size_t)(colon - unit) : 0;
	uint64_t n, ns = unit_ns(unit, len);

	m->attach.perf_type = SKEP_COUNTER_SOFTWARE;
	m->attach.perf_config = SKEP_COUNTER_CPU_CLOCK;
	if (!colon || !number(colon + 1, &n) || !n || n > 1000000000)
		return wrong(m, "is not profile:hz:N, profile:ms:N, profile:us:N or profile:s:N");
	if (len == 2 && !strncmp(unit, "hz", 2))
		m->attach.perf_freq = n;
	else if (ns)
		m->attach.perf_period = n * ns;
	else
		return wrong(m, "has a unit that is none of hz, s, ms, us");
	return 0;
}

static int counter(struct aim *m, enum skep_counter_type type, const char *name)
{
	const char *colon = strchr(name, ':');
	const struct skep_counter *found = skep_counter_find(
		type, colon ? skep_arena_strndup(m->arena, name, (size_t)(colon - name)) : name);

	if (!found)
		return wrong(m, "names no counter that we know");
	m->attach.perf_type = type;
	m->attach.perf_config = found->config;
	m->attach.perf_period = found->period;
	if (colon && (!number(colon + 1, &m->attach.perf_period) || !m->attach.perf_period))
		return wrong(m, "has a count that is not a number");
	return 0;
}

static int perf(struct aim *m)
{
	m->attach.all_cpus = true;
	m->target.name = m->text;
	if (skep_has_prefix(m->text, "profile:"))
		return profile(m, m->text + strlen("profile:"));
	if (skep_has_prefix(m->text, "software:"))
		return counter(m, SKEP_COUNTER_SOFTWARE, m->text + strlen("software:"));
	if (skep_has_prefix(m->text, "hardware:"))
		return counter(m, SKEP_COUNTER_HARDWARE, m->text + strlen("hardware:"));
	return wrong(m, "is none of profile:…, software:…, hardware:…");
}

static int read_place(struct aim *m)
{
	if (!*m->text)
		return wrong(m, "is empty");
	switch (m->row->attach) {
	case SKEP_ATTACH_KPROBE:
	case SKEP_ATTACH_KRETPROBE:
		return kernel_function(m);
	case SKEP_ATTACH_UPROBE:
	case SKEP_ATTACH_URETPROBE:
		return user_function(m);
	case SKEP_ATTACH_USDT:
		return user_probe(m);
	case SKEP_ATTACH_PERF:
		return perf(m);
	case SKEP_ATTACH_TRACING:
		return typed(m);
	case SKEP_ATTACH_USER:
	case SKEP_ATTACH_ONCE:
	case SKEP_ATTACH_OPS:
		return wrong(m, "says where, but such a program has no place");
	default:
		m->target.name = m->text;
		return 0;
	}
}

static struct aim begin(const struct skep_section_row *row, struct skep_spec_prog *prog,
			uint32_t index, struct skep_arena *arena, struct skep_diag *diag)
{
	return (struct aim){
		.row = row,
		.prog = prog,
		.arena = arena,
		.diag = diag,
		.attach = { .kind = row->attach,
			    .prog = index,
			    .probe = prog->section + (*prog->section == '?') },
	};
}

int skep_aim_section(const struct skep_section_row *row, struct skep_spec_prog *prog,
		     uint32_t index, const char *text, struct skep_arena *arena,
		     struct skep_diag *diag, bool *ret_any, struct skep_spec_attach *ret_attach)
{
	struct aim m = begin(row, prog, index, arena, diag);
	bool is_uprobe = row->attach == SKEP_ATTACH_UPROBE || row->attach == SKEP_ATTACH_URETPROBE;
	int r;

	*ret_any = false;
	if (!text || row->attach == SKEP_ATTACH_USER || row->attach == SKEP_ATTACH_OPS ||
	    row->traits & SKEP_SECTION_PLACE_APART || (is_uprobe && !names_binary(text)))
		return 0;
	m.text = text;
	if (row->attach == SKEP_ATTACH_USDT && !strchr(text, ':'))
		return 0;
	r = read_place(&m);
	if (r < 0)
		return r;
	m.attach.targets = skep_arena_memdup(arena, &m.target, sizeof(m.target));
	m.attach.n_targets = 1;
	*ret_attach = m.attach;
	*ret_any = true;
	return 0;
}

/*
 * Aiming anew.
 */

/* Places of counters differ in the record, and each has its own; of other kinds one record has all. */
struct records {
	struct skep_spec_attach *data;
	size_t n, cap;
};

static void add_place(struct records *to, const struct aim *m)
{
	struct skep_spec_attach *a = &to->data[to->n ? to->n - 1 : 0];

	if (to->n && m->row->attach != SKEP_ATTACH_PERF && m->row->attach != SKEP_ATTACH_ITER) {
		a->targets[a->n_targets++] = m->target;
		return;
	}
	a = &to->data[to->n++];
	*a = m->attach;
	a->targets = skep_arena_calloc(m->arena, to->cap, sizeof(*a->targets));
	a->targets[0] = m->target;
	a->n_targets = 1;
}

static int no_place(const struct aim *m)
{
	const char *wants = skep_aim_wants(m->row->attach);

	if (!wants) {
		skep_diag_error(m->diag, SKEP_NO_LOC,
				"program '%s' (%s) is a member of no struct in .struct_ops.link",
				m->prog->name, m->prog->section);
		skep_diag_hint(
			m->diag,
			"SEC(\".struct_ops.link\") struct NAME x = { .MEMBER = (void *)%s };",
			m->prog->name);
		return -ENOENT;
	}
	skep_diag_error(m->diag, SKEP_NO_LOC, "program '%s' (%s) does not say where it is attached",
			m->prog->name, m->prog->section);
	skep_diag_hint(m->diag, "it wants %s: --at %s=PLACE", wants, m->prog->name);
	return -EDESTADDRREQ;
}

static int default_place(struct aim *m, struct records *to)
{
	/* As an iterator everything, of which the section tells the kind. */
	if (!kinds[m->row->attach].has_default)
		return no_place(m);
	if (m->row->attach == SKEP_ATTACH_USER)
		return 0;
	if (m->row->attach == SKEP_ATTACH_PERF) {
		m->text = skep_arena_printf(m->arena, "profile:hz:%d", DEFAULT_HZ);
		if (perf(m) < 0)
			return -EINVAL;
	}
	add_place(to, m);
	return 0;
}

static bool has_record(const struct skep_spec *spec, uint32_t prog)
{
	for (size_t i = 0; i < spec->n_attaches; i++)
		if (spec->attaches[i].prog == prog)
			return true;
	return false;
}

/* The others' records, then the new ones. */
static void replace(struct skep_spec *spec, uint32_t prog, const struct records *by,
		    struct skep_arena *arena)
{
	struct skep_spec_attach *all =
		skep_arena_calloc(arena, spec->n_attaches + by->n, sizeof(*all));
	size_t n = 0;

	for (size_t i = 0; i < spec->n_attaches; i++)
		if (spec->attaches[i].prog != prog)
			all[n++] = spec->attaches[i];
	for (size_t i = 0; i < by->n; i++)
		all[n++] = by->data[i];
	spec->attaches = all;
	spec->n_attaches = n;
}

static const struct skep_section_row *row_of(const struct skep_spec_prog *p)
{
	const char *target;
	bool loosely;

	return p->section ? skep_section_of(p->section, &target, &loosely) : NULL;
}

int skep_spec_aim(struct skep_spec *spec, uint32_t prog, const char *const *places, size_t n_places,
		  struct skep_arena *arena, struct skep_diag *diag)
{
	struct skep_spec_prog *p = prog < spec->n_progs ? &spec->progs[prog] : NULL;
	const struct skep_section_row *row = p ? row_of(p) : NULL;
	const char *verified_for = p ? p->attach_btf_name : NULL;
	struct records by = { .cap = MAX(n_places, (size_t)1) };
	struct aim m;
	int r = 0;

	if (!row || n_places > PLACES_MAX)
		return -EINVAL;
	if (!n_places && has_record(spec, prog))
		return 0;
	by.data = skep_arena_calloc(arena, by.cap, sizeof(*by.data));
	if (!n_places) {
		m = begin(row, p, prog, arena, diag);
		r = default_place(&m, &by);
	}
	for (size_t i = 0; i < n_places && r == 0; i++) {
		m = begin(row, p, prog, arena, diag);
		m.text = skep_arena_strdup(arena, places[i]);
		r = read_place(&m);
		if (r == 0 && m.row->attach == SKEP_ATTACH_TRACING && i)
			r = wrong(&m, "is a second place, and such a program is verified for one");
		if (r == 0)
			add_place(&by, &m);
	}
	if (r < 0) {
		p->attach_btf_name = verified_for;
		return r;
	}
	replace(spec, prog, &by, arena);
	return 0;
}
