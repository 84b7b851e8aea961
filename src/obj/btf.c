/* SPDX-License-Identifier: Apache-2.0 */
#include "obj/btf.h"

#include <errno.h>

#include "obj/btf_priv.h"

/* Bytes behind the head of a type: a fixed part, and one for each of its elements. */
static const struct {
	uint8_t fixed, element;
} tails[SKEP_N_BTF_KINDS] = {
	[SKEP_BTF_INT] = { 4, 0 },	[SKEP_BTF_ARRAY] = { 12, 0 },
	[SKEP_BTF_STRUCT] = { 0, 12 },	[SKEP_BTF_UNION] = { 0, 12 },
	[SKEP_BTF_ENUM] = { 0, 8 },	[SKEP_BTF_FUNC_PROTO] = { 0, 8 },
	[SKEP_BTF_VAR] = { 4, 0 },	[SKEP_BTF_DATASEC] = { 0, 12 },
	[SKEP_BTF_DECL_TAG] = { 4, 0 }, [SKEP_BTF_ENUM64] = { 0, 12 },
};

/* What a parse learns on its way. */
struct pass {
	uint32_t n;	   /* types so far */
	uint32_t max_name; /* largest offset of a name */
	uint32_t max_type; /* largest id referred to */
};

/* Remembers the names and ids in what is behind a type's head. */
static void note_tail(struct pass *pass, unsigned kind, const uint8_t *tail, uint32_t vlen)
{
	unsigned step = tails[kind].element;

	switch (kind) {
	case SKEP_BTF_ARRAY:
		pass->max_type = MAX(pass->max_type, skep_load32(tail));
		pass->max_type = MAX(pass->max_type, skep_load32(tail + 4));
		break;
	case SKEP_BTF_ENUM:
	case SKEP_BTF_ENUM64:
		for (uint32_t i = 0; i < vlen; i++)
			pass->max_name = MAX(pass->max_name, skep_load32(tail + i * step));
		break;
	case SKEP_BTF_STRUCT:
	case SKEP_BTF_UNION:
	case SKEP_BTF_FUNC_PROTO:
		for (uint32_t i = 0; i < vlen; i++) {
			pass->max_name = MAX(pass->max_name, skep_load32(tail + i * step));
			pass->max_type = MAX(pass->max_type, skep_load32(tail + i * step + 4));
		}
		break;
	case SKEP_BTF_DATASEC:
		for (uint32_t i = 0; i < vlen; i++)
			pass->max_type = MAX(pass->max_type, skep_load32(tail + i * step));
		break;
	}
}

/* Whether the third word of a head is a type id; otherwise it is a size, or unused. */
static bool refers(unsigned kind)
{
	switch (kind) {
	case SKEP_BTF_PTR:
	case SKEP_BTF_TYPEDEF:
	case SKEP_BTF_VOLATILE:
	case SKEP_BTF_CONST:
	case SKEP_BTF_RESTRICT:
	case SKEP_BTF_FUNC:
	case SKEP_BTF_FUNC_PROTO:
	case SKEP_BTF_VAR:
	case SKEP_BTF_DECL_TAG:
	case SKEP_BTF_TYPE_TAG:
		return true;
	default:
		return false;
	}
}

/* The length of the type at @type, of which @left bytes are there. */
static int check_type(struct pass *pass, const uint8_t *type, uint32_t left, struct skep_diag *diag,
		      uint32_t *ret_len)
{
	uint32_t info, kind, vlen, tail;

	if (left < SKEP_BTF_HEAD_SIZE)
		goto cut;
	info = skep_load32(type + 4);
	kind = SKEP_BTF_INFO_KIND(info);
	vlen = SKEP_BTF_INFO_VLEN(info);
	if (kind == SKEP_BTF_VOID || kind >= SKEP_N_BTF_KINDS || info & SKEP_BTF_INFO_UNUSED) {
		skep_diag_error(diag, SKEP_NO_LOC,
				"BTF type %u is of a kind that is not known (0x%x)", pass->n, info);
		skep_diag_hint(diag, "the BTF is damaged, or newer than this program");
		return -EOPNOTSUPP;
	}
	tail = tails[kind].fixed + vlen * tails[kind].element;
	if (tail > left - SKEP_BTF_HEAD_SIZE)
		goto cut;
	pass->max_name = MAX(pass->max_name, skep_load32(type));
	if (refers(kind))
		pass->max_type = MAX(pass->max_type, skep_load32(type + 8));
	note_tail(pass, kind, type + SKEP_BTF_HEAD_SIZE, vlen);
	*ret_len = SKEP_BTF_HEAD_SIZE + tail;
	return 0;
cut:
	skep_diag_error(diag, SKEP_NO_LOC, "BTF type %u goes beyond the end of the types", pass->n);
	return -EINVAL;
}

/* Fills btf->offsets and checks every name and id. */
static int index_types(struct skep_btf *btf, uint32_t types_len, struct skep_diag *diag)
{
	struct pass pass = { .n = btf->first_id };
	uint32_t *shrunk, own;
	int r;

	/*
	 * Room for the most types that fit; what is not used was never touched, and goes back
	 * below.
	 */
	btf->offsets = malloc((types_len / SKEP_BTF_HEAD_SIZE + 1) * sizeof(*btf->offsets));
	if (!btf->offsets)
		return -ENOMEM;
	for (uint32_t pos = 0, len; pos < types_len; pos += len) {
		r = check_type(&pass, btf->types + pos, types_len - pos, diag, &len);
		if (r < 0)
			return r;
		btf->offsets[pass.n++ - btf->first_id] = pos;
	}
	btf->n_types = pass.n;
	if (pass.max_type >= pass.n) {
		skep_diag_error(diag, SKEP_NO_LOC, "BTF refers to type %u of %u", pass.max_type,
				pass.n);
		return -EINVAL;
	}
	if (pass.max_name >= btf->strings_off + btf->strings_len) {
		skep_diag_error(diag, SKEP_NO_LOC,
				"BTF has a name at %u, beyond the end of the names", pass.max_name);
		return -EINVAL;
	}
	own = pass.n - btf->first_id;
	shrunk = realloc(btf->offsets, MAX(own, 1u) * sizeof(*btf->offsets));
	if (shrunk)
		btf->offsets = shrunk;
	return 0;
}

static int bad_header(struct skep_diag *diag, const char *what)
{
	skep_diag_error(diag, SKEP_NO_LOC, "this is not usable BTF: %s", what);
	return -EINVAL;
}

/* Finds the sections. */
static int read_header(struct skep_btf *btf, const uint8_t *data, size_t size,
		       struct skep_diag *diag, uint32_t *ret_types_len)
{
	struct skep_btf_header h;
	uint64_t room;

	if (size < sizeof(h))
		return bad_header(diag, "it is shorter than a header");
	memcpy(&h, data, sizeof(h));
	if (h.magic == __builtin_bswap16(SKEP_BTF_MAGIC)) {
		skep_diag_error(diag, SKEP_NO_LOC,
				"this BTF has the byte order of another machine");
		return -EOPNOTSUPP;
	}
	if (h.magic != SKEP_BTF_MAGIC)
		return bad_header(diag, "it does not begin with BTF's magic number");
	if (h.version != SKEP_BTF_VERSION || h.flags) {
		skep_diag_error(diag, SKEP_NO_LOC, "BTF version %u, flags 0x%x is not known",
				h.version, h.flags);
		return -EOPNOTSUPP;
	}
	if (h.header_len < sizeof(h) || h.header_len > size)
		return bad_header(diag, "its header has an impossible length");
	room = size - h.header_len;
	if ((uint64_t)h.types_off + h.types_len > room || h.types_off % SKEP_BTF_ALIGN ||
	    h.types_len % SKEP_BTF_ALIGN)
		return bad_header(diag, "the types are not inside it");
	if ((uint64_t)h.strings_off + h.strings_len > room)
		return bad_header(diag, "the names are not inside it");
	btf->types = data + h.header_len + h.types_off;
	btf->strings = (const char *)data + h.header_len + h.strings_off;
	btf->strings_len = h.strings_len;
	/* Only a module may do without names of its own: offset 0 is then its base's. */
	if (!btf->base && (!h.strings_len || btf->strings[0]))
		return bad_header(diag, "its names do not begin with the empty one");
	if (h.strings_len && btf->strings[h.strings_len - 1])
		return bad_header(diag, "its last name has no end");
	*ret_types_len = h.types_len;
	return 0;
}

int skep_btf_parse(const void *data, size_t size, const struct skep_btf *base,
		   void (*release)(void *data, size_t size), struct skep_diag *diag,
		   struct skep_btf **ret_btf)
{
	_cleanup_(skep_btf_freep)
	struct skep_btf *btf = calloc(1, sizeof(*btf));
	uint32_t types_len;
	int r;

	if (!btf)
		return -ENOMEM;
	btf->names = calloc(1, sizeof(*btf->names));
	if (!btf->names)
		return -ENOMEM;
	btf->base = base;
	btf->first_id = base ? base->n_types : 1;
	btf->strings_off = base ? base->strings_off + base->strings_len : 0;
	r = read_header(btf, data, size, diag, &types_len);
	if (r < 0)
		return r;
	/* Numbers of ids and names are 32 bits wide in the format, those of the base included. */
	if ((uint64_t)btf->first_id + types_len / SKEP_BTF_HEAD_SIZE > UINT32_MAX ||
	    (uint64_t)btf->strings_off + btf->strings_len > UINT32_MAX)
		return bad_header(diag, "it is too large");
	r = index_types(btf, types_len, diag);
	if (r < 0)
		return r;
	btf->data = (void *)data;
	btf->size = size;
	btf->release = release;
	*ret_btf = TAKE_PTR(btf);
	return 0;
}

void skep_btf_free(struct skep_btf *btf)
{
	if (!btf)
		return;
	if (btf->names) {
		free(btf->names->functions.heads);
		free(btf->names->others.heads);
		free(btf->names->next);
		free(btf->names->flavours);
		free(btf->names);
	}
	free(btf->offsets);
	if (btf->release)
		btf->release(btf->data, btf->size);
	free(btf);
}

void skep_btf_release_malloc(void *data, size_t size)
{
	free(data);
}

uint32_t skep_btf_n_types(const struct skep_btf *btf)
{
	return btf->n_types;
}

uint32_t skep_btf_first_id(const struct skep_btf *btf)
{
	return btf->first_id;
}

const char *skep_btf_string(const struct skep_btf *btf, uint32_t off)
{
	while (btf->base && off < btf->strings_off)
		btf = btf->base;
	return off < btf->strings_off + btf->strings_len ? btf->strings + (off - btf->strings_off)
							 : "";
}

struct btf_raw skep_btf_raw(const struct skep_btf *btf, uint32_t id)
{
	const uint8_t *p;

	if (!id || id >= btf->n_types)
		return (struct btf_raw){};
	while (id < btf->first_id)
		btf = btf->base;
	p = btf->types + btf->offsets[id - btf->first_id];
	return (struct btf_raw){
		.name = skep_load32(p),
		.info = skep_load32(p + 4),
		.word = skep_load32(p + 8),
		.tail = p + SKEP_BTF_HEAD_SIZE,
	};
}

static void fill_int(struct skep_btf_type *t, uint32_t word)
{
	t->bits = SKEP_BTF_INT_BITS(word);
	t->is_signed = SKEP_BTF_INT_ENCODING(word) & SKEP_BTF_INT_SIGNED;
	t->is_char = SKEP_BTF_INT_ENCODING(word) & SKEP_BTF_INT_CHAR;
	t->is_bool = SKEP_BTF_INT_ENCODING(word) & SKEP_BTF_INT_BOOL;
}

struct skep_btf_type skep_btf_type(const struct skep_btf *btf, uint32_t id)
{
	struct btf_raw raw = skep_btf_raw(btf, id);
	struct skep_btf_type t = {
		.id = raw.info ? id : 0,
		.kind = SKEP_BTF_INFO_KIND(raw.info),
		.name = skep_btf_string(btf, raw.name),
		.vlen = SKEP_BTF_INFO_VLEN(raw.info),
	};

	if (refers(t.kind))
		t.type = raw.word;
	switch (t.kind) {
	case SKEP_BTF_INT:
		t.size_bytes = raw.word;
		fill_int(&t, skep_load32(raw.tail));
		break;
	case SKEP_BTF_ENUM:
	case SKEP_BTF_ENUM64:
		t.is_signed = SKEP_BTF_INFO_FLAG(raw.info);
		t.size_bytes = raw.word;
		break;
	case SKEP_BTF_STRUCT:
	case SKEP_BTF_UNION:
	case SKEP_BTF_FLOAT:
	case SKEP_BTF_DATASEC:
		t.size_bytes = raw.word;
		break;
	case SKEP_BTF_ARRAY:
		t.type = skep_load32(raw.tail);
		t.n_elems = skep_load32(raw.tail + 8);
		break;
	case SKEP_BTF_VAR:
		t.vlen = skep_load32(raw.tail);
		break;
	case SKEP_BTF_FWD:
		t.is_union = SKEP_BTF_INFO_FLAG(raw.info);
		break;
	case SKEP_BTF_DECL_TAG:
		t.component = (int32_t)skep_load32(raw.tail);
		break;
	default:
		break;
	}
	return t;
}

enum skep_btf_kind skep_btf_kind(const struct skep_btf *btf, uint32_t id)
{
	return SKEP_BTF_INFO_KIND(skep_btf_raw(btf, id).info);
}

const char *skep_btf_name(const struct skep_btf *btf, uint32_t id)
{
	return skep_btf_string(btf, skep_btf_raw(btf, id).name);
}

uint32_t skep_btf_next(const struct skep_btf *btf, uint32_t id, enum skep_btf_kind kind)
{
	while (id < btf->n_types && ++id < btf->n_types)
		if (kind == SKEP_BTF_VOID || skep_btf_kind(btf, id) == kind)
			return id;
	return 0;
}
