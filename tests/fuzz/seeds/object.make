#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: object.make DIR        objects that clang makes of tests/vectors/obj, as seeds
for source in tests/vectors/obj/*.bpf.c; do
	name=$(basename "$source" .bpf.c)
	debug=-g
	[ "$name" != legacy ] || debug=
	clang -target bpf -O2 $debug -c "$source" -o "$1/$name" 2>/dev/null
done
