/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "isa/mapkind.h"
#include "isa/progkind.h"
#include "record/format.h"
#include "vm/engine.h"
#include "workbench/try.h"

#define ZEROES_MIN 24 /* bytes at the end that are counted and not written */

static const char *const engines[] = { "interpreter", "jit", "kernel" };

/* As a number, as most are, or as digits in groups. */
static void add_bytes(struct skep_try_bytes bytes, struct skep_str *out)
{
	uint64_t x = 0;
	size_t end;

	if (bytes.size == 4 || bytes.size == 8) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		memcpy(&x, bytes.data, bytes.size);
#else
		memcpy((char *)&x + 8 - bytes.size, bytes.data, bytes.size);
#endif
		skep_str_addf(out, "%" PRIu64, x);
		return;
	}
	end = bytes.size;
	while (end && !bytes.data[end - 1])
		end--;
	end = MIN(ALIGN_UP(MAX(end, 8), 8), bytes.size);
	if (bytes.size - end < ZEROES_MIN)
		end = bytes.size;
	for (size_t i = 0; i < end; i++)
		skep_str_addf(out, "%s%02x", i && i % 8 == 0 ? " " : "", bytes.data[i]);
	if (end < bytes.size)
		skep_str_addf(out, " and %zu zeroes", bytes.size - end);
}

/* Of per-CPU kinds what each CPU has, side by side. */
static void add_value(const struct skep_try_map *map, struct skep_try_bytes value,
		      struct skep_str *out)
{
	size_t stride = ALIGN_UP((size_t)map->value_size, 8);

	if (value.size == map->value_size || !stride) {
		add_bytes(value, out);
		return;
	}
	for (size_t at = 0; at + stride <= value.size; at += stride) {
		skep_str_add(out, at ? " | " : "");
		add_bytes((struct skep_try_bytes){ value.data + at, map->value_size }, out);
	}
}

static void add_either(const char *text, struct skep_try_bytes bytes, struct skep_str *out)
{
	if (text)
		skep_str_add(out, text);
	else
		add_bytes(bytes, out);
}

static void add_map(const struct skep_try_map *map, struct skep_str *out)
{
	skep_str_addf(out, "map %s (%s):\n", map->name, skep_map_kind_find(map->kind)->name);
	for (size_t i = 0; i < map->n_vars; i++) {
		skep_str_addf(out, "  %s: ", map->vars[i].key_text);
		add_either(map->vars[i].value_text, map->vars[i].value, out);
		skep_str_addc(out, '\n');
	}
	for (size_t i = 0; !map->n_vars && i < map->n_entries; i++) {
		skep_str_add(out, "  ");
		add_either(map->entries[i].key_text, map->entries[i].key, out);
		skep_str_add(out, ": ");
		if (map->entries[i].value_text)
			skep_str_add(out, map->entries[i].value_text);
		else
			add_value(map, map->entries[i].value, out);
		skep_str_addc(out, '\n');
	}
	if (map->more)
		skep_str_addf(out, "  and %zu more\n", map->more);
	for (size_t i = 0; i < map->n_records; i++) {
		skep_str_addf(out, "  record of %zu bytes: ", map->records[i].bytes.size);
		add_either(map->records[i].text, map->records[i].bytes, out);
		skep_str_addc(out, '\n');
	}
}

static const char *redirect_to(const struct skep_try_result *r)
{
	return r->redirect == SKEP_VM_REDIRECT_MAP ? "element" : "interface";
}

static void add_fault(const struct skep_try_result *r, struct skep_str *out)
{
	const struct skep_spec_line *line = r->fault_line;
	char place[48];
	const char *what;

	/* the sentence begins with the program and the place, which is told here */
	snprintf(place, sizeof(place), ", instruction %u: ", r->fault_insn);
	what = strstr(r->fault, place);
	skep_str_addf(out, "fault at instruction %u: %s\n", r->fault_insn,
		      what ? what + strlen(place) : r->fault);
	if (line && line->text)
		skep_str_addf(out, "  %s%s%u: %s\n", line->file ? line->file : "line ",
			      line->file ? ":" : "", line->loc.line,
			      line->text + strspn(line->text, " \t"));
}

static void add_shown(const struct skep_try_result *r, struct skep_str *out)
{
	if (!r->shown)
		return;
	skep_str_add(out, r->shown);
	if (!skep_has_suffix(r->shown, "\n"))
		skep_str_addc(out, '\n');
}

static void add_notes(const struct skep_try_result *r, struct skep_str *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(r->notes) && r->notes[i]; i++)
		skep_str_addf(out, "(%s)\n", r->notes[i]);
}

void skep_try_text(const struct skep_try_result *r, struct skep_str *out)
{
	const char *verdict = skep_prog_kind_verdict(r->kind, (uint32_t)r->value);

	for (size_t i = 0; i < r->n_lines; i++)
		skep_str_addf(out, "printed: %s\n", r->lines[i]);
	if (r->faulted) {
		add_fault(r, out);
		add_shown(r, out);
		add_notes(r, out);
		return;
	}
	skep_str_addf(out, "r0: %" PRIu64 " (0x%" PRIx64 ")\n", r->value, r->value);
	if (verdict)
		skep_str_addf(out, "verdict: %s\n", verdict);
	if (r->redirect)
		skep_str_addf(out, "redirect: to %s %" PRIu64 "\n", redirect_to(r), r->target);
	if (r->runs > 1)
		skep_str_addf(out, "%u runs, %" PRIu64 " ns each (%s)\n", r->runs, r->ns,
			      engines[r->engine]);
	if (r->packet_changed) {
		skep_str_addf(out, "packet, %zu bytes:", r->packet.size);
		for (size_t i = 0; i < r->packet.size; i++)
			skep_str_addf(out, "%s%02x",
				      i % 32 == 0 ? "\n  "
				      : i % 8	  ? ""
						  : " ",
				      r->packet.data[i]);
		skep_str_addc(out, '\n');
	}
	add_shown(r, out);
	for (size_t i = 0; i < r->n_maps; i++)
		add_map(&r->maps[i], out);
	add_notes(r, out);
}

static void json_text(const char *key, const char *value, struct skep_str *out)
{
	skep_str_addf(out, "\"%s\":", key);
	skep_json_string(value, strlen(value), out);
}

static void json_bytes(struct skep_try_bytes bytes, struct skep_str *out)
{
	skep_str_addc(out, '"');
	for (size_t i = 0; i < bytes.size; i++)
		skep_str_addf(out, "%02x", bytes.data[i]);
	skep_str_addc(out, '"');
}

static void json_map(const struct skep_try_map *map, struct skep_str *out)
{
	skep_str_addc(out, '{');
	json_text("name", map->name, out);
	skep_str_addc(out, ',');
	json_text("kind", skep_map_kind_find(map->kind)->name, out);
	skep_str_add(out, ",\"entries\":[");
	for (size_t i = 0; i < map->n_entries; i++) {
		skep_str_add(out, i ? ",{\"key\":" : "{\"key\":");
		json_bytes(map->entries[i].key, out);
		skep_str_add(out, ",\"value\":");
		json_bytes(map->entries[i].value, out);
		skep_str_addc(out, '}');
	}
	skep_str_addf(out, "],\"more\":%zu,\"records\":[", map->more);
	for (size_t i = 0; i < map->n_records; i++) {
		skep_str_add(out, i ? "," : "");
		json_bytes(map->records[i].bytes, out);
	}
	skep_str_add(out, map->n_vars ? "],\"variables\":{" : "]");
	for (size_t i = 0; i < map->n_vars; i++) {
		const struct skep_try_entry *e = &map->vars[i];

		skep_str_add(out, i ? "," : "");
		json_text(e->key_text, e->value_text ? e->value_text : "", out);
	}
	skep_str_add(out, map->n_vars ? "}}" : "}");
}

/* Records of one line each become elements. */
static void json_shown(const char *lines, struct skep_str *out)
{
	bool first = true;

	skep_str_add(out, ",\"shown\":[");
	while (*lines) {
		size_t len = strcspn(lines, "\n");

		if (len) {
			skep_str_add(out, first ? "" : ",");
			skep_str_addn(out, lines, len);
			first = false;
		}
		lines += len + (lines[len] == '\n');
	}
	skep_str_addc(out, ']');
}

static void json_outcome(const struct skep_try_result *r, struct skep_str *out)
{
	const char *verdict = skep_prog_kind_verdict(r->kind, (uint32_t)r->value);

	if (r->faulted) {
		skep_str_addf(out, ",\"fault\":{\"insn\":%u,", r->fault_insn);
		json_text("what", r->fault, out);
		if (r->fault_line && r->fault_line->loc.line)
			skep_str_addf(out, ",\"line\":%u", r->fault_line->loc.line);
		skep_str_addc(out, '}');
		return;
	}
	/* As text: a reader of JSON may have no 64-bit numbers. */
	skep_str_addf(out, ",\"r0\":\"0x%" PRIx64 "\"", r->value);
	if (r->redirect)
		skep_str_addf(out, ",\"redirect\":{\"to\":\"%s\",\"number\":%" PRIu64 "}",
			      redirect_to(r), r->target);
	if (r->packet.data) {
		skep_str_add(out, ",\"packet\":");
		json_bytes(r->packet, out);
	}
	if (verdict) {
		skep_str_addc(out, ',');
		json_text("verdict", verdict, out);
	}
}

void skep_try_json(const struct skep_try_result *r, struct skep_str *out)
{
	skep_str_addc(out, '{');
	json_text("program", r->program, out);
	skep_str_addc(out, ',');
	json_text("kind", skep_prog_kind_find(r->kind)->name, out);
	skep_str_addf(out, ",\"engine\":\"%s\",\"runs\":%u,\"ns\":%" PRIu64, engines[r->engine],
		      r->runs, r->ns);
	json_outcome(r, out);
	skep_str_add(out, ",\"printed\":[");
	for (size_t i = 0; i < r->n_lines; i++) {
		skep_str_add(out, i ? "," : "");
		skep_json_string(r->lines[i], strlen(r->lines[i]), out);
	}
	skep_str_addc(out, ']');
	if (r->shown)
		json_shown(r->shown, out);
	skep_str_add(out, ",\"maps\":[");
	for (size_t i = 0; i < r->n_maps; i++) {
		skep_str_add(out, i ? "," : "");
		json_map(&r->maps[i], out);
	}
	skep_str_add(out, "],\"notes\":[");
	for (size_t i = 0; i < ARRAY_SIZE(r->notes) && r->notes[i]; i++) {
		skep_str_add(out, i ? "," : "");
		skep_json_string(r->notes[i], strlen(r->notes[i]), out);
	}
	skep_str_add(out, "]}\n");
}
