/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and stacks, of the kernel and of programs, as names. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "who/demangle.h"
#include "who/who_priv.h"

#define ENTRY_MAX 8 /* bytes into a function at which a probe of its beginning may be */

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

void skep_who_ksym(void *data, uint64_t address, bool offset, struct skep_str *out)
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

void skep_who_usym(void *data, uint64_t address, uint32_t tgid, bool offset, struct skep_str *out)
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
		      error == -EEXIST	? "another one was in its place"
		      : error == -E2BIG ? "there was no room for one more"
					: strerror(-error));
}

/*
 * Between a tracepoint and its programs are functions that the kernel makes for the event: they are on the stack, too, and say
 * nothing about who is there. bpftrace shows all but those of __bpf_trace. A probe of such a function is at its beginning.
 */
static bool is_glue(struct skep_who *who, uint64_t address)
{
	struct skep_ksym sym;

	return find_ksym(who, address, &sym) &&
	       (skep_has_prefix(sym.name, "__bpf_trace_") ||
		(!who->options.bpftrace_shapes && address - sym.address > ENTRY_MAX &&
		 (skep_has_prefix(sym.name, "__traceiter_") ||
		  skep_has_prefix(sym.name, "bpf_trace_run"))));
}

void skep_who_kstack(void *data, int64_t id, uint32_t param, unsigned indent, struct skep_str *out)
{
	enum skep_stack_style style = param >> 16;
	uint32_t depth = param & SKEP_STACK_DEPTH;
	struct skep_who *who = data;
	struct skep_ksym sym;
	int n = read_stack(who, id, depth), first = 0;
	bool known;

	if (n < 0) {
		add_no_stack(n, indent, out);
		return;
	}
	while (first + 1 < n && is_glue(who, who->stack[first]))
		first++;
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

void skep_who_ustack(void *data, int64_t id, uint32_t tgid, uint32_t param, unsigned indent,
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
