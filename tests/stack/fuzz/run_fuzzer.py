#!/usr/bin/env python3
"""Runs a fuzzer, and fails if it has run fewer inputs than there are seeds. run_fuzzer.py FUZZER CORPUS OPTION..."""

import pathlib
import re
import subprocess
import sys


def main():
    fuzzer, corpus, *options = sys.argv[1:]
    seeds = sum(1 for _ in pathlib.Path(corpus).iterdir())
    if seeds == 0:
        sys.exit(f"{corpus} has no seeds")
    run = subprocess.run([fuzzer, *options, "-print_final_stats=1", corpus], stderr=subprocess.PIPE, text=True,
                         errors="replace", check=False)
    sys.stderr.write(run.stderr)
    if run.returncode != 0:
        sys.exit(run.returncode)
    counted = re.search(r"stat::number_of_executed_units:\s*(\d+)", run.stderr)
    units = int(counted.group(1)) if counted else 0
    print(f"{units} inputs from {seeds} seeds")
    if units < seeds:
        sys.exit("too few inputs were run")


if __name__ == "__main__":
    main()
