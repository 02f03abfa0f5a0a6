#!/usr/bin/env python3
"""The reference has every header, its main page too, and Doxygen has no complaint: reference_test.py DOXYGEN FOLDER, where the Doxyfile is."""

import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    doxygen, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    shutil.rmtree(folder / "html", ignore_errors=True)
    done = subprocess.run([doxygen, folder / "Doxyfile"], capture_output=True, check=False, timeout=120)
    complaints = sorted(set(done.stderr.decode().splitlines()))
    headers = [*(ROOT / "include/cardea").glob("*.hpp"), ROOT / "include/cardea_stack.h"]
    page = {header: folder / "html" / f"{header.name.replace('_', '__').replace('.', '_8')}_source.html" for header in headers}
    complaints += [f"{header.name}: no page" for header in headers if not page[header].exists()]
    front = (ROOT / "docs/reference/main.md").read_text(encoding="utf-8")
    complaints += [f"{header.name}: the main page does not name it" for header in headers if f"{header.name}`" not in front]
    # What the filter adds is there: without it, or without any class, there would be nothing to complain of.
    udp = folder / "html/classcardea_1_1udp__socket.html"
    if not udp.exists() or "As socket::send_to()." not in udp.read_text(encoding="utf-8"):
        complaints.append("udp_socket::send_to is not documented as socket's")
    # Functions are on the page of their namespace, which has one because namespaces.dox says something of it.
    listed = folder / "html/namespacecardea.html"
    functions = listed.read_text(encoding="utf-8") if listed.exists() else ""
    complaints += [f"{name}() is not in the reference" for name in ("serve", "run", "resolve", "copy_both", "send_batch")
                   if not re.search(rf">{name}</[ab]> \(", functions)]
    print(*complaints, f"{len(headers)} headers, {len(complaints)} complaints", sep="\n")
    return 1 if complaints or done.returncode != 0 else 0


if __name__ == "__main__":
    sys.exit(main())
