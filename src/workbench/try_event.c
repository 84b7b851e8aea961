/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of the event that a tracepoint's program hangs at: as tracefs says, or the kernel's types. */
#include <stdio.h>
#include <string.h>

#include "isa/arch.h"
#include "isa/progkind.h"
#include "lang/tracepoint.h"
#include "sys/tracefs.h"
#include "sys/vmlinux.h"
#include "workbench/try_priv.h"

const char *try_event(const struct try_job *j)
{
	const struct skep_spec *spec = &j->input->spec;
	const char *section = spec->progs[j->prog].section;

	if (section)
		return strchr(section, '/') ? strchr(section, '/') + 1 : NULL;
	for (size_t i = 0; i < spec->n_attaches; i++) {
		const struct skep_spec_attach *a = &spec->attaches[i];

		if (a->prog == j->prog && a->n_targets &&
		    (a->kind == SKEP_ATTACH_TP || a->kind == SKEP_ATTACH_RAW_TP))
			return a->targets[0].name;
	}
	return NULL;
}

/* The same, and of a script's program for one system call that call's, which hangs at the event of all calls. */
static const char *described_event(const struct try_job *j)
{
	const char *probe = j->wants_regs ? j->input->plan->prog_names[j->prog] : NULL;

	return probe ? skep_arena_printf(j->arena, "syscalls/%s", strrchr(probe, ':') + 1)
		     : try_event(j);
}

/* Its description, malloc'ed; NULL: the program says no event, or none that is known. */
static char *format_of(const struct try_job *j)
{
	const char *event = described_event(j), *slash = event ? strchr(event, '/') : NULL, *class;
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	const struct skep_btf *btf;
	char *format;

	if (!slash)
		return NULL;
	if (skep_tracefs_event_format(event, &format) == 0)
		return format;
	if (skep_vmlinux_btf(NULL, &btf) < 0 ||
	    skep_tracepoint_describe(btf,
				     skep_arena_strndup(j->arena, event, (size_t)(slash - event)),
				     slash + 1, &text, &class) < 0)
		return NULL;
	return TAKE_PTR(text.data);
}

/* The next field of a description: "field:int next_pid;	offset:56;	size:4;	signed:1;" */
static const char *next_field(const char *at, const char **ret_name, size_t *ret_len,
			      struct try_place *ret_place)
{
	while ((at = strstr(at, "field:"))) {
		const char *end = strchr(at, ';'), *stop, *name;

		if (!end)
			return NULL;
		stop = memchr(at, '[', (size_t)(end - at));
		/* "char comm[16]", but "__data_loc char[] name" */
		if (!stop || stop[1] == ']')
			stop = end;
		for (name = stop; name > at && !strchr(" *", name[-1]);)
			name--;
		*ret_name = name;
		*ret_len = (size_t)(stop - name);
		at = end;
		if (sscanf(end, "; offset:%u; size:%u", &ret_place->offset, &ret_place->size) == 2)
			return end;
	}
	return NULL;
}

bool try_event_field(const struct try_job *j, const char *name, struct try_place *ret_place)
{
	_cleanup_free_ char *format = format_of(j);
	const char *found;
	size_t len;

	for (const char *at = format; at && (at = next_field(at, &found, &len, ret_place));)
		if (strlen(name) == len && memcmp(found, name, len) == 0)
			return true;
	return false;
}

bool try_call_field(const struct try_job *j, const char *name, struct try_place *ret_place)
{
	const struct skep_arch *arch = skep_arch();
	struct try_place place = {};
	bool is_exit;
	unsigned i;

	if (!j->wants_regs || !arch || !try_event_field(j, name, &place))
		return false;
	is_exit = strstr(j->input->plan->prog_names[j->prog], ":sys_exit_") != NULL;
	i = (place.offset - 16) / 8;
	*ret_place = (struct try_place){ .offset = 8, .size = 8 };
	if (place.offset >= 16 && !is_exit) {
		if (i >= SKEP_SYSCALL_ARGS_MAX)
			return false;
		*ret_place = (struct try_place){ arch->syscall_args[i], 8, true };
	} else if (place.offset < 16 && is_exit) {
		*ret_place = (struct try_place){ arch->syscall_nr, 8, true };
	}
	return true;
}

void try_event_hint(const struct try_job *j)
{
	_cleanup_free_ char *format = format_of(j);
	_cleanup_(skep_str_fini)
	struct skep_str names = {};
	struct try_place place;
	const char *found;
	size_t len;

	for (const char *at = format; at && (at = next_field(at, &found, &len, &place));)
		if (strncmp(found, "common_", 7) != 0)
			skep_str_addf(&names, "%s%.*s", names.len ? ", " : "", (int)len, found);
	if (names.len)
		skep_diag_hint(j->diag, "its fields are: %s", names.data);
	else
		skep_diag_hint(j->diag, "its fields are known when the program says its event: "
					"SEC(\"tracepoint/CATEGORY/EVENT\")");
}
