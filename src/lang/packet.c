/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/packet.h"

#include <errno.h>

#include "lang/check_priv.h"
#include "lang/lower_priv.h"
#include "lang/nearest.h"
#include "lang/walk.h"

/* pkt.X or pkt.X.Y: what stands behind pkt. Parts that are not there are NULL. */
struct path {
	const struct skep_expr *first, *second;
};

static bool is_pkt(const struct skep_expr *expr)
{
	return expr->kind == SKEP_EXPR_NAME && skep_streq(expr->call.name, "pkt");
}

static bool get_path(const struct skep_expr *expr, struct path *ret_path)
{
	const struct skep_expr *base;

	if (expr->kind != SKEP_EXPR_FIELD)
		return false;
	base = expr->field.base;
	if (is_pkt(base)) {
		*ret_path = (struct path){ .first = expr };
		return true;
	}
	if (base->kind != SKEP_EXPR_FIELD || !is_pkt(base->field.base))
		return false;
	*ret_path = (struct path){ .first = base, .second = expr };
	return true;
}

bool skep_packet_is(const struct skep_expr *expr)
{
	struct path path;

	return get_path(expr, &path);
}

/* The field, and the header by itself (pkt.tcp) with no field. False: it is neither. */
static bool resolve(const struct path *path, enum skep_header *ret_header,
		    const struct skep_packet_field **ret_field)
{
	enum skep_header header = skep_header_find(path->first->field.name);
	const struct skep_packet_field *f;

	if (!path->second && header != SKEP_HEADER_MAX) {
		*ret_header = header;
		*ret_field = NULL;
		return true;
	}
	f = path->second ? header == SKEP_HEADER_MAX
				   ? NULL
				   : skep_packet_field_find(header, path->second->field.name)
			 : skep_packet_field_find(SKEP_HEADER_PKT, path->first->field.name);
	if (!f)
		return false;
	*ret_header = f->needs;
	*ret_field = f;
	return true;
}

/* --- checking ---------------------------------------------------------------------------------------------- */

static bool has_header(const struct skep_hook *hook, enum skep_header header)
{
	bool frame = header == SKEP_HEADER_ETH || header == SKEP_HEADER_VLAN ||
		     header == SKEP_HEADER_ARP;

	return !frame || hook->packet != SKEP_PACKET_IP;
}

static bool has_field(const struct skep_hook *hook, const struct skep_packet_field *f)
{
	if (!f->skb_off && !f->xdp_off)
		return has_header(hook, f->in);
	return hook->packet == SKEP_PACKET_FRAME ? f->xdp_off : f->skb_off;
}

/* What is called like @wanted; without one near, all of them. */
static void hint_names(struct skep_check *k, enum skep_header in, const char *wanted)
{
	const struct skep_hook *hook = k->inst->hook;
	struct skep_nearest near = { .wanted = wanted };
	_cleanup_(skep_str_fini)
	struct skep_str all = {};

	for (unsigned h = 0; in == SKEP_HEADER_PKT && h < SKEP_HEADER_MAX; h++) {
		const char *name = skep_header_name((enum skep_header)h);

		if (!name || !has_header(hook, (enum skep_header)h))
			continue;
		skep_nearest_add(&near, name);
		skep_str_addf(&all, "%s%s", all.len ? ", " : "", name);
	}
	for (size_t i = 0; i < skep_packet_n_fields; i++) {
		const struct skep_packet_field *f = &skep_packet_fields[i];

		if (f->in != in || !has_field(hook, f))
			continue;
		skep_nearest_add(&near, f->name);
		skep_str_addf(&all, "%s%s", all.len ? ", " : "", f->name);
	}
	if (near.n)
		skep_diag_hint(k->c->diag, "did you mean %s?",
			       skep_nearest_text(&near, k->c->arena));
	else
		skep_diag_hint(k->c->diag, "it has %s", skep_str_text(&all));
	skep_nearest_fini(&near);
}

static int no_packet(struct skep_check *k, const struct skep_expr *expr)
{
	int r = skep_check_error(k, expr->loc, "%s has no pkt", k->inst->provider->name);

	skep_diag_hint(k->c->diag, "packets pass through xdp:INTERFACE, tc:INTERFACE:ingress, "
				   "cgroup:PATH:ingress, and the same with egress");
	return r;
}

static int unknown(struct skep_check *k, const struct path *path)
{
	enum skep_header header = skep_header_find(path->first->field.name);
	const struct skep_expr *at = path->first;
	int r;

	if (path->second && header != SKEP_HEADER_MAX)
		at = path->second;
	if (path->second && header == SKEP_HEADER_MAX &&
	    skep_packet_field_find(SKEP_HEADER_PKT, path->first->field.name)) {
		r = skep_check_error(k, path->second->field.name_loc,
				     "pkt.%s is a value and has no fields",
				     path->first->field.name);
		skep_diag_hint(k->c->diag, "write pkt.%s", path->first->field.name);
		return r;
	}
	r = skep_check_error(k, at->field.name_loc, "%s%s has no field '%s'",
			     at == path->first ? "pkt" : "pkt.",
			     at == path->first ? "" : path->first->field.name, at->field.name);
	hint_names(k, at == path->first ? SKEP_HEADER_PKT : header, at->field.name);
	return r;
}

static int find(struct skep_check *k, const struct skep_expr *expr, enum skep_header *ret_header,
		const struct skep_packet_field **ret_field)
{
	struct path path;
	int r;

	if (!k->inst->hook || k->inst->hook->packet == SKEP_PACKET_NONE)
		return no_packet(k, expr);
	if (!get_path(expr, &path)) {
		r = skep_check_want(k, expr, "a header or a field of pkt");
		skep_diag_hint(k->c->diag, "such as exists(pkt.tcp)");
		return r;
	}
	if (!resolve(&path, ret_header, ret_field))
		return unknown(k, &path);
	if (has_header(k->inst->hook, *ret_header) &&
	    (!*ret_field || has_field(k->inst->hook, *ret_field)))
		goto there;
	r = skep_check_error(k, expr->loc, "pkt.%s is not available in %s", path.first->field.name,
			     k->inst->hook->name);
	if (has_header(k->inst->hook, *ret_header))
		skep_diag_hint(k->c->diag, "the kernel has not made a buffer of the packet there; "
					   "tc:INTERFACE:ingress has it");
	else
		skep_diag_hint(k->c->diag, "there the packet begins with its IP header");
	return r;
there:
	if (!k->fn)
		return 0;
	r = skep_check_error(k, expr->loc, "pkt belongs to the probe: a function does not see it");
	skep_diag_hint(k->c->diag, "hand over what it needs: %s(pkt.len)", k->fn->name);
	return r;
}

int skep_packet_check(struct skep_check *k, struct skep_expr *expr)
{
	const struct skep_packet_field *field;
	enum skep_header header;
	int r = find(k, expr, &header, &field);

	if (r < 0)
		return r;
	if (!field) {
		r = skep_check_error(k, expr->loc, "pkt.%s is a header, not a value",
				     skep_header_name(header));
		skep_diag_hint(k->c->diag,
			       "take a field of it; exists(pkt.%s) says whether it is there",
			       skep_header_name(header));
		return r;
	}
	expr->field.base->type = &skep_type_void;
	expr->field.field = (struct skep_field){ .name = field->name };
	expr->type = skep_packet_type(&k->c->types, field);
	return 0;
}

int skep_packet_check_exists(struct skep_check *k, const struct skep_expr *expr)
{
	const struct skep_packet_field *field;
	enum skep_header header;

	return find(k, expr, &header, &field);
}

/* --- what a program asks for ------------------------------------------------------------------------------- */

static struct skep_local *new_local(struct skep_lower *l, const struct skep_type *type,
				    const char *name)
{
	struct skep_local *local = skep_arena_alloc(l->c->arena, sizeof(*local));

	local->name = name;
	local->type = type;
	return local;
}

static void want(struct skep_lower *l, struct skep_packet *p, enum skep_header header,
		 const struct skep_packet_field *f)
{
	size_t i = f ? (size_t)(f - skep_packet_fields) : 0;

	if (f && !p->fields[i])
		p->fields[i] = new_local(l, skep_packet_type(&l->c->types, f), f->name);
	if (header != SKEP_HEADER_PKT && !p->present[header])
		p->present[header] = new_local(l, skep_type_int(8, false), "present");
}

static bool visit(void *data, struct skep_expr *expr)
{
	struct skep_lower *l = data;
	const struct skep_packet_field *field;
	enum skep_header header;
	struct path path;

	if (!get_path(expr, &path))
		return true;
	if (resolve(&path, &header, &field))
		want(l, l->inst->packet, header, field);
	return false;
}

/* Variables live in the body that uses them; those of a chain are one function. */
static void own(struct skep_lower *l, struct skep_local *local)
{
	if (local)
		local->instance = l->instance;
}

void skep_packet_resume(struct skep_lower *l)
{
	struct skep_packet *p = l->inst->packet;

	for (size_t i = 0; i < skep_packet_n_fields; i++)
		own(l, p->fields[i]);
	for (unsigned h = 0; h < SKEP_HEADER_MAX; h++)
		own(l, p->present[h]);
}

/* Whatever the walk does not come to is as if it were 0. */
static void clear(struct skep_lower *l, struct skep_local *local)
{
	if (local && skep_type_is_scalar(local->type))
		skep_lower_local_clear(l, local);
	else if (local)
		skep_lower_local_home(l, local, false);
}

void skep_packet_begin(struct skep_lower *l)
{
	struct skep_packet *p = skep_arena_alloc(l->c->arena, sizeof(*p));

	p->hook = l->inst->hook;
	p->fields = skep_arena_calloc(l->c->arena, skep_packet_n_fields, sizeof(*p->fields));
	for (struct skep_instance *inst = l->inst; inst; inst = inst->next) {
		inst->packet = p;
		skep_walk_probe(inst->probe, visit, l);
	}
	for (size_t i = 0; i < skep_packet_n_fields; i++)
		clear(l, p->fields[i]);
	for (unsigned h = 0; h < SKEP_HEADER_MAX; h++)
		clear(l, p->present[h]);
	skep_packet_walk(l, p);
}

/* --- uses -------------------------------------------------------------------------------------------------- */

int skep_packet_lower(struct skep_lower *l, const struct skep_expr *expr,
		      struct skep_value *ret_value)
{
	const struct skep_packet_field *field = NULL;
	enum skep_header header;
	struct path path;

	if (!get_path(expr, &path) || !resolve(&path, &header, &field) || !field ||
	    !l->inst->packet)
		return skep_lower_bug(l, expr->loc, "this field of a packet");
	*ret_value = skep_lower_local_get(l, l->inst->packet->fields[field - skep_packet_fields]);
	ret_value->type = expr->type;
	return 0;
}

struct skep_val *skep_packet_lower_exists(struct skep_lower *l, const struct skep_expr *expr)
{
	const struct skep_packet_field *field;
	enum skep_header header = SKEP_HEADER_PKT;
	struct path path;

	if (get_path(expr, &path))
		(void)!resolve(&path, &header, &field);
	if (header == SKEP_HEADER_PKT)
		return skep_ir_const(l->fn, 1);
	return skep_lower_local_get(l, l->inst->packet->present[header]).val;
}

/* Headers that a comparison needs: not those of comparisons inside, which have answered for themselves. */
static bool collect(void *data, struct skep_expr *expr)
{
	const struct skep_packet_field *field;
	enum skep_header header;
	unsigned *needs = data;
	struct path path;

	if (skep_lower_is_cond(expr))
		return false;
	if (!get_path(expr, &path))
		return !(expr->kind == SKEP_EXPR_CALL && skep_streq(expr->call.name, "exists"));
	if (resolve(&path, &header, &field) && header != SKEP_HEADER_PKT)
		*needs |= 1u << header;
	return false;
}

void skep_packet_guard(struct skep_lower *l, struct skep_expr *a, struct skep_expr *b,
		       struct skep_block *no)
{
	unsigned needs = 0;

	if (!l->inst->packet)
		return;
	skep_walk_expr(a, collect, &needs);
	skep_walk_expr(b, collect, &needs);
	for (unsigned h = 0; h < SKEP_HEADER_MAX; h++) {
		struct skep_block *there;

		if (!(needs >> h & 1))
			continue;
		there = skep_ir_block(l->fn);
		skep_ir_branch(l->fn, SKEP_CC_NE,
			       skep_lower_local_get(l, l->inst->packet->present[h]).val,
			       skep_ir_const(l->fn, 0), there, no);
		skep_ir_at(l->fn, there);
	}
}
