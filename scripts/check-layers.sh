#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Every local #include of kernel/ points sideways or down, as scripts/layers has it.
# Prints what does not; compat/ stands beside the layers.
cd "$(dirname "$0")/.." || exit 1

grep -Hn '^#include "[^"]*"' kernel/*.[ch] | sed 's/[:"]/ /g' | awk '
	FILENAME == "scripts/layers" {
		if (substr($0, 1, 1) != "#") for (i = 1; i <= NF; i++) layer[$i] = FNR
		next
	}
	$4 ~ "^compat/" { next }
	{
		from = $1; sub(".*/", "", from); sub("[.][ch]$", "", from)
		to = $4; sub("[.]h$", "", to)
		if (!(from in layer)) missing = from
		else if (!(to in layer)) missing = to
		else missing = ""
		if (missing != "") {
			if (!said[missing]++) print missing ": not listed in scripts/layers"
			bad = 1
		} else if (layer[to] > layer[from]) {
			print $1 ":" $2 ": reaches up to " $4
			bad = 1
		}
	}
	END { exit bad }
' scripts/layers -
