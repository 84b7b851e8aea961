/* SPDX-License-Identifier: Apache-2.0 */
/* What user space does for a row: one function for each kind of action. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "live/extend.h"
#include "live/match.h"
#include "live/outlets.h"
#include "live/packets.h"
#include "live/session.h"
#include "live/snapshot.h"
#include "record/row.h"
#include "sys/cpus.h"
#include "sys/file.h"

/* A row taken apart. */
struct row {
	const struct skep_plan_action *action;
	uint32_t probe;
	const struct skep_row_who *who; /* or NULL */
	struct skep_row_who who_copy;
	const struct skep_row_whose *whose; /* or NULL */
	struct skep_row_whose whose_copy;
	const uint8_t *payload;
	size_t len;
};

static bool is_json(const struct skep_session *s)
{
	return s->options->format == SKEP_LIVE_JSON ||
	       s->options->format == SKEP_LIVE_JSON_BPFTRACE;
}

/* JSON records */

/* Our own record up to where its data goes: {"type": "printf", "time": ..., "probe": ..., "pid": ... */
static void open_own(struct skep_session *s, const char *type, const struct row *row)
{
	struct skep_str *out = skep_output_text(s->out);
	const char *probe =
		row->probe < s->plan->n_probe_names ? s->plan->probe_names[row->probe] : "";

	skep_str_addf(out, "{\"type\": \"%s\", \"time\": ", type);
	skep_json_time(row->who ? row->who->boot_ns + (uint64_t)s->clock_offset_ns
				: skep_clock_ns(CLOCK_REALTIME),
		       out);
	skep_str_add(out, ", \"probe\": ");
	skep_json_string(probe, strlen(probe), out);
	/* A program on packets knows no process; the idle one has a name. */
	if (row->who && (row->who->tid || row->who->comm[0])) {
		skep_str_addf(out, ", \"pid\": %" PRIu32 ", \"tid\": %" PRIu32 ", \"comm\": ",
			      row->who->pid, row->who->tid);
		skep_json_string(row->who->comm, strnlen(row->who->comm, sizeof(row->who->comm)),
				 out);
	}
}

/* Formats that have no place for text: it goes to people. */
static bool has_no_text(const struct skep_session *s)
{
	return s->options->format == SKEP_LIVE_PROM || s->options->format == SKEP_LIVE_FOLDED;
}

static void tell_text(const struct skep_str *text)
{
	fwrite(skep_str_text(text), 1, text->len, stderr);
}

/* A record whose data is one text; in text output the text itself. */
static void put_text(struct skep_session *s, const char *type, const struct row *row,
		     const struct skep_str *text)
{
	struct skep_str *out = skep_output_text(s->out);

	if (s->caught) {
		skep_str_addn(s->caught, skep_str_text(text), text->len);
	} else if (has_no_text(s)) {
		tell_text(text);
	} else if (s->options->format == SKEP_LIVE_CSV) {
		skep_emit_text(s, type, text);
	} else if (!is_json(s)) {
		skep_str_addn(out, skep_str_text(text), text->len);
	} else if (s->options->format == SKEP_LIVE_JSON_BPFTRACE) {
		skep_str_addf(out, "{\"type\": \"%s\", \"data\": ", type);
		skep_json_string(skep_str_text(text), text->len, out);
		skep_str_add(out, "}\n");
	} else {
		open_own(s, type, row);
		skep_str_add(out, ", \"text\": ");
		skep_json_string(skep_str_text(text), text->len, out);
		skep_str_add(out, "}\n");
	}
}

/* The values of a printf by name; a name that comes again is numbered. */
static void add_fields(struct skep_session *s, const struct row *row, struct skep_str *out)
{
	const struct skep_schema *schema = &row->action->schema;

	if (row->action->kind == SKEP_ACTION_PRINTF)
		skep_str_addf(out, ", \"at\": \"%u:%u\"", row->action->loc.line,
			      row->action->loc.col);
	skep_str_add(out, ", \"fields\": {");
	for (size_t i = 0; i < schema->n_fields; i++) {
		_cleanup_(skep_str_fini)
		struct skep_str name = {};

		skep_field_member(schema->fields, i, &name);
		skep_str_add(out, i ? ", " : "");
		skep_json_string(skep_str_text(&name), name.len, out);
		skep_str_add(out, ": ");
		skep_field_json(&schema->fields[i], row->payload, s->resolver, out);
	}
	skep_str_addc(out, '}');
}

/* Actions */

static void format_row(const struct skep_session *s, const struct row *row, struct skep_str *out)
{
	skep_format_text(&row->action->format, row->action->schema.fields,
			 row->action->schema.n_fields, row->payload, s->resolver, out);
}

static int do_printf(struct skep_session *s, const struct row *row)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	if (has_no_text(s)) {
		format_row(s, row, &text);
		tell_text(&text);
	} else if (s->options->format == SKEP_LIVE_CSV) {
		format_row(s, row, &text);
		if (row->action->schema.n_fields > 0)
			skep_emit_row(s, (size_t)(row->action - s->plan->actions), row->payload,
				      row->who);
		else
			put_text(s, "text", row, &text);
	} else if (!is_json(s)) {
		format_row(s, row, skep_output_text(s->out));
	} else if (s->options->format == SKEP_LIVE_JSON && row->action->schema.n_fields > 0) {
		open_own(s, "printf", row);
		add_fields(s, row, skep_output_text(s->out));
		skep_str_add(skep_output_text(s->out), "}\n");
	} else {
		format_row(s, row, &text);
		put_text(s, "printf", row, &text);
	}
	return 0;
}

/* What a text lacks to be a line. */
static const char *line_end(const struct skep_str *text)
{
	return text->len && text->data[text->len - 1] == '\n' ? "" : "\n";
}

/* The message as bpftrace 0.27 has it: with its place. */
static void message_as_bpftrace(struct skep_session *s, const struct row *row, const char *word,
				const struct skep_str *text)
{
	const struct skep_loc *at = &row->action->loc;
	struct skep_str *out = skep_output_text(s->out);

	if (s->options->format != SKEP_LIVE_JSON_BPFTRACE) {
		fprintf(stderr, "%s:%u:%u-%u: %s: %s%s", s->options->script, at->line, at->col,
			at->col + at->len, word, skep_str_text(text), line_end(text));
		return;
	}
	skep_str_addf(out, "{\"type\": \"%s\", \"msg\": ",
		      skep_streq(word, "ERROR") ? "errorf" : "warnf");
	skep_json_string(skep_str_text(text), text->len, out);
	skep_str_add(out, ", \"filename\": ");
	skep_json_string(s->options->script, strlen(s->options->script), out);
	skep_str_addf(out, ", \"line\": %u, \"col\": %u}\n", at->line, at->col);
}

/* errorf and warnf: to people, on stderr; as records in JSON. */
static int do_message(struct skep_session *s, const struct row *row)
{
	bool error = row->action->kind == SKEP_ACTION_ERRORF;
	const char *word = error ? "ERROR" : "WARNING";
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	format_row(s, row, &text);
	s->n_errors += error;
	if (is_json(s) && !s->options->bpftrace_shapes) {
		put_text(s, error ? "errorf" : "warnf", row, &text);
		return 0;
	}
	skep_output_flush(s->out);
	if (s->options->bpftrace_shapes)
		message_as_bpftrace(s, row, word, &text);
	else
		fprintf(stderr, "%s: %s%s", word, skep_str_text(&text), line_end(&text));
	return 0;
}

static int do_print(struct skep_session *s, const struct row *row)
{
	struct skep_str *out = skep_output_text(s->out);
	const struct skep_schema_field *field = row->action->schema.fields;

	if (row->action->schema.n_fields == 0)
		return -EINVAL;
	if (s->options->format == SKEP_LIVE_CSV) {
		skep_emit_row(s, (size_t)(row->action - s->plan->actions), row->payload, row->who);
		return 0;
	}
	if (has_no_text(s)) {
		_cleanup_(skep_str_fini)
		struct skep_str text = {};

		skep_field_text(field, row->payload, s->resolver, &text);
		skep_str_addc(&text, '\n');
		tell_text(&text);
		return 0;
	}
	if (!is_json(s)) {
		skep_field_text(field, row->payload, s->resolver, out);
		skep_str_addc(out, '\n');
		return 0;
	}
	if (s->options->format == SKEP_LIVE_JSON_BPFTRACE) {
		skep_str_add(out, "{\"type\": \"value\", \"data\": ");
	} else {
		open_own(s, "value", row);
		skep_str_add(out, ", \"name\": ");
		skep_json_string(field->name ? field->name : "",
				 field->name ? strlen(field->name) : 0, out);
		skep_str_add(out, ", \"value\": ");
	}
	skep_field_json(field, row->payload, s->resolver, out);
	skep_str_add(out, "}\n");
	return 0;
}

/* A counter that was cleared and has counted nothing since has nothing to say at the end. */
int skep_session_read_map(struct skep_session *s, struct skep_arena *arena, size_t map,
			  const void *key, size_t max, bool at_end,
			  const struct skep_breath *breath, struct skep_snapshot *ret_snapshot)
{
	int r = skep_map_read(arena, s->plan, s->engine, s->loaded, map, key, max, breath,
			      ret_snapshot);

	if (r < 0)
		return r;
	if (at_end && ret_snapshot->kind == SKEP_SNAPSHOT_COUNT && !ret_snapshot->n_keys &&
	    ret_snapshot->n_entries && !ret_snapshot->entries[0].numbers[0] &&
	    (s->options->bpftrace_shapes || (s->cleared && s->cleared[map])))
		ret_snapshot->n_entries = 0;
	ret_snapshot->is_part = key;
	ret_snapshot->time_ns = skep_clock_ns(CLOCK_REALTIME);
	return 0;
}

/* Of a map that the script empties, what comes between its print and that; NULL: it never does. */
static struct skep_carry *carry_of(struct skep_session *s, size_t map)
{
	const struct skep_plan *plan = s->plan;
	bool empties = false;

	for (size_t i = 0; i < plan->n_actions; i++)
		empties |= plan->actions[i].map == map &&
			   (plan->actions[i].kind == SKEP_ACTION_CLEAR ||
			    plan->actions[i].kind == SKEP_ACTION_ZERO);
	if (empties && !s->carries)
		s->carries = calloc(plan->n_maps, sizeof(*s->carries));
	return empties && s->carries ? &s->carries[map] : NULL;
}

void skep_session_forget_maps(struct skep_session *s)
{
	for (size_t i = 0; s->carries && i < s->plan->n_maps; i++)
		skep_carry_fini(&s->carries[i]);
	free(s->carries);
	free(s->cleared);
}

static int print_map(struct skep_session *s, size_t map, const void *key, uint64_t top,
		     uint64_t divide, bool at_end)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_snapshot snapshot;
	struct skep_carry *carry = key ? NULL : carry_of(s, map);
	int r = skep_session_read_map(s, arena, map, key, SIZE_MAX, at_end, NULL, &snapshot);

	if (r < 0)
		return r;
	if (carry)
		skep_carry_print(carry, &snapshot, arena);
	skep_emit_map(s, &snapshot, (size_t)top, divide);
	skep_outlets_map(s, map, &snapshot);
	return 0;
}

/* The element as the program read it; fields[2] is its key, [3] its value. */
static int print_element(struct skep_session *s, const struct row *row, uint64_t top,
			 uint64_t divide)
{
	const struct skep_schema_field *key = &row->action->schema.fields[2],
				       *value = &row->action->schema.fields[3];
	struct skep_snapshot snapshot = s->plan->maps[row->action->map].shape;
	uint64_t number = skep_field_int(value, row->payload), numbers[2] = { number, 1 };
	struct skep_snapshot_entry entry = {
		.key = row->payload + key->offset,
		.value = row->payload + value->offset,
		.numbers = numbers,
	};

	if (key->size < snapshot.key_size || snapshot.kind > SKEP_SNAPSHOT_AVG ||
	    (snapshot.kind == SKEP_SNAPSHOT_VALUE && value->size < snapshot.value_field.size))
		return -EINVAL;
	if (snapshot.kind == SKEP_SNAPSHOT_AVG) { /* of one value */
		numbers[0] = 1;
		numbers[1] = number;
	}
	snapshot.entries = &entry;
	snapshot.n_entries = 1;
	snapshot.time_ns = skep_clock_ns(CLOCK_REALTIME);
	skep_emit_map(s, &snapshot, (size_t)top, divide);
	return 0;
}

static int do_print_map(struct skep_session *s, const struct row *row)
{
	const struct skep_plan_action *a = row->action;
	uint64_t numbers[2];

	if (row->len < sizeof(numbers) || a->map >= s->plan->n_maps ||
	    (a->with_key && row->len - sizeof(numbers) < s->plan->maps[a->map].shape.key_size))
		return -EINVAL;
	memcpy(numbers, row->payload, sizeof(numbers));
	if (a->with_key && a->schema.n_fields == 4)
		return print_element(s, row, numbers[0], numbers[1]);
	return print_map(s, a->map, a->with_key ? row->payload + sizeof(numbers) : NULL, numbers[0],
			 numbers[1], false);
}

static int do_empty_map(struct skep_session *s, const struct row *row)
{
	size_t map = row->action->map;
	struct skep_total *total;

	if (map >= s->plan->n_maps)
		return -EINVAL;
	total = s->totals ? &s->totals[map] : NULL;
	if (row->action->kind != SKEP_ACTION_CLEAR)
		return skep_map_zero(s->plan, s->engine, s->loaded, map, total, carry_of(s, map));
	if (!s->cleared)
		s->cleared = calloc(s->plan->n_maps, sizeof(*s->cleared));
	if (s->cleared)
		s->cleared[map] = true;
	skep_outlets_emptied(s, map);
	return skep_map_clear(s->plan, s->engine, s->loaded, map, total, carry_of(s, map));
}

static int do_time(struct skep_session *s, const struct row *row)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	time_t now = time(NULL);
	char buffer[512];
	struct tm tm;

	localtime_r(&now, &tm);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	skep_str_addn(&text, buffer, strftime(buffer, sizeof(buffer), row->action->text, &tm));
#pragma GCC diagnostic pop
	put_text(s, "time", row, &text);
	return 0;
}

/* u32 count, u32 zero, then so many texts, one behind the other. */
static int do_join(struct skep_session *s, const struct row *row)
{
	const struct skep_plan_action *a = row->action;
	const char *at = (const char *)row->payload + 8;
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	size_t left, len;
	uint32_t count, more;

	if (row->len < 8)
		return -EINVAL;
	memcpy(&count, row->payload, 4);
	memcpy(&more, row->payload + 4, 4);
	left = row->len - 8;
	for (uint32_t i = 0; i < MIN(count, a->join_max); i++) {
		len = strnlen(at, left);
		if (len == left)
			return -EINVAL;
		if (i > 0)
			skep_str_add(&text, a->separator ? a->separator : " ");
		skep_str_addn(&text, at, len);
		at += len + 1;
		left -= len + 1;
	}
	if (more)
		skep_str_addf(&text, "%s...", a->separator ? a->separator : " ");
	if (!is_json(s))
		skep_str_addc(&text, '\n');
	put_text(s, "join", row, &text);
	return 0;
}

static int do_cat(struct skep_session *s, const struct row *row)
{
	_cleanup_(skep_str_fini)
	struct skep_str path = {}, text = {};
	size_t left = s->plan->config.max_cat_bytes;
	_cleanup_close_ int fd = -1;
	char buffer[4096];
	ssize_t n;

	format_row(s, row, &path);
	fd = skep_file_open_own(AT_FDCWD, skep_str_text(&path),
				O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		skep_output_flush(s->out);
		fprintf(stderr, "skep: cat: cannot open '%s': %s\n", skep_str_text(&path),
			strerror(errno));
		return 0;
	}
	while (left > 0 && (n = read(fd, buffer, MIN(left, sizeof(buffer)))) > 0) {
		skep_str_addn(&text, buffer, (size_t)n);
		left -= (size_t)n;
	}
	put_text(s, "cat", row, &text);
	return 0;
}

/* Once: a script may well go by what a command prints, and run it for each event. */
static void tell_failed(struct skep_session *s, const char *command, int status)
{
	if (s->system_failed)
		return;
	s->system_failed = true;
	if (WIFEXITED(status))
		fprintf(stderr, "skep: system: '%s' ended with exit status %d\n", command,
			WEXITSTATUS(status));
	else
		fprintf(stderr, "skep: system: '%s' was ended by signal %d (%s)\n", command,
			WTERMSIG(status), strsignal(WTERMSIG(status)));
}

static int do_system(struct skep_session *s, const struct row *row)
{
	_cleanup_(skep_str_fini)
	struct skep_str command = {}, text = {};
	int r;

	format_row(s, row, &command);
	if (s->only_shows) {
		skep_str_addf(&text, "not run: %s\n", skep_str_text(&command));
		put_text(s, "system", row, &text);
		return 0;
	}
	skep_output_flush(s->out);
	r = skep_session_system(skep_str_text(&command), s->signal_fd, &text);
	if (r < 0)
		fprintf(stderr, "skep: system: cannot run '%s': %s\n", skep_str_text(&command),
			strerror(-r));
	else if (r > 0 && !s->options->bpftrace_shapes && !s->options->quiet)
		tell_failed(s, skep_str_text(&command), r);
	if (s->options->format == SKEP_LIVE_JSON_BPFTRACE)
		put_text(s, "syscall", row, &text);
	else
		put_text(s, "system", row, &text);
	return 0;
}

/* A row of its own type: fields by name, in every shape. */
static int do_row(struct skep_session *s, const struct row *row)
{
	const struct skep_schema *schema = &row->action->schema;
	struct skep_str *out = skep_output_text(s->out);

	for (size_t i = 0; i < s->options->n_matches; i++)
		if (!skep_match_takes(s->options->matches[i], schema, row->payload, s->resolver))
			return 0;
	skep_outlets_row(s, schema, row->payload, row->who);
	if (!is_json(s)) {
		skep_emit_row(s, (size_t)(row->action - s->plan->actions), row->payload, row->who);
		return 0;
	}
	if (s->options->format == SKEP_LIVE_JSON_BPFTRACE)
		skep_str_add(out, "{\"type\": \"row\", \"data\": {\"name\": ");
	else
		open_own(s, "row", row);
	if (s->options->format == SKEP_LIVE_JSON)
		skep_str_add(out, ", \"name\": ");
	skep_json_string(schema->name, strlen(schema->name), out);
	if (s->options->format == SKEP_LIVE_JSON)
		skep_str_addf(out, ", \"version\": %" PRIu32, schema->version);
	add_fields(s, row, out);
	skep_str_add(out, s->options->format == SKEP_LIVE_JSON ? "}\n" : "}}\n");
	return 0;
}

static int do_packet(struct skep_session *s, const struct row *row)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	if (!s->only_shows)
		return skep_packets_add(s, row->action, row->payload, row->len);
	skep_str_addf(&text, "not written: a packet to %s\n", row->action->text);
	put_text(s, "packet", row, &text);
	return 0;
}

static int do_exit(struct skep_session *s, const struct row *row)
{
	if (row->len >= sizeof(s->result->exit_status))
		memcpy(&s->result->exit_status, row->payload, sizeof(s->result->exit_status));
	s->exiting = s->stopping = true;
	return 0;
}

#define TYPE_BREAKPOINT 5 /* perf_event_open: PERF_TYPE_BREAKPOINT */

/* Each is a program of its own. */
static int do_unwatch(struct skep_session *s, const struct row *row)
{
	const struct skep_spec *spec = s->plan->spec;
	uint64_t address;
	bool any = false;

	if (row->len < sizeof(address))
		return -EINVAL;
	memcpy(&address, row->payload, sizeof(address));
	for (size_t i = 0; i < spec->n_attaches; i++) {
		const struct skep_spec_attach *a = &spec->attaches[i];

		if (a->kind != SKEP_ATTACH_PERF || a->perf_type != TYPE_BREAKPOINT ||
		    a->perf_config1 != address || !s->engine->detach_prog)
			continue;
		s->engine->detach_prog(s->loaded, a->prog);
		any = true;
	}
	if (!any) {
		skep_output_flush(s->out);
		fprintf(stderr, "skep: unwatch: nothing is watched at 0x%" PRIx64 "\n", address);
	}
	return 0;
}

static int (*const actions[SKEP_ACTION_KIND_MAX])(struct skep_session *, const struct row *) = {
	[SKEP_ACTION_PRINTF] = do_printf,
	[SKEP_ACTION_PRINT] = do_print,
	[SKEP_ACTION_PRINT_MAP] = do_print_map,
	[SKEP_ACTION_CLEAR] = do_empty_map,
	[SKEP_ACTION_ZERO] = do_empty_map,
	[SKEP_ACTION_TIME] = do_time,
	[SKEP_ACTION_PACKET] = do_packet,
	[SKEP_ACTION_JOIN] = do_join,
	[SKEP_ACTION_CAT] = do_cat,
	[SKEP_ACTION_SYSTEM] = do_system,
	[SKEP_ACTION_EXIT] = do_exit,
	[SKEP_ACTION_UNWATCH] = do_unwatch,
	[SKEP_ACTION_ERRORF] = do_message,
	[SKEP_ACTION_WARNF] = do_message,
	[SKEP_ACTION_ROW] = do_row,
};

/* A row that ends behind its text, or lacks what user space adds, with as much memory behind it as the schema says there is. */
static bool extend_row(struct skep_session *s, struct row *row)
{
	const struct skep_plan_action *a = row->action;
	size_t size = a->schema.size, own = a->process_at ? a->row_size : size;
	struct skep_process process;

	if (row->len < (a->has_tail ? a->tail + 1 : own))
		return false;
	if (row->len >= own && !a->process_at)
		return true;
	if (s->row_size < size) {
		free(s->row);
		s->row = calloc(1, size);
		s->row_size = s->row ? size : 0;
		if (!s->row)
			return false;
	}
	row->len = MIN(row->len, own);
	memcpy(s->row, row->payload, row->len);
	memset(s->row + row->len, 0, size - row->len);
	if (a->process_at) {
		skep_extend_row(a, s->row, row->who, row->whose, &process);
		memcpy(s->row + a->process_at, &process, sizeof(process));
	}
	row->payload = s->row;
	row->len = size;
	return true;
}

/* Part of the head; false: it is cut short. */
static bool take_part(const uint8_t **bytes, size_t *len, void *part, size_t size)
{
	if (*len < size)
		return false;
	memcpy(part, *bytes, size);
	*bytes += size;
	*len -= size;
	return true;
}

/* False: bytes that no action of the plan explains. */
static bool take_apart(struct skep_session *s, const uint8_t *bytes, size_t len, struct row *row)
{
	struct skep_row_head head;

	if (!take_part(&bytes, &len, &head, sizeof(head)) || head.action >= s->plan->n_actions)
		return false;
	*row = (struct row){ .action = &s->plan->actions[head.action], .probe = head.probe };
	if (head.flags & SKEP_ROW_LONG) {
		if (!take_part(&bytes, &len, &row->who_copy, sizeof(row->who_copy)))
			return false;
		row->who = &row->who_copy;
	}
	if (head.flags & SKEP_ROW_WHOSE) {
		if (!take_part(&bytes, &len, &row->whose_copy, sizeof(row->whose_copy)))
			return false;
		row->whose = &row->whose_copy;
	}
	row->payload = bytes;
	row->len = len;
	if ((row->action->has_tail || row->action->process_at) && !extend_row(s, row))
		return false;
	return row->len >= row->action->schema.size && row->action->kind < SKEP_ACTION_KIND_MAX;
}

static size_t text_len(struct skep_session *s)
{
	return skep_output_text(s->out)->len;
}

/* Counts what JSON could not say of the record whose text begins at @start, and ends the record. */
static void end_record(struct skep_session *s, size_t start)
{
	const struct skep_str *out = skep_output_text(s->out);

	start = MIN(start, out->len); /* some was written meanwhile */
	if (is_json(s) && out->len > start)
		s->result->losses.session[SKEP_LOSS_BYTE] +=
			skep_json_replaced(out->data + start, out->len - start);
	skep_output_record_done(s->out);
}

static int take_record(struct skep_session *s, const void *bytes, size_t len)
{
	struct row row;
	size_t start;

	if (s->exiting || s->out->error)
		return 0;
	s->result->n_rows++;
	if (!take_apart(s, bytes, len, &row)) {
		s->result->losses.session[SKEP_LOSS_BAD_ROW]++;
		return 0;
	}
	if (row.action->kind != SKEP_ACTION_ROW)
		skep_emit_pause(s);
	start = text_len(s);
	if (actions[row.action->kind](s, &row) < 0) {
		s->result->losses.session[SKEP_LOSS_BAD_ROW]++;
		return 0;
	}
	if (s->out->buffering == SKEP_BUFFER_NONE)
		skep_emit_pause(s);
	end_record(s, start);
	return 0;
}

int skep_session_record(void *session, const void *bytes, size_t len)
{
	struct skep_session *s = session;
	int r;

	s->in_record = true;
	r = take_record(s, bytes, len);
	s->in_record = false;
	return r;
}

void skep_session_idle(struct skep_session *s)
{
	skep_emit_pause(s);
	skep_packets_flush(s);
	skep_output_idle(s->out);
}

void skep_session_print_maps(struct skep_session *s)
{
	_cleanup_free_ size_t *order = calloc(s->plan->n_maps + 1, sizeof(*order));
	size_t n = 0, at;
	int r;

	for (size_t i = 0; order && i < s->plan->n_maps; i++) {
		if (!s->plan->maps[i].print_at_end)
			continue;
		for (at = n++;
		     at > 0 && strcmp(s->plan->maps[order[at - 1]].name, s->plan->maps[i].name) > 0;
		     at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
	for (size_t i = 0; i < n; i++) {
		size_t start = text_len(s);

		r = print_map(s, order[i], NULL, 0, 0, true);
		if (r < 0)
			skep_diag_warn(s->diag, s->plan->maps[order[i]].loc, "cannot read %s: %s",
				       s->plan->maps[order[i]].name, strerror(-r));
		end_record(s, start);
	}
}
