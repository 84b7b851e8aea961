#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: explain.make DIR       rejected programs with debugging information, of two versions of DWARF, as seeds
for source in tests/vectors/explain/*.bpf.c; do
	name=$(basename "$source" .bpf.c)
	for dwarf in 4 5; do
		clang -target bpf -O2 -g -gdwarf-$dwarf -include tests/vectors/explain/bpf.h \
			-I"/usr/include/$(uname -m)-linux-gnu" -c "$source" -o "$1/$name-$dwarf" 2>/dev/null
	done
done
