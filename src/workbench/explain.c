/* SPDX-License-Identifier: Apache-2.0 */
#include "workbench/explain.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "isa/mapkind.h"
#include "isa/progkind.h"
#include "obj/core.h"
#include "workbench/explain_priv.h"
#include "workbench/source.h"
#include "workbench/verdict.h"

#define SOURCE_MAX (256u << 10)

static const struct explain_step steps[8] = {
	{ "write",
	  "A program for the kernel is a function in C. It has no main() and no library: what it may call are the "
	  "kernel's helpers, and what it keeps is in maps." },
	{ "compile",
	  "clang makes instructions of it for a machine that no chip is: eleven registers of 64 bits, 512 bytes of "
	  "stack. The types and the lines of the source come along (BTF)." },
	{ "load",
	  "bpf() gives the instructions to the kernel. Before that, the loader makes the maps, and puts in what only the "
	  "running kernel knows: which map is meant, and where the members of its structures are." },
	{ "verify",
	  "The kernel walks every path before it runs one, and keeps account of what each register can hold. Only what "
	  "it can show to be safe is let in: no read outside of memory, no endless loop." },
	{ "translate",
	  "The instructions become machine code of this CPU, nearly one for one (JIT). From here on the program is "
	  "as fast as the kernel's own code." },
	{ "attach", "A link ties the program to a place. When the link goes, the program goes." },
	{ "run",
	  "When something happens there, the program runs to its end, at once, in the kernel." },
	{ "exchange",
	  "What it found out stays in maps, or goes through a ring buffer. User space reads them whenever it likes." },
};

/* The same steps where they are others: of scripts, and of what was written as instructions. */
static const struct explain_step script_steps[2] = {
	{ "write",
	  "A script says at which events something is to be done, under which condition, and what." },
	{ "compile",
	  "skep makes instructions of it, without a compiler of C: one program for each kind of event. They are "
	  "for a machine that no chip is: eleven registers of 64 bits, 512 bytes of stack." },
};
static const struct explain_step other_steps[2] = {
	{ "write", "The program was written as instructions, or is in the kernel already." },
	{ "compile",
	  "The instructions are for a machine that no chip is: eleven registers of 64 bits, 512 bytes of stack." },
};

struct explain_step explain_step(const struct skep_explain *e, unsigned number)
{
	if (number > 2 || e->input->kind == SKEP_INPUT_OBJECT)
		return steps[number - 1];
	return (e->input->kind == SKEP_INPUT_SCRIPT ? script_steps : other_steps)[number - 1];
}

static void find_source(struct skep_explain *e, const char *path, struct skep_arena *arena)
{
	size_t size;
	char *text;

	if (e->input->spec.source_text) {
		e->source = e->input->spec.source_text;
		e->source_len = e->input->spec.source_len;
	} else if (path && (skep_has_suffix(path, ".c") || skep_has_suffix(path, ".s")) &&
		   skep_input_bytes(path, arena, NULL, &text, &size) == 0 && size <= SOURCE_MAX) {
		e->source = text;
		e->source_len = size;
	}
}

static bool same_line(const struct skep_spec_line *a, const struct skep_spec_line *b)
{
	return a && b && a->loc.line == b->loc.line && skep_streq(a->file, b->file);
}

static void begin_line(struct skep_explain *e, const struct skep_spec_line *line, size_t first,
		       const struct explain_insn *insns, struct skep_arena *arena)
{
	struct explain_line *l = &e->lines[e->n_lines++];
	_cleanup_(skep_str_fini)
	struct skep_str place = {}, code = {};

	*l = (struct explain_line){ .code = "", .insns = &insns[first] };
	if (!line || !skep_source_place(e->input, line, &place))
		return;
	skep_source_code(&e->input->spec, line, &code);
	l->place = skep_arena_strdup(arena, skep_str_text(&place));
	l->code = skep_arena_strdup(arena, skep_str_text(&code));
}

static void gather_lines(struct skep_explain *e, const char *const *known, size_t n,
			 struct skep_arena *arena)
{
	struct explain_insn *insns = skep_arena_calloc(arena, n, sizeof(*insns));
	const struct skep_spec_line *line = NULL, *next;
	size_t words, count = 0;

	e->lines = skep_arena_calloc(arena, n, sizeof(*e->lines));
	for (size_t i = 0; i < n; i += words) {
		_cleanup_(skep_str_fini)
		struct skep_str code = {};
		const struct insn_note *note = &e->listing->notes[i];

		next = note->line ? note->line : line;
		words = skep_listing_insn(e->listing, i, &code);
		if (!i || !same_line(line, next))
			begin_line(e, next, count, insns, arena);
		line = next;
		insns[count++] =
			(struct explain_insn){ skep_arena_strdup(arena, skep_str_text(&code)),
					       known[i], note->about, i };
		e->lines[e->n_lines - 1].n_insns++;
	}
}

/* A frame of Ethernet with IPv4 and UDP, from this machine to itself, port 7. */
static const uint8_t sample_packet[] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0,	0,    0,    1,	  0x08, 0x00,
	0x45, 0,    0,	  0x1c, 0,    1,    0, 0, 0x40, 0x11, 0x7c, 0xce, 0x7f, 0,
	0,    1,    0x7f, 0,	0,    1,    0, 7, 0,	7,    0,    8,	  0,	0,
};

/* What nobody has given is made up, so that there is something to see. */
static void make_up(struct skep_explain *e, struct skep_try_input *with, struct skep_str *told)
{
	if (!with->bytes && skep_try_has_packet(e->prog->type)) {
		with->bytes = sample_packet;
		with->size = sizeof(sample_packet);
		skep_str_add(told, "a packet that is made up (Ethernet, IPv4, UDP)");
	} else if (with->bytes) {
		skep_str_addf(told, "a %s of %zu bytes",
			      skep_try_has_packet(e->prog->type) ? "packet" : "context",
			      with->size);
	}
	for (size_t i = 0; i < with->n_fields; i++)
		skep_str_addf(told, "%s%s", told->len ? ", " : "", with->fields[i]);
	if (with->engine == SKEP_TRY_KERNEL)
		return;
	with->pid = with->pid ? with->pid : 4242;
	with->comm = with->comm ? with->comm : "sample";
	skep_str_addf(told, "%sprocess %u (%s)", told->len ? ", in " : "", with->pid, with->comm);
}

static void run(struct skep_explain *e, const struct skep_explain_options *options,
		struct skep_arena *arena, struct skep_diag *outer)
{
	struct skep_try_input with = options->with;
	_cleanup_(skep_str_fini)
	struct skep_str told = {};
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	struct skep_diag diag = {};
	int r;

	make_up(e, &with, &told);
	e->run_input = skep_arena_strdup(arena, told.len ? skep_str_text(&told) : "nothing given");
	r = skep_try(e->input, e->index, &with, arena, &diag, &e->run);
	e->ran = r == 0 || r == -EFAULT;
	if (e->ran)
		skep_try_text(&e->run, &text);
	else if (diag.n_errors)
		e->run_why = skep_arena_strdup(arena, diag.items[0].what);
	else
		e->run_why = "it cannot be run here";
	/* What was asked for is refused: that is no matter of the page alone. */
	if (!e->ran && with.n_fields && diag.n_errors) {
		skep_diag_error(outer, SKEP_NO_LOC, "%s is not run: %s",
				e->input->spec.progs[e->index].name, diag.items[0].what);
		if (diag.items[0].hint)
			skep_diag_hint(outer, "%s", diag.items[0].hint);
	}
	skep_diag_fini(&diag);
	e->run_text = skep_arena_strdup(arena, skep_str_text(&text));
}

int skep_explain_new(const struct skep_input *input, size_t prog,
		     const struct skep_explain_options *options, struct skep_arena *arena,
		     struct skep_diag *diag, struct skep_explain **ret_explain)
{
	struct skep_explain *e = skep_arena_alloc(arena, sizeof(*e));
	const struct skep_prog_kind *kind;
	struct skep_listing *listing;
	struct skep_diag native = {};
	const char **known;
	size_t n;
	int r;

	e->input = input;
	e->index = prog;
	e->prog = &input->spec.progs[prog];
	kind = skep_prog_kind_find(e->prog->type);
	e->kind = kind ? kind->name : "?";
	/* Of another CPU than those that have a JIT there is no machine code to show. */
	r = skep_listing_new(input, prog, SKEP_LISTING_NATIVE, arena, &native, &listing);
	if (r < 0 && r != -EOPNOTSUPP && native.n_errors)
		e->native_why = skep_arena_strdup(arena, native.items[0].what);
	skep_diag_fini(&native);
	if (r < 0)
		r = skep_listing_new(input, prog, 0, arena, diag, &listing);
	if (r < 0)
		return r;
	e->listing = listing;
	e->all_native = options->all_native;
	skep_listing_insns(listing, &n);
	for (size_t i = 0; i <= n; i++)
		e->native_bytes += listing->notes[i].native.size;
	find_source(e, options->path, arena);
	known = explain_known(e, options, n, arena, diag);
	gather_lines(e, known, n, arena);
	explain_place(e, arena);
	run(e, options, arena, diag);
	*ret_explain = e;
	return 0;
}

/*
 * Facts.
 */

static void facts_of_maps(const struct skep_explain *e, struct skep_str *out)
{
	const struct skep_spec *spec = &e->input->spec;

	if (!spec->n_maps)
		skep_str_add(out, "It has no maps.\n");
	for (size_t i = 0; i < spec->n_maps; i++) {
		const struct skep_spec_map *m = &spec->maps[i];
		const struct skep_map_kind *kind = skep_map_kind_find(m->type);

		if (skep_has_prefix(m->name, "."))
			skep_str_addf(out, "map %s: variables, %u bytes%s", m->name, m->value_size,
				      m->read_only ? ", read-only" : "");
		else if (!m->key_size)
			skep_str_addf(out, "map %s: %s of %u bytes", m->name,
				      kind ? kind->name : "?", m->max_entries);
		else
			skep_str_addf(
				out,
				"map %s: %s, up to %u entries, key of %u bytes, value of %u bytes",
				m->name, kind ? kind->name : "?", m->max_entries, m->key_size,
				m->value_size);
		skep_str_addc(out, '\n');
	}
}

static void facts_of_references(const struct skep_explain *e, struct skep_str *out)
{
	static const char *const words[] = {
		[SKEP_RELOC_MAP] = "addresses of maps",
		[SKEP_RELOC_MAP_VALUE] = "addresses of variables",
		[SKEP_RELOC_KFUNC] = "calls of functions of the kernel",
		[SKEP_RELOC_KSYM] = "addresses of symbols of the kernel",
		[SKEP_RELOC_KVAR] = "variables of the kernel",
	};
	const struct skep_spec_prog *p = e->listing->prog;
	size_t counts[ARRAY_SIZE(words)] = {};
	bool first = true;

	for (size_t i = 0; i < p->n_relocs; i++)
		if (p->relocs[i].kind < ARRAY_SIZE(words))
			counts[p->relocs[i].kind]++;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (counts[i] && words[i]) {
			skep_str_addf(out, "%s%s: %zu", first ? "filled in: " : ", ", words[i],
				      counts[i]);
			first = false;
		}
	if (p->n_cores)
		skep_str_addf(out, "%splaces in structures of the kernel (CO-RE): %zu",
			      first ? "filled in: " : ", ", p->n_cores);
	if (!first || p->n_cores)
		skep_str_addc(out, '\n');
}

const char *explain_stop(const struct skep_explain *e)
{
	switch (e->verdict.verdict) {
	case SKEP_VERDICT_SAFE:
		return NULL;
	case SKEP_VERDICT_REJECTED:
		return "Here the kernel stops: bpf() fails, and nothing of the program is kept. The steps "
		       "below show what would become of it; its run is one in skep's own machine, which ends "
		       "where the program does what it must not.";
	default:
		return "Whether the kernel goes on from here is not known: skep run shows it. The steps below "
		       "show what becomes of the program if it does.";
	}
}

void explain_facts(const struct skep_explain *e, unsigned step, unsigned columns,
		   struct skep_str *out)
{
	const struct skep_verify_result *v = &e->verdict;
	size_t n = e->listing->prog->n_insns;

	switch (step) {
	case 2:
		skep_str_addf(out, "program %s, kind %s%s%s: %zu instructions of 8 bytes\n",
			      e->prog->name, e->kind, e->prog->section ? ", section " : "",
			      e->prog->section ? e->prog->section : "", n);
		return;
	case 3:
		facts_of_maps(e, out);
		facts_of_references(e, out);
		return;
	case 4:
		skep_verdict_text(e->input, e->index, v, (struct skep_look){ .columns = columns },
				  out);
		if (v->verdict == SKEP_VERDICT_SAFE)
			skep_str_addf(
				out,
				"on all paths together %u instructions were looked at; %u times a path was left out, "
				"for an earlier one had shown as much\n",
				v->processed, v->pruned);
		return;
	case 5:
		if (e->native_bytes)
			skep_str_addf(
				out,
				"%u bytes of machine code, by skep's own JIT, which checks each access once more\n",
				e->native_bytes);
		else if (e->native_why)
			skep_str_addf(out, "there is no machine code to show: %s\n", e->native_why);
		else
			skep_str_add(out, "there is no JIT for this CPU\n");
		return;
	default:
		return;
	}
}
