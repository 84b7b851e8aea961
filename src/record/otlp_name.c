/* SPDX-License-Identifier: Apache-2.0 */
/* What fields are called in OpenTelemetry, each name once in an item. */
#include <string.h>

#include "record/otlp_priv.h"
#include "record/record_priv.h"

static const struct {
	const char *field, *name;
} conventions[] = {
	{ "pid", "process.pid" },
	{ "tgid", "process.pid" },
	{ "ppid", "process.parent_pid" },
	{ "comm", "thread.name" },
	{ "tid", "thread.id" },
	{ "user", "process.owner" },
	{ "username", "process.owner" },
	{ "uid", "process.user.id" },
	{ "args", "process.command_line" },
	{ "exit_code", "process.exit.code" },
	{ "parents", "process.ancestors" },
	{ "container", "container.name" },
	{ "container_id", "container.id" },
	{ "image", "container.image.name" },
	{ "pod", "k8s.pod.name" },
	{ "namespace", "k8s.namespace.name" },
	{ "unit", "systemd.unit" },
	{ "file", "file.path" },
	{ "path", "file.path" },
	{ "device", "system.device" },
	{ "disk", "system.device" },
	{ "interface", "network.interface.name" },
	{ "saddr", "source.address" },
	{ "sport", "source.port" },
	{ "daddr", "destination.address" },
	{ "dport", "destination.port" },
	{ "laddr", "network.local.address" },
	{ "lport", "network.local.port" },
	{ "raddr", "network.peer.address" },
	{ "saddr_name", "source.domain" },
	{ "daddr_name", "destination.domain" },
	{ "laddr_name", "network.local.name" },
	{ "raddr_name", "network.peer.name" },
	{ "rport", "network.peer.port" },
	{ "cpu", "cpu.logical_number" },
};

const char *skep_otlp_old_name(const char *name)
{
	static const char *const names[][2] = {
		{ "network.local.address", "net.sock.host.addr" },
		{ "network.local.port", "net.sock.host.port" },
		{ "network.peer.address", "net.sock.peer.addr" },
		{ "network.peer.port", "net.sock.peer.port" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (skep_streq(names[i][0], name))
			return names[i][1];
	return NULL;
}

const char *skep_otlp_name(const char *field)
{
	const char *dot = strrchr(field, '.');

	/* Keys of maps are called after their expressions: "args.next.pid". */
	if (dot && dot[1])
		field = dot + 1;
	for (size_t i = 0; i < ARRAY_SIZE(conventions); i++)
		if (skep_streq(conventions[i].field, field))
			return conventions[i].name;
	return field;
}

/* Neither an amount nor a stack is any of what the conventions name: "cpu" in percent is no processor, a stack "user" no owner. */
static const char *name_of(const struct skep_schema_field *field)
{
	const char *name = field->name ? field->name : "";
	bool stack = field->kind == SKEP_FIELD_KSTACK || field->kind == SKEP_FIELD_USTACK;

	return field->unit || stack ? name : skep_otlp_name(name);
}

/* Whether one of the first @n fields is called @name. */
static bool is_taken(const struct skep_schema_field *fields, size_t n, const char *name)
{
	_cleanup_(skep_str_fini)
	struct skep_str own = {};

	for (size_t i = 0; i < n; i++) {
		skep_str_reset(&own);
		skep_unit_name(name_of(&fields[i]), fields[i].unit, &own);
		if (skep_streq(skep_str_text(&own), name))
			return true;
	}
	return false;
}

const char *skep_otlp_key(const struct skep_schema_field *fields, size_t n, size_t index,
			  struct skep_str *room)
{
	const struct skep_schema_field *field = &fields[index];
	_cleanup_(skep_str_fini)
	struct skep_str member = {};

	skep_str_reset(room);
	skep_unit_name(name_of(field), field->unit, room);
	if (!is_taken(fields, index, skep_str_text(room)))
		return skep_str_text(room);
	skep_str_reset(room);
	skep_field_member(fields, index, &member);
	skep_unit_name(skep_str_text(&member), field->unit, room);
	/* "a.x", "b.x" and "x": the first is "x", so the last cannot be what it is called either. */
	if (is_taken(fields, n, skep_str_text(room)))
		skep_str_addf(room, "#%zu", index + 1);
	return skep_str_text(room);
}

const char *skep_otlp_keys(struct skep_otlp *otlp, const struct skep_schema_field *fields, size_t n)
{
	_cleanup_(skep_str_fini)
	struct skep_str room = {};

	if (otlp->keys_of == fields && otlp->n_keys == n)
		return skep_str_text(&otlp->keys);
	skep_str_reset(&otlp->keys);
	for (size_t i = 0; i < n; i++) {
		skep_str_add(&otlp->keys, skep_otlp_key(fields, n, i, &room));
		skep_str_addc(&otlp->keys, '\0');
	}
	otlp->keys_of = fields;
	otlp->n_keys = n;
	return skep_str_text(&otlp->keys);
}
