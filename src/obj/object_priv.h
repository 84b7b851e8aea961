/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the reader of objects, for its own files only. The order of work, each step a file:
 *
 *	object.c        sections and symbols of every file; which section is what
 *	object_btf.c    types: relocated, completed, and those of all files in one blob
 *	object_map.c    .maps and maps ─► maps[]
 *	object_ops.c    .struct_ops and .struct_ops.link ─► maps[], attaches[]
 *	object_data.c   .data, .rodata, .bss and named ones ─► maps[], vars[]
 *	object_extern.c settings and kernel symbols that are declared only
 *	object_prog.c   functions ─► progs[], attaches[]
 *	object_ext.c    .BTF.ext ─► types of functions, lines, CO-RE records
 *	object_reloc.c  references of code ─► relocs[]
 */
#pragma once

#include "base/hash.h"
#include "base/vec.h"
#include "obj/btf_priv.h"
#include "obj/elf_priv.h"
#include "obj/object.h"

#define SHN_UNDEFINED 0
#define SHN_ABSOLUTE 0xfff1
#define SHN_COMMON_BLOCK 0xfff2

enum obj_role {
	ROLE_NONE, /* of no interest */
	ROLE_CODE,
	ROLE_DATA,
	ROLE_MAPS,	  /* .maps: described by types */
	ROLE_LEGACY_MAPS, /* maps: structs that describe them */
	ROLE_OPS,	  /* .struct_ops: structs of functions of the kernel */
};

struct obj_section {
	const char *name;
	uint32_t type, link, info;
	uint64_t flags;
	const uint8_t *data; /* NULL: all zeroes */
	uint32_t size, align;
	enum obj_role role;
	uint32_t relocs; /* the section with its relocations, or 0 */
	uint32_t map;	 /* DATA: what holds it */
	uint32_t base;	 /* DATA: where its bytes begin there */
};

enum obj_bind {
	BIND_LOCAL,
	BIND_GLOBAL,
	BIND_WEAK
};
enum obj_sym_type {
	SYM_NOTYPE,
	SYM_OBJECT,
	SYM_FUNC,
	SYM_SECTION
};

struct obj_sym {
	const char *name;
	uint32_t section;
	uint32_t value,
		size; /* of defined ones inside the section, value also one behind its end */
	uint8_t type, bind;
	bool hidden; /* for other objects of the same link only */
};

/* A relocation as it is stored. */
struct obj_rel {
	uint64_t offset;
	uint32_t sym, type;
};

/* A function in a code section. */
struct obj_func {
	const struct obj_sym *sym; /* NULL: the section has no symbols */
	uint32_t section, offset, size;
	uint32_t prog; /* index in the spec */
};

/* A map that a symbol stands for. */
struct obj_map {
	uint32_t section, offset;
	uint32_t map;	     /* index in the spec */
	uint64_t values_off; /* where its first elements are named, from offset on; 0: nowhere */
};

/* What instructions hold beside a relocation. */
enum obj_addends {
	ADDENDS_UNKNOWN,
	ADDENDS_PLAIN, /* what is added to the symbol */
	ADDENDS_WHOLE, /* the symbol's value and what is added to it */
};

struct obj_file {
	const char *name;
	struct skep_elf *elf;
	struct obj_section *sections;
	uint32_t n_sections;
	struct obj_sym *syms;
	uint32_t n_syms;
	struct {
		SKEP_VEC(struct obj_func); /* by section, then offset */
	} funcs;
	struct {
		SKEP_VEC(struct obj_map);
	} maps;
	/* Types as they stand in the file, and their place among those of the spec; NULL, 0: none. */
	struct skep_btf *btf;
	uint8_t *btf_data;
	size_t btf_size;
	uint32_t first_type, end_type, first_name;
	enum obj_addends addends;
	struct skep_hash section_names; /* to numbers */
	struct skep_hash datasecs;	/* names to ids */
	struct skep_hash externs;	/* names to struct obj_extern */
	const uint8_t *ext;		/* .BTF.ext, relocated; NULL: none */
	size_t ext_size;
};

enum extern_kind {
	EXTERN_CONFIG,	/* a setting of the kernel's configuration: a number in the map .kconfig */
	EXTERN_ADDRESS, /* a symbol of the kernel without a type */
	EXTERN_VAR,	/* a variable of the kernel that its types describe */
	EXTERN_FUNC,	/* a function of the kernel that programs may call */
};

/* Something that a file declares and the kernel, or its configuration, has. */
struct obj_extern {
	enum extern_kind kind;
	const char *name;     /* in the kernel: without a flavour */
	uint32_t type;	      /* in the spec's types: of a FUNC its prototype */
	uint32_t map, offset; /* CONFIG */
};

/* The first contents of one element of a map. */
struct obj_slot {
	uint32_t map;
	struct skep_spec_slot slot;
};

/* References of one function. */
struct obj_refs {
	SKEP_VEC(struct skep_reloc);
};

/* A definition that other files can refer to. */
struct obj_global {
	const struct obj_file *file;
	const struct obj_sym *sym;
};

struct reader {
	struct skep_arena *arena;
	struct skep_diag *diag;
	const struct skep_object_options *options;
	struct obj_file *files;
	size_t n_files;
	struct skep_hash globals; /* name to struct obj_global */
	struct skep_spec spec;
	struct skep_btf *btf; /* of spec.btf */
	struct {
		SKEP_VEC(struct skep_spec_map);
	} maps;
	struct {
		SKEP_VEC(struct skep_spec_prog);
	} progs;
	struct {
		SKEP_VEC(struct skep_spec_attach);
	} attaches;
	struct {
		SKEP_VEC(struct skep_spec_var);
	} vars;
	struct obj_refs *relocs; /* by program */
	struct {
		SKEP_VEC(struct obj_slot);
	} slots;
};

/* Says what is wrong in which file; returns -EINVAL. */
int obj_refuse(const struct reader *r, const struct obj_file *f, const char *fmt, ...)
	_printf_(3, 4);

/* Relocation sections of section @section: calls @each for every entry, checked to name a symbol of the file. */
int obj_walk_relocs(struct reader *r, struct obj_file *f, uint32_t section,
		    int (*each)(struct reader *r, struct obj_file *f, uint32_t section,
				struct obj_rel rel)) _must_check_;
/* What symbol @sym stands for, in whichever file: itself, or the definition elsewhere. NULL: defined nowhere. */
const struct obj_sym *obj_resolve(const struct reader *r, const struct obj_file *f,
				  const struct obj_sym *sym, const struct obj_file **ret_file);

/* Sections, symbols and types of r->n_files files; nothing of a spec yet. */
int obj_open(struct reader *r, const struct skep_object_file *files) _must_check_;
void obj_close(struct reader *r);
int obj_read_types(struct reader *r) _must_check_;
int obj_read_maps(struct reader *r) _must_check_;
/* Of one section. */
int obj_read_ops(struct reader *r, struct obj_file *f, uint32_t section) _must_check_;
/* For obj_walk_relocs: a member that is a program. */
int obj_ops_slot(struct reader *r, struct obj_file *f, uint32_t section,
		 struct obj_rel rel) _must_check_;
/* Once slots are handed out: records that register what programs are in. */
void obj_ops_attach(struct reader *r);
int obj_read_data(struct reader *r) _must_check_;
int obj_read_externs(struct reader *r) _must_check_;
int obj_read_progs(struct reader *r) _must_check_;
int obj_read_ext(struct reader *r, struct obj_file *f) _must_check_;
int obj_read_relocs(struct reader *r) _must_check_;

enum obj_part {
	OBJ_PART_FUNCS,
	OBJ_PART_LINES,
	OBJ_PART_CORES,
	OBJ_N_PARTS
};
/* Calls @each for the records of one part of .BTF.ext as they stand there: at least 2 words of functions, 4 of the others. */
int obj_walk_ext(struct reader *r, struct obj_file *f, enum obj_part part,
		 int (*each)(struct reader *r, struct obj_file *f, uint32_t section,
			     const uint8_t *record, void *data),
		 void *data) _must_check_;

/* Type @id of the file as a number of the spec. */
static inline uint32_t obj_type(const struct obj_file *f, uint32_t id)
{
	return id && f->first_type ? id + f->first_type - 1 : 0;
}
/* The DATASEC of this name among the file's types; 0: none. */
uint32_t obj_datasec(const struct obj_file *f, const char *name);
/* The map that begins at or before @offset of @section, or NULL. */
const struct obj_map *obj_map_at(const struct obj_file *f, uint32_t section, uint32_t offset);
/* The function that byte @offset of @section is in, or that begins there; or NULL. */
const struct obj_func *obj_func_in(const struct obj_file *f, uint32_t section, uint64_t offset);
const struct obj_func *obj_func_at(const struct obj_file *f, uint32_t section, uint64_t offset);
/* The number of the first section of this name; 0: none. */
uint32_t obj_section_named(const struct obj_file *f, const char *name);
