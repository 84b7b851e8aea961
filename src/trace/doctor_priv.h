/* SPDX-License-Identifier: Apache-2.0 */
/* What the doctor's features stand on (doctor_change.c), and kinds and calls (doctor_offers.c): for its own files. */
#pragma once

#include "trace/doctor.h"

/* Whether a kernel of this configuration has it; unknown: that comes with its version, or hangs on the machine. */
enum skep_doctor_answer skep_doctor_configured(const char *config, enum skep_feature feature);
/* Of a feature that is missing: why, and what would give it. */
void skep_doctor_why(const struct skep_doctor *d, enum skep_feature feature, struct skep_str *out);
void skep_doctor_change(const struct skep_doctor *d, enum skep_feature feature,
			struct skep_str *out);
/* What stands in the way of a call that met @error, and *@ret_why; NULL: it is no matter of rights. */
const char *skep_doctor_refusal(const struct skep_doctor *d, int error, const char **ret_why);

/* What programs can be made of: by trying, or by what a configuration rules out. */
void skep_doctor_offers_here(struct skep_arena *arena, bool pairs, struct skep_doctor_offers *ret);
void skep_doctor_offers_config(const char *config, struct skep_doctor_offers *ret);
/* The kinds of programs that can be asked what they may call: those that are there, but for ext, which hangs on another program. */
uint64_t skep_doctor_offers_asked(const struct skep_doctor_offers *o);
/* The option that a kind of programs, or maps, needs besides bpf(2); NULL: none. */
const char *skep_doctor_prog_needs(uint32_t kind);
const char *skep_doctor_map_needs(uint32_t kind);
void skep_doctor_offers_text(const struct skep_doctor *d, struct skep_str *out);
/* Members of an object that has some already. */
void skep_doctor_offers_json(const struct skep_doctor *d, struct skep_str *out);

/* JSON: the next member of an object, left out for NULL and "", and the next item of a list of objects. */
void skep_doctor_member(const char *name, const char *value, struct skep_str *out);
void skep_doctor_item(const char *name, const char *key, const char *value, const char *why,
		      const char *change, struct skep_str *out);
const char *skep_doctor_word(enum skep_doctor_answer works);
