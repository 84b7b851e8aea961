/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C text of types, for lists and messages.
 */
#include <inttypes.h>
#include <stdio.h>

#include "obj/btf_priv.h"

#define FORMAT_STEPS_MAX 20000 /* types looked at for one text */
#define FORMAT_DEPTH_MAX 8     /* prototypes in prototypes, structs in structs */
#define NAME_SHOWN_MAX 256     /* bytes of a name */

struct format {
	const struct skep_btf *btf;
	const struct skep_btf_c_names *names; /* for a compiler; NULL: for people */
	unsigned steps;
};

static const char *const kind_names[SKEP_N_BTF_KINDS] = {
	[SKEP_BTF_VOID] = "void",
	[SKEP_BTF_INT] = "integer",
	[SKEP_BTF_PTR] = "pointer",
	[SKEP_BTF_ARRAY] = "array",
	[SKEP_BTF_STRUCT] = "struct",
	[SKEP_BTF_UNION] = "union",
	[SKEP_BTF_ENUM] = "enum",
	[SKEP_BTF_FWD] = "declaration",
	[SKEP_BTF_TYPEDEF] = "typedef",
	[SKEP_BTF_VOLATILE] = "volatile",
	[SKEP_BTF_CONST] = "const",
	[SKEP_BTF_RESTRICT] = "restrict",
	[SKEP_BTF_FUNC] = "function",
	[SKEP_BTF_FUNC_PROTO] = "function type",
	[SKEP_BTF_VAR] = "variable",
	[SKEP_BTF_DATASEC] = "section",
	[SKEP_BTF_FLOAT] = "floating-point number",
	[SKEP_BTF_DECL_TAG] = "tag",
	[SKEP_BTF_TYPE_TAG] = "type tag",
	[SKEP_BTF_ENUM64] = "enum",
};

const char *skep_btf_kind_name(enum skep_btf_kind kind)
{
	return (unsigned)kind < SKEP_N_BTF_KINDS ? kind_names[kind] : "unknown";
}

static void prepend(struct skep_str *s, const char *text)
{
	_cleanup_(skep_str_fini)
	struct skep_str joined = {};

	skep_str_add(&joined, text);
	skep_str_add(&joined, skep_str_text(s));
	skep_str_reset(s);
	skep_str_addn(s, joined.data, joined.len);
}

/* For people. */
static void add_name(struct skep_str *s, const char *name)
{
	skep_str_addn(s, name, strnlen(name, NAME_SHOWN_MAX));
}

/* The words of a type that ends a declaration's chain. */
static void format_base(const struct format *f, struct skep_btf_type t, struct skep_str *out)
{
	const char *word = NULL, *name;

	switch (t.kind) {
	case SKEP_BTF_STRUCT:
		word = "struct";
		break;
	case SKEP_BTF_UNION:
		word = "union";
		break;
	case SKEP_BTF_FWD:
		word = t.is_union ? "union" : "struct";
		break;
	case SKEP_BTF_ENUM:
	case SKEP_BTF_ENUM64:
		word = "enum";
		break;
	case SKEP_BTF_VOID:
		skep_str_add(out, "void");
		return;
	default:
		break;
	}
	name = f->names ? f->names->name(f->names->data, t.id) : NULL;
	if (f->names && !name) {
		f->names->define(f->names->data, t.id, out);
		return;
	}
	if (word)
		skep_str_addf(out, "%s ", word);
	if (name)
		skep_str_add(out, name);
	else if (*t.name)
		add_name(out, t.name);
	else
		skep_str_add(out, word ? "{...}" : "?");
}

/* The word of a modifier with a space after it, in @buf. NULL: no modifier. */
static const char *modifier(const struct format *f, uint32_t id, char buf[static 64])
{
	struct btf_raw raw = skep_btf_raw(f->btf, id);

	switch (SKEP_BTF_INFO_KIND(raw.info)) {
	case SKEP_BTF_CONST:
		return "const ";
	case SKEP_BTF_VOLATILE:
		return "volatile ";
	case SKEP_BTF_RESTRICT:
		return "restrict ";
	case SKEP_BTF_TYPE_TAG:
		/*
		 * With the flag it is an attribute for compilers, not one of the kernel's __user,
		 * __rcu...
		 */
		if (SKEP_BTF_INFO_FLAG(raw.info) || f->names)
			return "";
		snprintf(buf, 64, "__%.60s ", skep_btf_string(f->btf, raw.name));
		return buf;
	default:
		return NULL;
	}
}

static void format_chain(struct format *f, uint32_t id, struct skep_str *decl, unsigned depth,
			 struct skep_str *out);

static void format_params(struct format *f, struct skep_btf_type proto, unsigned depth,
			  struct skep_str *out)
{
	struct skep_btf_param p;

	if (!proto.vlen)
		skep_str_add(out, "void");
	for (uint32_t i = 0; i < proto.vlen; i++) {
		_cleanup_(skep_str_fini)
		struct skep_str decl = {};

		if (i)
			skep_str_add(out, ", ");
		if (skep_btf_param(f->btf, proto.id, i, &p) < 0 || depth >= FORMAT_DEPTH_MAX ||
		    f->steps > FORMAT_STEPS_MAX) {
			skep_str_add(out, "...");
			return;
		}
		if (!p.type && !*p.name) {
			skep_str_add(out, "...");
			continue;
		}
		if (!f->names)
			add_name(&decl, p.name);
		format_chain(f, p.type, &decl, depth + 1, out);
	}
}

/*
 * A declaration grows from its name outwards: @decl is what surrounds the name so far, the type is
 * followed until one is reached that has a name of its own, which goes before all of it.
 */
static void format_chain(struct format *f, uint32_t id, struct skep_str *decl, unsigned depth,
			 struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str words = {};
	struct skep_btf_type t = {};
	bool pointer = false; /* the outermost part of decl is a '*' */

	for (unsigned i = 0; i < BTF_CHAIN_MAX; i++, f->steps++) {
		char tag[64];
		const char *word = modifier(f, id, tag);

		t = skep_btf_type(f->btf, id);
		if (word) {
			/* Of an array and of its elements, which C says once. */
			if (!f->names || !strstr(skep_str_text(&words), word))
				skep_str_add(&words, word);
			id = t.type;
			continue;
		}
		if (t.kind != SKEP_BTF_PTR && t.kind != SKEP_BTF_ARRAY &&
		    t.kind != SKEP_BTF_FUNC_PROTO)
			break;
		if (t.kind == SKEP_BTF_PTR) {
			/* The modifiers met since the last part belong to this pointer. */
			prepend(decl, skep_str_text(&words));
			prepend(decl, "*");
			skep_str_reset(&words);
			pointer = true;
			id = t.type;
			continue;
		}
		if (pointer) {
			prepend(decl, "(");
			skep_str_addc(decl, ')');
		}
		pointer = false;
		if (t.kind == SKEP_BTF_ARRAY) {
			skep_str_addf(decl, "[%" PRIu32 "]", t.n_elems);
		} else {
			skep_str_addc(decl, '(');
			format_params(f, t, depth, decl);
			skep_str_addc(decl, ')');
		}
		id = t.type;
	}
	skep_str_add(out, skep_str_text(&words));
	format_base(f, t, out);
	if (decl->len && decl->data[0] != '[')
		skep_str_addc(out, ' ');
	skep_str_add(out, skep_str_text(decl));
}

void skep_btf_format(const struct skep_btf *btf, uint32_t id, struct skep_str *out)
{
	skep_btf_format_decl(btf, id, "", out);
}

void skep_btf_format_decl(const struct skep_btf *btf, uint32_t id, const char *name,
			  struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str decl = {};
	struct format f = { .btf = btf };

	add_name(&decl, name);
	format_chain(&f, id, &decl, 0, out);
}

void skep_btf_format_c(const struct skep_btf *btf, uint32_t id, const char *name,
		       const struct skep_btf_c_names *names, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str decl = {};
	struct format f = { .btf = btf, .names = names };

	skep_str_add(&decl, name);
	format_chain(&f, id, &decl, 0, out);
}

/*
 * Definitions.
 */

static bool is_anonymous_composite(struct skep_btf_type t)
{
	return (t.kind == SKEP_BTF_STRUCT || t.kind == SKEP_BTF_UNION) && !*t.name;
}

/* "struct name {", the members, "}"; without what follows. */
static void format_composite(struct format *f, struct skep_btf_type t, unsigned indent,
			     unsigned depth, struct skep_str *out)
{
	struct skep_btf_member m;

	skep_str_add(out, t.kind == SKEP_BTF_UNION ? "union " : "struct ");
	if (*t.name) {
		add_name(out, t.name);
		skep_str_addc(out, ' ');
	}
	skep_str_add(out, "{\n");
	for (uint32_t i = 0; i < t.vlen && skep_btf_member(f->btf, t.id, i, &m) == 0; i++) {
		_cleanup_(skep_str_fini)
		struct skep_str decl = {};
		struct skep_btf_type inner = skep_btf_type(f->btf, m.type);

		skep_str_pad(out, '\t', indent + 1);
		if (f->steps++ > FORMAT_STEPS_MAX) {
			skep_str_add(out, "...\n");
			break;
		}
		if (is_anonymous_composite(inner) && depth < FORMAT_DEPTH_MAX) {
			format_composite(f, inner, indent + 1, depth + 1, out);
			if (*m.name)
				skep_str_addc(out, ' ');
			add_name(out, m.name);
		} else {
			add_name(&decl, m.name);
			format_chain(f, m.type, &decl, 0, out);
		}
		if (m.bit_size)
			skep_str_addf(out, ":%" PRIu32, m.bit_size);
		skep_str_add(out, ";\n");
	}
	skep_str_pad(out, '\t', indent);
	skep_str_addc(out, '}');
}

static void format_enum(struct format *f, struct skep_btf_type t, unsigned indent,
			struct skep_str *out)
{
	struct skep_btf_enumerator e;

	skep_str_add(out, "enum ");
	if (*t.name) {
		add_name(out, t.name);
		skep_str_addc(out, ' ');
	}
	skep_str_add(out, "{\n");
	for (uint32_t i = 0; i < t.vlen && skep_btf_enumerator(f->btf, t.id, i, &e) == 0; i++) {
		skep_str_pad(out, '\t', indent + 1);
		add_name(out, e.name);
		if (t.is_signed)
			skep_str_addf(out, " = %" PRId64 ",\n", (int64_t)e.value);
		else
			skep_str_addf(out, " = %" PRIu64 ",\n", e.value);
	}
	skep_str_pad(out, '\t', indent);
	skep_str_addc(out, '}');
}

void skep_btf_format_def(const struct skep_btf *btf, uint32_t id, unsigned indent,
			 struct skep_str *out)
{
	struct skep_btf_type t = skep_btf_type(btf, id);
	struct format f = { .btf = btf };

	skep_str_pad(out, '\t', indent);
	switch (t.kind) {
	case SKEP_BTF_STRUCT:
	case SKEP_BTF_UNION:
		format_composite(&f, t, indent, 0, out);
		break;
	case SKEP_BTF_ENUM:
	case SKEP_BTF_ENUM64:
		format_enum(&f, t, indent, out);
		break;
	case SKEP_BTF_TYPEDEF:
		skep_str_add(out, "typedef ");
		skep_btf_format_decl(btf, t.type, t.name, out);
		break;
	case SKEP_BTF_FUNC:
	case SKEP_BTF_VAR:
		skep_btf_format_decl(btf, t.type, t.name, out);
		break;
	default:
		skep_btf_format(btf, id, out);
	}
	skep_str_add(out, ";\n");
}

/*
 * Hints.
 */

/* How far a name may be from another that was meant. */
static unsigned slip(const char *name)
{
	return 1 + (unsigned)MIN(strlen(name), 16u) / 4;
}

struct member_names {
	const char *wanted;
	bool near; /* this pass lists what resembles the wanted name, the other the rest */
	unsigned limit, shown, more;
	struct skep_str *out;
};

static bool resembles(const char *name, const char *wanted)
{
	unsigned limit;

	if (!wanted || !*wanted)
		return false;
	limit = slip(wanted);
	return skep_edit_distance(name, wanted, limit) <= limit ||
	       (strlen(wanted) >= 3 && strstr(name, wanted));
}

static int visit_member_name(void *data, const struct skep_btf_member *member)
{
	struct member_names *n = data;

	if (resembles(member->name, n->wanted) != n->near)
		return 0;
	if (n->shown >= n->limit) {
		n->more++;
		return 0;
	}
	if (n->shown++)
		skep_str_add(n->out, ", ");
	add_name(n->out, member->name);
	return 0;
}

void skep_btf_format_member_names(const struct skep_btf *btf, uint32_t id, const char *wanted,
				  unsigned limit, struct skep_str *out)
{
	struct member_names n = { .wanted = wanted, .near = true, .limit = limit, .out = out };
	int r;

	/*
	 * A struct nested beyond the walk's bounds lists what was reached, which is enough for a
	 * hint.
	 */
	r = skep_btf_walk_members(btf, id, visit_member_name, &n);
	n.near = false;
	if (r == 0)
		r = skep_btf_walk_members(btf, id, visit_member_name, &n);
	if (n.more)
		skep_str_addf(out, "%s(%u more)", n.shown ? " " : "", n.more);
}

const char *skep_btf_nearest(const struct skep_btf *btf, const char *name, enum skep_btf_kind kind)
{
	unsigned best = slip(name) + 1;
	const char *found = NULL;

	for (uint32_t id = 0; best > 1 && (id = skep_btf_next(btf, id, kind));) {
		const char *candidate = skep_btf_name(btf, id);
		unsigned distance;

		if (!*candidate)
			continue;
		distance = skep_edit_distance(candidate, name, best - 1);
		if (distance && distance < best) {
			best = distance;
			found = candidate;
		}
	}
	return found;
}
