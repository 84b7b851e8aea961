/* SPDX-License-Identifier: Apache-2.0 */
/* What members mean beyond their type: by our tags and typedefs, by those of the kernel, and by a few names. */
#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "live/typed_priv.h"

enum meaning {
	NOTHING,
	PID,
	UID,
	CGROUP,
	KSYM,
	USYM,
	KSTACK,
	USTACK,
	IPV4,
	IPV6,
	MAC,
	NETWORK,
	BOOT,
	MONOTONIC,
	NS,
	US,
	MS,
	BYTES,
	HEX,
};

/* Words of tags ("skep:ipv4") and of our typedefs (skep_ipv4_t). */
static const struct {
	const char *word;
	enum meaning meaning;
} words[] = {
	{ "pid", PID },	      { "uid", UID },	      { "cgroup", CGROUP }, { "ksym", KSYM },
	{ "usym", USYM },     { "kstack", KSTACK },   { "ustack", USTACK }, { "ipv4", IPV4 },
	{ "ipv6", IPV6 },     { "mac", MAC },	      { "port", NETWORK },  { "be", NETWORK },
	{ "boottime", BOOT }, { "ktime", MONOTONIC }, { "ns", NS },	    { "us", US },
	{ "ms", MS },	      { "bytes", BYTES },     { "hex", HEX },
};

/* Names of types that C programs and the kernel have. */
static const struct {
	const char *name;
	enum meaning meaning;
} types[] = {
	{ "uid_t", UID },      { "kuid_t", UID },	 { "__kernel_uid32_t", UID },
	{ "in_addr", IPV4 },   { "in6_addr", IPV6 },	 { "__be16", NETWORK },
	{ "__be32", NETWORK }, { "__be64", NETWORK },	 { "__sum16", NETWORK },
	{ "in_addr_t", IPV4 }, { "in_port_t", NETWORK },
};

/* Names of members whose type says no more than their size. */
static const struct {
	const char *name;
	enum meaning meaning;
	uint32_t size;
} names[] = {
	{ "uid", UID, 4 },	 { "cgroup_id", CGROUP, 8 }, { "cgroupid", CGROUP, 8 },
	{ "cgid", CGROUP, 8 },	 { "saddr", IPV4, 4 },	     { "daddr", IPV4, 4 },
	{ "saddr", IPV6, 16 },	 { "daddr", IPV6, 16 },	     { "saddr_v4", IPV4, 4 },
	{ "daddr_v4", IPV4, 4 }, { "saddr_v6", IPV6, 16 },   { "daddr_v6", IPV6, 16 },
	{ "src_ip", IPV4, 4 },	 { "dst_ip", IPV4, 4 },	     { "saddr6", IPV6, 16 },
	{ "daddr6", IPV6, 16 },
};

static const struct {
	const char *ending;
	enum meaning meaning;
} endings[] = { { "_ns", NS }, { "_us", US }, { "_ms", MS }, { "_bytes", BYTES } };

static enum meaning by_word(const char *word, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strlen(words[i].word) == len && memcmp(words[i].word, word, len) == 0)
			return words[i].meaning;
	return NOTHING;
}

/* Of a type's own name: "skep_ipv4_t", "__be32". */
static enum meaning by_type(const char *name)
{
	size_t len = strlen(name);

	if (len > 7 && skep_has_prefix(name, "skep_") && skep_has_suffix(name, "_t"))
		return by_word(name + 5, len - 7);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (skep_streq(types[i].name, name))
			return types[i].meaning;
	return NOTHING;
}

/* The outermost name that means something; an alias of an alias counts. */
static enum meaning by_types(const struct typed_member *m)
{
	uint32_t id = m->type;

	for (unsigned i = 0; i < 2 * SKEP_TYPED_DEPTH_MAX; i++) {
		struct skep_btf_type t = skep_btf_type(m->btf, skep_btf_strip(m->btf, id, false));
		enum meaning meaning = by_type(t.name);

		if (meaning || t.kind != SKEP_BTF_TYPEDEF)
			return meaning;
		id = t.type;
	}
	return NOTHING;
}

static enum meaning by_name(const char *name, uint32_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].size == size && skep_streq(names[i].name, name))
			return names[i].meaning;
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
		if (size == 8 && skep_has_suffix(name, endings[i].ending))
			return endings[i].meaning;
	return NOTHING;
}

/* The last words of __be32's that are addresses; bpf/row.bpf.h and skep-map(1) have the same list. */
static const char *const addresses[] = {
	"ip",	   "srcip",   "dstip", "src",	 "dst",	 "source",  "dest",	 "gw",
	"gateway", "nexthop", "local", "remote", "peer", "netmask", "broadcast",
};

/* "saddr_v4" ends with the word "saddr", "ip4" and "ipv4" with "ip". */
static bool is_address(const char *name)
{
	size_t len = strlen(name), begin;

	while (len && isdigit((unsigned char)name[len - 1]))
		len--;
	len -= len && name[len] && name[len - 1] == 'v';
	len -= len && name[len - 1] == '_';
	for (begin = len; begin && name[begin - 1] != '_';)
		begin--;
	name += begin;
	len -= begin;
	if ((len >= 4 && strncasecmp(name + len - 4, "addr", 4) == 0) ||
	    (len == 7 && strncasecmp(name, "address", 7) == 0))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++)
		if (strlen(addresses[i]) == len && strncasecmp(name, addresses[i], len) == 0)
			return true;
	return false;
}

static enum meaning find(const struct typed_member *m, const struct skep_schema_field *field)
{
	enum meaning meaning = m->tag ? by_word(m->tag, strlen(m->tag)) : NOTHING;

	if (!meaning)
		meaning = by_types(m);
	/* A number of the network is an address when it is called so. */
	if (meaning == NETWORK && !m->tag && field->size == 4 && is_address(m->name))
		return IPV4;
	return meaning ? meaning : by_name(m->name, field->size);
}

/* The kinds are for fields of these sizes; any other is left as it is. */
static void make_one(struct skep_schema_field *field, enum skep_field_kind kind)
{
	field->kind = kind;
	field->children = NULL;
	field->n_children = 0;
	field->count = 0;
}

static void apply_stack(const struct typed_member *m, enum skep_field_kind kind,
			struct skep_schema_field *field)
{
	if (!m->options->stack_depth || (field->size != 4 && field->size != 8))
		return;
	make_one(field, kind);
	field->param = SKEP_STACK_PARAM(SKEP_STACK_BPFTRACE, m->options->stack_depth);
}

static void apply_time(enum skep_typed_time time, struct skep_schema_field *field)
{
	if (field->size != 8)
		return;
	make_one(field, SKEP_FIELD_TIMESTAMP);
	field->param = time;
}

static void apply_unit(enum meaning meaning, struct skep_schema_field *field)
{
	if (field->kind != SKEP_FIELD_INT)
		return;
	field->unit = meaning == NS ? "ns" : meaning == US ? "us" : meaning == MS ? "ms" : "By";
}

void typed_name_apply(const struct typed_member *m, struct skep_schema_field *field)
{
	enum meaning meaning = find(m, field);
	uint32_t size = field->size;

	switch (meaning) {
	case NOTHING:
	case PID:
		return;
	case UID:
		if (size == 4)
			make_one(field, SKEP_FIELD_USERNAME);
		return;
	case CGROUP:
		if (size == 8)
			make_one(field, SKEP_FIELD_CGROUP_PATH);
		return;
	case KSYM:
	case USYM:
		if (size == 8)
			make_one(field, meaning == KSYM ? SKEP_FIELD_KSYM : SKEP_FIELD_USYM);
		return;
	case KSTACK:
	case USTACK:
		apply_stack(m, meaning == KSTACK ? SKEP_FIELD_KSTACK : SKEP_FIELD_USTACK, field);
		return;
	case IPV4:
	case IPV6:
		if (size == (meaning == IPV4 ? 4 : 16))
			make_one(field, SKEP_FIELD_INET);
		return;
	case MAC:
		if (size == 6)
			make_one(field, SKEP_FIELD_MAC);
		return;
	case NETWORK:
		field->is_big_endian = field->kind == SKEP_FIELD_INT;
		return;
	case BOOT:
	case MONOTONIC:
		apply_time(meaning == BOOT ? SKEP_TYPED_TIME_BOOT : SKEP_TYPED_TIME_MONOTONIC,
			   field);
		return;
	case NS:
	case US:
	case MS:
	case BYTES:
		apply_unit(meaning, field);
		return;
	case HEX:
		if (field->kind == SKEP_FIELD_INT && !field->is_big_endian)
			field->kind = SKEP_FIELD_PTR;
		return;
	}
}

int skep_typed_network(const struct skep_btf *btf, uint32_t type, const char *name, uint32_t size)
{
	struct typed_member m = { .btf = btf, .type = type, .name = name };
	struct skep_schema_field field = { .size = size };
	enum meaning meaning = find(&m, &field);

	return meaning == IPV4 && size == 4    ? AF_INET
	       : meaning == IPV6 && size == 16 ? AF_INET6
					       : meaning == NETWORK;
}

unsigned typed_name_pid(const struct typed_member *m, const struct skep_schema_field *field)
{
	if (field->kind != SKEP_FIELD_INT || field->size != 4 || field->bit_size)
		return 0;
	if (by_types(m) == PID)
		return 3;
	return skep_streq(m->name, "tgid") ? 2 : skep_streq(m->name, "pid") ? 1 : 0;
}
