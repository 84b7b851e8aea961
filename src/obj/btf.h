/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BTF reader: the types of a kernel, a module or an object, from a blob of bytes.
 *
 * Format: Documentation/bpf/btf.rst of the kernel; our own definitions are in obj/btf_format.h.
 *
 *	 vmlinux:  id 0 (void), 1 ... n-1
 *	 module:                          n ... m-1     ids and names go on where its base ends
 *
 * A type is an id; everything about it is asked for by id and answered by value. Names point into
 * the blob and live as long as the struct skep_btf. Id 0 is void.
 *
 * Invariants: skep_btf_parse looks at every byte once. Afterwards every name is terminated, every
 * id that a type refers to exists, and every record is inside the blob, so nothing that the
 * functions below do can leave it, however hostile it is. What a parse cannot know in one pass
 * (cycles, absurd nesting) is bounded where it is walked. An id that comes from the caller and does
 * not exist is answered as void.
 *
 * Costs (126,000 types): the parse 4 bytes a type and 1 to 2 ms; the first skep_btf_find another 6
 * bytes a type and 2 ms; later finds nothing to speak of. Not for several threads at once, because
 * of that first find.
 *
 *	r = skep_btf_parse(data, size, NULL, NULL, diag, &btf);
 *	r = skep_btf_find(btf, "task_struct", SKEP_BTF_STRUCT, &id);
 *	r = skep_btf_find_member(btf, id, "pid", &m);		// m.bit_offset / 8, m.type
 *	r = skep_btf_size(btf, m.type, &size);
 *	skep_btf_format(btf, m.type, &text);			// "pid_t"
 *	skep_btf_free(btf);
 */
#pragma once

#include "base/diag.h"

/* The kernel's numbers. */
enum skep_btf_kind {
	SKEP_BTF_VOID, /* only id 0; as an argument of a search: any kind */
	SKEP_BTF_INT,
	SKEP_BTF_PTR,
	SKEP_BTF_ARRAY,
	SKEP_BTF_STRUCT,
	SKEP_BTF_UNION,
	SKEP_BTF_ENUM,
	SKEP_BTF_FWD,
	SKEP_BTF_TYPEDEF,
	SKEP_BTF_VOLATILE,
	SKEP_BTF_CONST,
	SKEP_BTF_RESTRICT,
	SKEP_BTF_FUNC,
	SKEP_BTF_FUNC_PROTO,
	SKEP_BTF_VAR,
	SKEP_BTF_DATASEC,
	SKEP_BTF_FLOAT,
	SKEP_BTF_DECL_TAG,
	SKEP_BTF_TYPE_TAG,
	SKEP_BTF_ENUM64,
	SKEP_N_BTF_KINDS,
};

struct skep_btf;

/* What a type is. Fields that its kind does not have are 0. */
struct skep_btf_type {
	uint32_t id;
	enum skep_btf_kind kind;
	const char *name; /* "" when it has none, never NULL */
	/* Members, enumerators, parameters, variables. Of a FUNC or VAR its linkage: 0 static, 1 global, 2 extern. */
	uint32_t vlen;
	/* INT, STRUCT, UNION, ENUM, ENUM64, FLOAT, DATASEC */
	uint32_t size_bytes;
	/*
	 * What it refers to: PTR, modifiers, TYPEDEF, VAR, DECL_TAG; of a FUNC its prototype, of a
	 * FUNC_PROTO what it returns, of an ARRAY its element.
	 */
	uint32_t type;
	uint32_t n_elems;      /* ARRAY */
	int32_t component;     /* DECL_TAG: index of the member or parameter, -1 for the whole */
	uint8_t bits;	       /* INT: bits in use, mostly size_bytes * 8 */
	bool is_signed;	       /* INT, ENUM, ENUM64 */
	bool is_char, is_bool; /* INT: how it wants to be shown; kernels set only is_bool */
	bool is_union;	       /* FWD of a union */
};

/*
 * Reads @size bytes at @data, which need no alignment and must not change. @base: what the ids of
 * split BTF (a module) build upon, borrowed, must outlive the result; NULL when there is none.
 * @release is called by skep_btf_free with @data and @size (never when this fails); NULL when the
 * bytes are borrowed.
 * -EINVAL: not BTF, or broken. -EOPNOTSUPP: of the other byte order, or newer than this reader.
 */
int skep_btf_parse(const void *data, size_t size, const struct skep_btf *base,
		   void (*release)(void *data, size_t size), struct skep_diag *diag,
		   struct skep_btf **ret_btf) _must_check_;
void skep_btf_free(struct skep_btf *btf);
SKEP_DEFINE_CLEANUP(struct skep_btf, skep_btf_free)
/* For @release: data from malloc. */
void skep_btf_release_malloc(void *data, size_t size);

/* Ids are 0 to n - 1, those of the base included. */
uint32_t skep_btf_n_types(const struct skep_btf *btf);
/* The first id that is its own: 1, or the number of types of the base. */
uint32_t skep_btf_first_id(const struct skep_btf *btf);

/* What type @id is; void for an id that does not exist. */
struct skep_btf_type skep_btf_type(const struct skep_btf *btf, uint32_t id);
enum skep_btf_kind skep_btf_kind(const struct skep_btf *btf, uint32_t id);
const char *skep_btf_name(const struct skep_btf *btf, uint32_t id);

/*
 * The next id after @id of kind @kind (SKEP_BTF_VOID: any); 0 at the end. All of a kind, base
 * first:
 *	for (id = 0; (id = skep_btf_next(btf, id, SKEP_BTF_FUNC));)
 * Start with skep_btf_first_id(btf) - 1 to see only its own.
 */
uint32_t skep_btf_next(const struct skep_btf *btf, uint32_t id, enum skep_btf_kind kind);

/*
 * The type with this name and kind (SKEP_BTF_VOID: any kind); its own before the base's, then the
 * lowest id. @kind is the kind itself: a struct behind a typedef is found under the typedef's name
 * as SKEP_BTF_TYPEDEF. -ENOENT.
 */
int skep_btf_find(const struct skep_btf *btf, const char *name, enum skep_btf_kind kind,
		  uint32_t *ret_id) _must_check_;
/*
 * The next one with the same name and kind, after an id from skep_btf_find; -ENOENT when there is
 * none.
 */
int skep_btf_find_next(const struct skep_btf *btf, uint32_t id, enum skep_btf_kind kind,
		       uint32_t *ret_id) _must_check_;
/* CPU time that its own index of names took to make; 0 while nobody has searched. For cost reports. */
uint64_t skep_btf_index_ns(const struct skep_btf *btf);
/*
 * A type as a script writes it: "int", "unsigned long", "struct task_struct", "union x", "enum y",
 * "u32", any of them followed by any number of '*', which are counted in *ret_pointers. Words such
 * as const, volatile and __user are skipped; a bare name may be a typedef, an integer, or as the
 * last resort a struct, union or enum. -ENOENT, -EINVAL.
 */
int skep_btf_find_c(const struct skep_btf *btf, const char *text, uint32_t *ret_id,
		    unsigned *ret_pointers) _must_check_;

/*
 * Without const, volatile, restrict and type tags; with @typedefs also without typedefs. A cycle
 * ends as void.
 */
uint32_t skep_btf_strip(const struct skep_btf *btf, uint32_t id, bool typedefs);
/*
 * Size in memory; pointers have 8 bytes. -EINVAL: it has none (void, a function, only declared, too
 * large).
 */
int skep_btf_size(const struct skep_btf *btf, uint32_t id, uint32_t *ret_size) _must_check_;
/*
 * What a pointer (perhaps behind typedefs and modifiers) points at, not stripped. -EINVAL: no
 * pointer.
 */
int skep_btf_pointee(const struct skep_btf *btf, uint32_t id, uint32_t *ret_id) _must_check_;
/* Element and count of an array, perhaps behind typedefs and modifiers. -EINVAL: no array. */
int skep_btf_array(const struct skep_btf *btf, uint32_t id, uint32_t *ret_elem,
		   uint32_t *ret_count) _must_check_;

/* A member of a struct or union. */
struct skep_btf_member {
	const char *name;    /* "" for an anonymous struct or union inside */
	uint32_t type;	     /* not stripped */
	uint64_t bit_offset; /* from the start of the struct that was asked */
	uint32_t bit_size;   /* of a bit field; 0 for everything else */
};

/*
 * Member @index of struct or union @id (typedefs and modifiers are looked through). -ENOENT,
 * -EINVAL.
 */
int skep_btf_member(const struct skep_btf *btf, uint32_t id, uint32_t index,
		    struct skep_btf_member *ret_member) _must_check_;
/*
 * The member called @name, looking through typedefs and modifiers of @id and into anonymous structs
 * and unions, with the offsets summed. -ENOENT: no such member. -EINVAL: no struct or union.
 * -ELOOP: nested absurdly.
 */
int skep_btf_find_member(const struct skep_btf *btf, uint32_t id, const char *name,
			 struct skep_btf_member *ret_member) _must_check_;

/* A variable in a section of an object. */
struct skep_btf_secvar {
	uint32_t type; /* mostly a VAR; of functions of the kernel a FUNC */
	uint32_t offset, size_bytes;
};

/* Variable @index of DATASEC @id. -ENOENT, -EINVAL. */
int skep_btf_secvar(const struct skep_btf *btf, uint32_t id, uint32_t index,
		    struct skep_btf_secvar *ret_var) _must_check_;

/* A parameter of a function. The last one of a variadic function has neither name nor type. */
struct skep_btf_param {
	const char *name; /* "" when the prototype does not name it */
	uint32_t type;
};

/*
 * The FUNC_PROTO of a function, function type, or pointer to one (typedefs looked through).
 * -EINVAL: none.
 */
int skep_btf_proto(const struct skep_btf *btf, uint32_t id, uint32_t *ret_proto) _must_check_;
/*
 * Parameter @index of FUNC_PROTO @proto; there are type.vlen; type.type is what it returns.
 * -ENOENT, -EINVAL.
 */
int skep_btf_param(const struct skep_btf *btf, uint32_t proto, uint32_t index,
		   struct skep_btf_param *ret_param) _must_check_;

/* A constant of an enum; sign-extended when the enum's type.is_signed. */
struct skep_btf_enumerator {
	const char *name;
	uint64_t value;
};

/*
 * Constant @index of ENUM or ENUM64 @id (typedefs and modifiers are looked through). -ENOENT,
 * -EINVAL.
 */
int skep_btf_enumerator(const struct skep_btf *btf, uint32_t id, uint32_t index,
			struct skep_btf_enumerator *ret_enumerator) _must_check_;
/*
 * The constant called @name of whatever enum: *ret_id is that enum. -ENOENT. One pass over all
 * types.
 */
int skep_btf_find_enumerator(const struct skep_btf *btf, const char *name, uint32_t *ret_id,
			     struct skep_btf_enumerator *ret_enumerator) _must_check_;
/* The name of @value in enum @id, or NULL. Of several names the first. */
const char *skep_btf_enum_name(const struct skep_btf *btf, uint32_t id, uint64_t value);

/*
 * For people.
 */

/* "struct", "function", ... */
const char *skep_btf_kind_name(enum skep_btf_kind kind);
/* Type @id as C writes it in a cast: "struct task_struct *", "char[16]", "int (*)(void *)". */
void skep_btf_format(const struct skep_btf *btf, uint32_t id, struct skep_str *out);
/*
 * A declaration: "char comm[16]", "int (*open)(struct inode *inode)". For a FUNC the id of its
 * prototype.
 */
void skep_btf_format_decl(const struct skep_btf *btf, uint32_t id, const char *name,
			  struct skep_str *out);
/*
 * The whole definition of a struct, union, enum, typedef or function as C text, each line opened by
 * @indent tabs, closed by ";\n"; anonymous structs inside are written out.
 */
void skep_btf_format_def(const struct skep_btf *btf, uint32_t id, unsigned indent,
			 struct skep_str *out);
/* What a declaration that a compiler reads takes from whoever writes the other declarations around it. */
struct skep_btf_c_names {
	/* What struct, union, enum, typedef or number @id is called; NULL: it has no name, and is defined where it stands. */
	const char *(*name)(void *data, uint32_t id);
	/* Writes that definition, "struct {...}". */
	void (*define)(void *data, uint32_t id, struct skep_str *out);
	void *data;
};

/* skep_btf_format_decl for a compiler: nothing is cut, tags of types are left out. */
void skep_btf_format_c(const struct skep_btf *btf, uint32_t id, const char *name,
		       const struct skep_btf_c_names *names, struct skep_str *out);
/*
 * Names of members for a hint, comma separated: first those that resemble @wanted (NULL: none is),
 * then in order, at most @limit, and "(N more)". Members of anonymous structs and unions inside
 * count as members.
 */
void skep_btf_format_member_names(const struct skep_btf *btf, uint32_t id, const char *wanted,
				  unsigned limit, struct skep_str *out);
/*
 * The name of kind @kind that resembles @name most, or NULL. Looks at every type: only for
 * messages.
 */
const char *skep_btf_nearest(const struct skep_btf *btf, const char *name, enum skep_btf_kind kind);
