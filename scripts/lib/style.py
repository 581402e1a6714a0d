#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""style.py FILE...: how long the functions and files of C sources are, against the house
limits. Prints one line of figures and one per violation; the status says if there was any."""
import json
import statistics
import subprocess
import sys

FUNCTION_MEDIAN = 20
FUNCTION_MAX = 100
SOURCE_MAX = 800
HEADER_MAX = 200


def functions(path):
    """(name, lines) of each function, as ctags finds them."""
    tags = subprocess.run(
        ["ctags", "--output-format=json", "--fields=+ne", "--kinds-C=f", "--language-force=C",
         "-I", "__rcu,__percpu,__user,__must_check,__init,__exit", "-f", "-", path],
        capture_output=True, text=True, check=True)
    for tag in map(json.loads, tags.stdout.splitlines()):
        if "end" in tag:
            yield tag["name"], tag["end"] - tag["line"] + 1


def main(paths):
    problems, lengths = [], []
    for path in paths:
        with open(path, encoding="utf-8") as source:
            lines = sum(1 for _ in source)
        limit = HEADER_MAX if path.endswith(".h") else SOURCE_MAX
        if lines > limit:
            problems.append(f"{path}: {lines} lines, the limit is {limit}")
        for name, length in functions(path):
            lengths.append(length)
            if length > FUNCTION_MAX:
                problems.append(f"{path}: {name} has {length} lines, the limit is {FUNCTION_MAX}")
    if lengths:
        median, longest = statistics.median(lengths), max(lengths)
        print(f"{len(lengths)} functions: median {median:g} lines, longest {longest}")
        if median > FUNCTION_MEDIAN:
            problems.append(f"median function has {median:g} lines, the limit is {FUNCTION_MEDIAN}")
    for problem in problems:
        print(problem)
    return 1 if problems else 0


sys.exit(main(sys.argv[1:]))
