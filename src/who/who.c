/* SPDX-License-Identifier: Apache-2.0 */
#include "who/who.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "sys/cpus.h"
#include "sys/tap.h"
#include "who/cgroup.h"
#include "who/demangle.h"
#include "who/dns.h"
#include "who/kept.h"
#include "who/ksyms.h"
#include "who/process.h"
#include "who/tables.h"
#include "who/users.h"
#include "who/usyms.h"

#define SHORT_ID 12
#define DNS_PACKET_MAX 9000 /* of a longer one the end is missing, which makes it a bad one */

/* The second that was shown last: times of rows come close behind each other. */
struct known_second {
	const char *format; /* NULL: none is known */
	time_t second;
	char before[64], after[64]; /* its text, but for the microseconds in between */
};

struct skep_who {
	struct skep_who_options options;
	struct skep_resolver resolver;
	struct skep_ksyms ksyms;
	struct skep_usyms *usyms;   /* made on first use */
	struct skep_tables *tables; /* NULL: the plan does not walk stacks itself */
	struct skep_kept *kept;	    /* NULL: no stack of it has a number of its own */
	uint64_t *stack;
	int64_t clock_offset_ns, monotonic_offset_ns; /* 0: not looked at yet */
	struct known_second second;
	struct skep_processes processes;
	struct skep_dns *dns; /* NULL: names of addresses are not wanted */
	int tap;
};

/* Addresses */

static bool find_ksym(struct skep_who *who, uint64_t address, struct skep_ksym *sym)
{
	return skep_ksyms_find(&who->ksyms, address, sym);
}

static bool find_usym(struct skep_who *who, uint64_t address, uint32_t tgid, struct skep_usym *sym)
{
	*sym = (struct skep_usym){ .binary = "" };
	if (!who->usyms && skep_usyms_new(SKEP_WHO_PROCS_MAX, &who->usyms) < 0)
		return false;
	return skep_usyms_find(who->usyms, tgid, address, sym);
}

static void ksym(void *data, uint64_t address, bool offset, struct skep_str *out)
{
	struct skep_ksym sym;

	if (!find_ksym(data, address, &sym)) {
		skep_str_addf(out, "0x%" PRIx64, address);
		return;
	}
	skep_str_add(out, sym.name);
	if (offset)
		skep_str_addf(out, "+%" PRIu64, address - sym.address);
}

/* The name without the version that a symbol table puts behind it. */
static void add_usym_name(const struct skep_who *who, const struct skep_usym *sym,
			  struct skep_str *out)
{
	size_t len = strcspn(sym->name, "@");

	if (who->options.mangled)
		skep_str_addn(out, sym->name, len);
	else
		skep_demangle(sym->name, len, out);
}

/* An address that has no name: its place in its file, which says more than where that was loaded this time. */
static void add_place(const struct skep_who *who, const struct skep_usym *sym, uint64_t address,
		      struct skep_str *out)
{
	const char *slash = strrchr(sym->binary, '/');

	if (!slash || who->options.bpftrace_shapes)
		skep_str_addf(out, "0x%" PRIx64, address);
	else
		skep_str_addf(out, "[%s+0x%" PRIx64 "]", slash + 1, sym->offset);
}

static void usym(void *data, uint64_t address, uint32_t tgid, bool offset, struct skep_str *out)
{
	struct skep_usym sym;

	if (!find_usym(data, address, tgid, &sym)) {
		add_place(data, &sym, address, out);
		return;
	}
	add_usym_name(data, &sym, out);
	if (offset)
		skep_str_addf(out, "+%" PRIu64, sym.offset);
}

/* Stacks */

/* The kernel's stacks of this depth; NULL: there are none. */
static const struct skep_stack_map *stack_map(const struct skep_who *who, uint32_t depth)
{
	for (size_t i = 0; i < who->options.n_stack_maps; i++)
		if (who->options.stack_maps[i].depth == depth)
			return &who->options.stack_maps[i];
	return NULL;
}

/* Reads stack @id: the number of its addresses, or -errno. It is either the kernel's or of the plan's own walk. */
static int read_stack(struct skep_who *who, int64_t id, uint32_t depth)
{
	const struct skep_who_options *o = &who->options;
	const struct skep_stack_map *kernels = stack_map(who, depth);
	bool walked = id & (int64_t)SKEP_UNWIND_ID;
	uint32_t index = (uint32_t)id, n = 0;
	int r;

	if (id < 0)
		return (int)MAX(id, -4095);
	if (walked ? !who->kept : !kernels)
		return -ENOENT;
	depth = walked ? SKEP_UNWIND_DEPTH : depth;
	if (!who->stack)
		who->stack =
			calloc(MAX(SKEP_STACK_FRAMES_MAX, SKEP_UNWIND_DEPTH), sizeof(*who->stack));
	if (!who->stack)
		return -ENOMEM;
	r = walked ? skep_kept_read(who->kept, (uint64_t)id, who->stack)
		   : o->engine->map_get(o->loaded, kernels->map, &index, who->stack);
	if (r < 0)
		return r;
	while (n < depth && who->stack[n])
		n++;
	return (int)n;
}

struct frame {
	uint64_t address, offset;
	const char *name;   /* NULL: not known */
	const char *binary; /* program, library or module; NULL: not known, or the kernel itself */
	bool is_kernel;
};

/* "ffffffff81000000 name+0x10 (module)" behind a tab, as perf script shows it; "... name+16" as bpftrace does. */
static void add_perf_frame(const struct skep_who *who, const struct frame *f, struct skep_str *out)
{
	const char *binary = f->binary && *f->binary ? f->binary : "[unknown]";

	if (who->options.bpftrace_shapes) {
		skep_str_addf(out, "\t%" PRIx64 " ", f->address);
		if (f->name)
			skep_str_addf(out, "%s+%" PRIu64, f->name, f->offset);
		else
			skep_str_addf(out, "0x%" PRIx64, f->address);
		if (!f->is_kernel)
			skep_str_addf(out, " (%s)", f->name ? binary : "[unknown]");
		skep_str_addc(out, '\n');
		return;
	}
	skep_str_addf(out, "\t%16" PRIx64 " ", f->address);
	if (f->name)
		skep_str_addf(out, "%s+0x%" PRIx64, f->name, f->offset);
	else
		skep_str_add(out, "[unknown]");
	skep_str_addf(out, " (%s)\n", f->is_kernel && !f->binary ? "[kernel.kallsyms]" : binary);
}

/* bpftrace has bare addresses at the beginning of the line. */
static unsigned indent_of(const struct skep_who *who, enum skep_stack_style style, unsigned indent)
{
	return who->options.bpftrace_shapes && style == SKEP_STACK_RAW ? 0 : indent;
}

/* Why there is no stack. That user space has none (a kernel thread) is normal and says nothing. */
static void add_no_stack(int error, unsigned indent, struct skep_str *out)
{
	if (error == -EFAULT)
		return;
	skep_str_pad(out, ' ', indent);
	skep_str_addf(out, "[no stack: %s]\n",
		      error == -EEXIST ? "another one was in its place" : strerror(-error));
}

/* Between a raw tracepoint and its programs some kernels have a function for the event, which is on the stack, too. */
static bool is_glue(struct skep_who *who, uint64_t address)
{
	struct skep_ksym sym;

	return find_ksym(who, address, &sym) && skep_has_prefix(sym.name, "__bpf_trace_");
}

static void kstack(void *data, int64_t id, uint32_t param, unsigned indent, struct skep_str *out)
{
	enum skep_stack_style style = param >> 16;
	uint32_t depth = param & SKEP_STACK_DEPTH;
	struct skep_who *who = data;
	struct skep_ksym sym;
	int n = read_stack(who, id, depth), first;
	bool known;

	if (n < 0) {
		add_no_stack(n, indent, out);
		return;
	}
	first = n > 1 && is_glue(who, who->stack[0]);
	for (int i = first; i < n && (!depth || i < (int)depth); i++) {
		uint64_t address = who->stack[i];

		known = style != SKEP_STACK_RAW && find_ksym(who, address, &sym);
		if (style == SKEP_STACK_PERF) {
			add_perf_frame(who,
				       &(struct frame){
					       .address = address,
					       .offset = known ? address - sym.address : 0,
					       .name = known ? sym.name : NULL,
					       .binary = known ? sym.module : NULL,
					       .is_kernel = true,
				       },
				       out);
			continue;
		}
		skep_str_pad(out, ' ', indent_of(who, style, indent));
		if (known)
			skep_str_addf(out, "%s+%" PRIu64 "\n", sym.name, address - sym.address);
		else
			skep_str_addf(out,
				      style == SKEP_STACK_RAW ? "%" PRIx64 "\n" : "0x%" PRIx64 "\n",
				      address);
	}
}

/* What is not in a file is shown as its address. */
static void add_build_id_frame(struct skep_who *who, uint64_t address, uint32_t tgid,
			       struct skep_str *out)
{
	const uint8_t *id;
	uint64_t offset;
	size_t size;

	if ((!who->usyms && skep_usyms_new(SKEP_WHO_PROCS_MAX, &who->usyms) < 0) ||
	    !skep_usyms_build_id(who->usyms, tgid, address, &id, &size, &offset)) {
		skep_str_addf(out, "0x%" PRIx64 "\n", address);
		return;
	}
	for (size_t i = 0; i < size; i++)
		skep_str_addf(out, "%02x", id[i]);
	skep_str_addf(out, " 0x%" PRIx64 "\n", offset);
}

static void ustack(void *data, int64_t id, uint32_t tgid, uint32_t param, unsigned indent,
		   struct skep_str *out)
{
	enum skep_stack_style style = param >> 16;
	uint32_t depth = param & SKEP_STACK_DEPTH;
	struct skep_who *who = data;
	_cleanup_(skep_str_fini)
	struct skep_str name = {};
	struct skep_usym sym;
	int n = read_stack(who, id, depth);

	if (n < 0) {
		add_no_stack(n, indent, out);
		return;
	}
	for (int i = 0; i < n && (!depth || i < (int)depth); i++) {
		uint64_t address = who->stack[i];
		bool known;

		if (style == SKEP_STACK_BUILD_ID) {
			skep_str_pad(out, ' ', indent);
			add_build_id_frame(who, address, tgid, out);
			continue;
		}
		known = style != SKEP_STACK_RAW && find_usym(who, address, tgid, &sym);

		if (style == SKEP_STACK_PERF) {
			skep_str_reset(&name);
			if (known)
				add_usym_name(who, &sym, &name);
			add_perf_frame(who,
				       &(struct frame){
					       .address = address,
					       .offset = known ? sym.offset : 0,
					       .name = known ? skep_str_text(&name) : NULL,
					       .binary = sym.binary,
				       },
				       out);
			continue;
		}
		skep_str_pad(out, ' ', indent_of(who, style, indent));
		if (known) {
			add_usym_name(who, &sym, out);
			skep_str_addf(out, "+%" PRIu64 "\n", sym.offset);
		} else if (style == SKEP_STACK_RAW) {
			skep_str_addf(out, "%" PRIx64 "\n", address);
		} else {
			add_place(who, &sym, address, out);
			skep_str_addc(out, '\n');
		}
	}
}

/* The rest */

/* The name of a probe, or what stands behind its last colon when the value is so marked. */
static void probe(void *data, uint64_t value, struct skep_str *out)
{
	const struct skep_who_options *o = &((struct skep_who *)data)->options;
	uint64_t index = value & ~(uint64_t)SKEP_PROBE_FUNC;
	const char *name = index < o->n_probe_names ? o->probe_names[index] : NULL, *colon;

	if (!name) {
		skep_str_addf(out, "probe %" PRIu64, index);
		return;
	}
	if (value & SKEP_PROBE_FUNC && o->probe_funcs && o->probe_funcs[index]) {
		skep_str_add(out, o->probe_funcs[index]);
		return;
	}
	colon = value & SKEP_PROBE_FUNC ? strrchr(name, ':') : NULL;
	skep_str_add(out, colon ? colon + 1 : name);
}

static void username(void *data, uint32_t uid, struct skep_str *out)
{
	const char *name = skep_user_name(uid);

	if (name)
		skep_str_add(out, name);
	else
		skep_str_addf(out, "%" PRIu32, uid);
}

/* strftime's format with %f replaced by the microseconds, which C does not have. */
static void expand_microseconds(const char *format, unsigned us, struct skep_str *out)
{
	for (; *format; format++) {
		if (format[0] == '%' && format[1] == 'f') {
			skep_str_addf(out, "%06u", us);
			format++;
		} else if (format[0] == '%' && format[1]) {
			skep_str_addn(out, format++, 2);
		} else {
			skep_str_addc(out, *format);
		}
	}
}

/* Where "%f" is; NULL: nowhere, or more than once. */
static const char *only_microseconds(const char *format)
{
	const char *found = NULL;

	for (; *format; format++) {
		if (format[0] != '%' || !format[1])
			continue;
		if (format[1] == 'f') {
			if (found)
				return NULL;
			found = format;
		}
		format++;
	}
	return found;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
/* False: not with this format. */
static bool learn_second(struct known_second *k, const char *format, time_t second,
			 const struct tm *tm)
{
	const char *at = only_microseconds(format);
	char head[64];

	k->format = NULL;
	if (!at || at == format || (size_t)(at - format) >= sizeof(head))
		return false; /* an empty text and one that is too long give 0 alike */
	memcpy(head, format, (size_t)(at - format));
	head[at - format] = '\0';
	k->after[0] = '\0';
	if (!strftime(k->before, sizeof(k->before), head, tm) ||
	    (at[2] && !strftime(k->after, sizeof(k->after), at + 2, tm)))
		return false;
	k->format = format;
	k->second = second;
	return true;
}
#pragma GCC diagnostic pop

static void add_second(const struct known_second *k, unsigned us, struct skep_str *out)
{
	char digits[6];

	for (int i = 5; i >= 0; i--, us /= 10)
		digits[i] = (char)('0' + us % 10);
	skep_str_add(out, k->before);
	skep_str_addn(out, digits, sizeof(digits));
	skep_str_add(out, k->after);
}

static void timestamp(void *data, uint64_t boot_ns, uint32_t index, struct skep_str *out)
{
	struct skep_who *who = data;
	const struct skep_who_options *o = &who->options;
	_cleanup_(skep_str_fini)
	struct skep_str format = {};
	const char *text_format;
	char text[512];
	unsigned us;
	uint64_t wall;
	time_t seconds;
	struct tm tm;

	if (!who->clock_offset_ns)
		who->clock_offset_ns = skep_clock_boot_offset_ns();
	if (!who->monotonic_offset_ns)
		who->monotonic_offset_ns = skep_clock_offset_ns();
	if (index && index == o->monotonic_format)
		wall = boot_ns + (uint64_t)who->monotonic_offset_ns;
	else
		wall = boot_ns + (uint64_t)who->clock_offset_ns;
	seconds = (time_t)(wall / 1000000000);
	us = (unsigned)(wall / 1000 % 1000000);
	text_format = index < o->n_time_formats ? o->time_formats[index] : "%H:%M:%S";
	if (skep_streq(who->second.format, text_format) && who->second.second == seconds) {
		add_second(&who->second, us, out);
		return;
	}
	localtime_r(&seconds, &tm);
	if (learn_second(&who->second, text_format, seconds, &tm)) {
		add_second(&who->second, us, out);
		return;
	}
	expand_microseconds(text_format, us, &format);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	skep_str_addn(out, text, strftime(text, sizeof(text), skep_str_text(&format), &tm));
#pragma GCC diagnostic pop
}

static void cgroup_path(void *data, uint64_t id, struct skep_str *out)
{
	if (skep_cgroup_path(id, out) < 0)
		skep_str_addf(out, "cgroup %" PRIu64, id);
}

static void cgroup_label(void *data, uint64_t id, unsigned what, struct skep_str *out)
{
	struct skep_who *who = data;
	const struct skep_place *place = skep_places_by_id(&who->processes.places, "", id);

	if (!what || !place)
		skep_places_label(&who->processes.places, "", id, out);
	else if (what == 2 && place->is_id)
		skep_str_addn(out, place->id, MIN(strlen(place->id), (size_t)SHORT_ID));
	else
		skep_str_add(out, what == 1 ? place->image : place->id);
}

static void process(void *data, const struct skep_process *process, enum skep_process_what what,
		    struct skep_str *out)
{
	struct skep_who *who = data;

	skep_process_add(&who->processes, "", process, what, out);
}

/* Names of addresses */

static uint64_t now_s(void)
{
	return skep_clock_ns(CLOCK_MONOTONIC) / 1000000000;
}

static bool host(void *data, const uint8_t *address, struct skep_str *out)
{
	const struct skep_who *who = data;
	const char *name = who->dns ? skep_dns_find(who->dns, address, now_s()) : NULL;

	if (name)
		skep_str_add(out, name);
	return name;
}

int skep_who_dns_fd(const struct skep_who *who)
{
	return who->tap;
}

void skep_who_dns_read(struct skep_who *who)
{
	uint8_t packet[DNS_PACKET_MAX];
	size_t n;

	while (who->dns && (n = skep_tap_read(who->tap, packet, sizeof(packet))))
		skep_dns_packet(who->dns, packet, n, now_s());
}

bool skep_who_dns_counts(struct skep_who *who, struct skep_dns_counts *ret_counts,
			 uint64_t *ret_lost)
{
	if (!who || !who->dns)
		return false;
	*ret_counts = *skep_dns_counts(who->dns);
	*ret_lost = skep_tap_lost(who->tap);
	return true;
}

int skep_who_new(const struct skep_who_options *options, struct skep_who **ret_who)
{
	_cleanup_(skep_who_freep)
	struct skep_who *who = calloc(1, sizeof(*who));
	int r;

	if (!who)
		return -ENOMEM;
	who->options = *options;
	who->tap = -1;
	if (options->dns) {
		who->dns = skep_dns_new();
		r = skep_tap_open(53, &who->tap);
		if (r < 0)
			return r;
	}
	if (options->unwind) {
		r = skep_usyms_new(SKEP_WHO_PROCS_MAX, &who->usyms);
		if (r == 0)
			r = skep_tables_new(options->engine, options->loaded, options->unwind,
					    who->usyms, &who->tables);
		if (r < 0)
			return r;
	}
	if (options->kept) {
		r = skep_kept_new(options->engine, options->loaded, options->kept, &who->kept);
		if (r < 0)
			return r;
	}
	who->resolver = (struct skep_resolver){
		.data = who,
		.ksym = ksym,
		.usym = usym,
		.kstack = kstack,
		.ustack = ustack,
		.probe = probe,
		.username = username,
		.timestamp = timestamp,
		.cgroup_path = cgroup_path,
		.cgroup_label = cgroup_label,
		.host = host,
		.process = process,
	};
	*ret_who = TAKE_PTR(who);
	return 0;
}

void skep_who_free(struct skep_who *who)
{
	if (!who)
		return;
	skep_ksyms_fini(&who->ksyms);
	skep_tables_free(who->tables);
	skep_kept_free(who->kept);
	skep_usyms_free(who->usyms);
	skep_processes_fini(&who->processes);
	skep_dns_free(who->dns);
	skep_closep(&who->tap);
	free(who->stack);
	free(who);
}

const struct skep_resolver *skep_who_resolver(const struct skep_who *who)
{
	return &who->resolver;
}

struct skep_kept *skep_who_kept(struct skep_who *who)
{
	return who->kept;
}

int skep_who_rest(struct skep_who *who)
{
	return skep_ksyms_rest(&who->ksyms);
}

void skep_who_observe(struct skep_who *who, uint32_t pid)
{
	if (!who->usyms && skep_usyms_new(SKEP_WHO_PROCS_MAX, &who->usyms) < 0)
		return;
	skep_usyms_observe(who->usyms, pid);
	if (who->tables)
		skep_tables_process(who->tables, pid);
}

void skep_who_preload(struct skep_who *who, const char *path)
{
	if (who->tables)
		skep_tables_preload(who->tables, path);
}

void skep_who_settle(struct skep_who *who)
{
	if (who && who->tables)
		skep_tables_settle(who->tables);
}

int skep_who_news(void *data, const void *bytes, size_t len)
{
	struct skep_unwind_news news;

	if (len < sizeof(news))
		return -EBADMSG;
	memcpy(&news, bytes, sizeof(news));
	skep_who_observe(data, news.tgid);
	return 0;
}
