/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The context of a run: given bytes, then fields by name. Names are those of the kind's structure; of registers (x86-64)
 * also what a function's arguments and its result are in; of lists of arguments arg0, arg1 and so on; of tracepoints what
 * the kernel says that its record has. A name that none of them has is a global variable's.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "isa/context.h"
#include "isa/progkind.h"
#include "lang/provider/syscalls.h"
#include "live/vars.h"
#include "sys/vmlinux.h"
#include "workbench/try_priv.h"

#define ARGUMENTS_MAX 12

struct named_place {
	const char *name;
	uint16_t offset;
};

/* struct pt_regs of x86-64. */
static const struct named_place registers[] = {
	{ "r15", 0 },	{ "r14", 8 },	  { "r13", 16 },  { "r12", 24 },   { "bp", 32 },
	{ "bx", 40 },	{ "r11", 48 },	  { "r10", 56 },  { "r9", 64 },	   { "r8", 72 },
	{ "ax", 80 },	{ "cx", 88 },	  { "dx", 96 },	  { "si", 104 },   { "di", 112 },
	{ "ip", 128 },	{ "flags", 144 }, { "sp", 152 },  { "arg0", 112 }, { "arg1", 104 },
	{ "arg2", 96 }, { "arg3", 88 },	  { "arg4", 72 }, { "arg5", 64 },  { "retval", 80 },
};

static bool find_field(const struct skep_context *context, const char *name, struct try_place *ret)
{
	for (size_t i = 0; context && i < context->n_fields; i++) {
		const struct skep_ctx_field *f = &context->fields[i];
		size_t len = strlen(f->name);
		unsigned index = 0;

		if (strncmp(f->name, name, len) != 0)
			continue;
		if (name[len] && (sscanf(name + len, "[%u]", &index) != 1 || index >= f->count))
			continue;
		*ret = (struct try_place){ f->offset + index * f->size, f->size };
		return true;
	}
	return false;
}

static bool find_register(const char *name, struct try_place *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(registers); i++)
		if (skep_streq(registers[i].name, name)) {
			*ret = (struct try_place){ registers[i].offset, 8 };
			return true;
		}
	return false;
}

/*
 * The prototype of what the program hangs at, by the kernel's types; *ret_first is the first parameter that it gets. Of a
 * tracepoint that is of the function that calls its programs, whose parameters have names, and one more in front.
 */
static bool find_prototype(const struct try_job *j, const struct skep_btf **ret_btf,
			   uint32_t *ret_proto, uint32_t *ret_first)
{
	const struct skep_spec_prog *p = &j->spec.progs[j->prog];
	const char *name = p->attach_btf_name ? p->attach_btf_name : "", *event = NULL;
	_cleanup_(skep_str_fini)
	struct skep_str caller = {};
	uint32_t id;

	if (skep_has_prefix(name, "btf_trace_"))
		event = name + strlen("btf_trace_");
	else if (p->type != SKEP_PROG_TRACING && p->type != SKEP_PROG_LSM)
		event = try_event(j);
	if (event)
		skep_str_addf(&caller, "__traceiter_%s", event);
	*ret_first = event != NULL;
	return !p->attach_prog_id && skep_vmlinux_btf(NULL, ret_btf) == 0 &&
	       skep_btf_find(*ret_btf, event ? caller.data : name, SKEP_BTF_FUNC, &id) == 0 &&
	       skep_btf_proto(*ret_btf, id, ret_proto) == 0;
}

/* "arg1", or as the kernel's prototype calls it. */
static bool find_argument(const struct try_job *j, const char *name, struct try_place *ret)
{
	const struct skep_btf *btf;
	struct skep_btf_param param;
	uint32_t proto, first;
	unsigned index;
	char rest;

	if (sscanf(name, "arg%u%c", &index, &rest) == 1 && index < ARGUMENTS_MAX) {
		*ret = (struct try_place){ index * 8, 8 };
		return true;
	}
	if (!find_prototype(j, &btf, &proto, &first))
		return false;
	for (index = 0; index < ARGUMENTS_MAX &&
			skep_btf_param(btf, proto, index + first, &param) == 0 && param.type;
	     index++)
		if (skep_streq(param.name, name)) {
			*ret = (struct try_place){ index * 8, 8 };
			return true;
		}
	*ret = (struct try_place){ index * 8, 8 };
	return skep_streq(name, "retval") && !first && index < ARGUMENTS_MAX;
}

static void hint_arguments(const struct try_job *j)
{
	_cleanup_(skep_str_fini)
	struct skep_str names = {};
	const struct skep_btf *btf;
	struct skep_btf_param param;
	uint32_t proto, first;

	if (find_prototype(j, &btf, &proto, &first))
		for (uint32_t i = 0;
		     i < ARGUMENTS_MAX && skep_btf_param(btf, proto, i + first, &param) == 0; i++)
			skep_str_addf(&names, "%s%s", i ? ", " : ": ", param.name);
	skep_diag_hint(j->diag, "it has arg0, arg1 and so on%s", skep_str_text(&names));
}

/*
 * A script's programs for system calls hang at one event for all calls, and look which it is: without a word it is the one
 * that the probe names.
 */
static void set_syscall(struct try_job *j)
{
	const struct skep_plan *plan = j->input->plan;
	const char *probe = plan && plan->prog_names ? plan->prog_names[j->prog] : NULL;
	const char *event = probe ? strrchr(probe, ':') : NULL;
	uint32_t type = j->spec.progs[j->prog].type;
	bool is_exit;
	int64_t number;

	if (!event || j->ctx_size < 16 ||
	    (type != SKEP_PROG_TRACING && type != SKEP_PROG_RAW_TRACEPOINT))
		return;
	number = skep_syscalls_number(event + 1, &is_exit);
	if (number >= 0 && !is_exit)
		memcpy(j->ctx + 8, &number, sizeof(number));
	j->wants_regs = number >= 0;
}

static bool find_place(const struct try_job *j, const char *name, struct try_place *ret)
{
	const struct skep_spec_prog *p = &j->spec.progs[j->prog];

	switch (p->type) {
	case SKEP_PROG_KPROBE:
		return find_register(name, ret);
	case SKEP_PROG_PERF_EVENT:
		return find_register(name, ret) ||
		       find_field(skep_context_find(p->type), name, ret);
	case SKEP_PROG_TRACEPOINT:
		return try_event_field(j, name, ret);
	case SKEP_PROG_RAW_TRACEPOINT:
	case SKEP_PROG_RAW_TRACEPOINT_WRITABLE:
	case SKEP_PROG_TRACING:
	case SKEP_PROG_LSM:
		return try_call_field(j, name, ret) || find_argument(j, name, ret);
	default:
		return find_field(skep_context_find(p->type), name, ret);
	}
}

static int no_field(const struct try_job *j, const char *name)
{
	const struct skep_spec_prog *p = &j->spec.progs[j->prog];
	const struct skep_context *context = skep_context_find(p->type);
	_cleanup_(skep_str_fini)
	struct skep_str names = {};

	for (size_t i = 0; context && i < context->n_fields; i++)
		skep_str_addf(&names, "%s%s", i ? ", " : "", context->fields[i].name);
	skep_diag_error(j->diag, SKEP_NO_LOC,
			j->spec.n_vars
				? "neither the context of a program of kind %s nor its global "
				  "variables have '%s'"
				: "the context of a program of kind %s has no '%s'",
			skep_prog_kind_find(p->type)->name, name);
	if (names.len)
		skep_diag_hint(j->diag, "it has: %s", names.data);
	else if (p->type == SKEP_PROG_KPROBE)
		skep_diag_hint(j->diag,
			       "it has arg0 to arg5, retval, and registers: di, si, ip ...");
	else if (p->type == SKEP_PROG_TRACEPOINT || j->wants_regs)
		try_event_hint(j);
	else
		hint_arguments(j);
	if (j->spec.n_vars) {
		skep_diag_add(j->diag, SKEP_DIAG_NOTE, SKEP_NO_LOC, "global variables:");
		skep_var_hint(&j->spec, name, j->diag);
	}
	return -EINVAL;
}

static int set_field(struct try_job *j, const char *text)
{
	const char *equals = strchr(text, '=');
	struct try_place place = {};
	uint64_t value;
	char *end;

	if (!equals || equals == text || !equals[1]) {
		skep_diag_error(j->diag, SKEP_NO_LOC, "a field is set by NAME=NUMBER, not '%s'",
				text);
		return -EINVAL;
	}
	text = skep_arena_strndup(j->arena, text, (size_t)(equals - text));
	if (!find_place(j, text, &place)) {
		int r = skep_var_change(&j->spec, text, equals + 1, j->arena, j->diag);

		return r == -ENOENT ? no_field(j, text) : r;
	}
	errno = 0;
	value = strtoull(equals + 1, &end, 0);
	if (*end || errno) {
		skep_diag_error(j->diag, SKEP_NO_LOC, "'%s' is not a number", equals + 1);
		return -EINVAL;
	}
	if (place.in_regs && !j->regs)
		j->regs = skep_arena_calloc(j->arena, 1, TRY_REGS_BYTES);
	if (place.size > 8 ||
	    (uint64_t)place.offset + place.size > (place.in_regs ? TRY_REGS_BYTES : j->ctx_size)) {
		skep_diag_error(j->diag, SKEP_NO_LOC, "'%s' is no number in the context", text);
		return -EINVAL;
	}
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	value <<= 64 - place.size * 8;
#endif
	memcpy((place.in_regs ? j->regs : j->ctx) + place.offset, &value, place.size);
	return 0;
}

int try_make_context(struct try_job *j)
{
	uint32_t type = j->spec.progs[j->prog].type;
	const struct skep_context *context = skep_context_find(type);
	bool has_packet = skep_try_has_packet(type);
	const void *given = has_packet ? j->with->ctx : j->with->bytes;
	size_t given_size = given ? (has_packet ? j->with->ctx_size : j->with->size) : 0;
	int r = 0;

	j->ctx_size = MAX(given_size, context ? context->size : 0);
	j->ctx = skep_arena_alloc(j->arena, j->ctx_size + 1);
	set_syscall(j);
	if (given_size)
		memcpy(j->ctx, given, given_size);
	for (size_t i = 0; i < j->with->n_fields && r == 0; i++)
		r = set_field(j, j->with->fields[i]);
	return r;
}
