/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options of a script: getopt("name", default, "what it is") is what was given as --name=value behind the script, or the
 * default. It is known when the script is compiled, so each call becomes a literal before anything else looks at it, and
 * a branch that an option switches off costs nothing.
 *
 *	skep script.bt -- --limit=20 --all pattern		getopt("limit", 5) is 20, getopt("all") true, $1 "pattern"
 */
#pragma once

#include "lang/compiler.h"

/*
 * Splits the parameters: those that begin with "--" are options, the others stay positional, with c->options changed to
 * say so. A lone "--" is dropped.
 */
void skep_getopt_split(struct skep_compiler *c);
/*
 * Replaces the calls. -EINVAL: told. -ECANCELED: --help was given, and the options are described in
 * c->options->help.
 */
int skep_getopt_resolve(struct skep_compiler *c) _must_check_;
