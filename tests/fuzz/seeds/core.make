#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: core.make DIR        pairs of objects that clang makes of tests/vectors/obj: a length, the target, what is fitted
sh tests/fuzz/seeds/object.make "$1" || exit 1
for target in core maps extern; do
	if [ ! -f "$1/$target" ] || [ ! -f "$1/core" ]; then continue; fi
	size=$(wc -c <"$1/$target")
	{
		# shellcheck disable=SC2059 # the format is the two bytes
		printf "\\$(printf %03o $((size % 256)))\\$(printf %03o $((size / 256)))"
		cat "$1/$target" "$1/core"
	} >"$1/$target-core"
done
