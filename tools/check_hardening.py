#!/usr/bin/env python3
"""What the compiler and linker were asked for against exploitation stands in the files: reads the ELF.

    check_hardening.py PROGRAM LIBRARY

Both: read-only relocations bound at start, no executable stack, no writable and executable segment, endbr64 at the start
of every function of ours that can be reached from outside. The program: PIE. The library: stack protector, fortified calls.
Exit code 0: all there. 1: not, a line each on stdout.
"""

import re
import subprocess
import sys


def readelf(option, path):
    done = subprocess.run(["readelf", "-W", option, path], check=True, capture_output=True, text=True)
    return done.stdout


def load_segments(headers):
    """(file offset, virtual address, file size) of what is loaded."""
    pattern = re.compile(r"^\s+LOAD\s+(0x\w+)\s+(0x\w+)\s+0x\w+\s+(0x\w+)", re.MULTILINE)
    return [tuple(int(number, 16) for number in found.groups()) for found in pattern.finditer(headers)]


def bytes_at(data, segments, address, count):
    for offset, start, size in segments:
        if start <= address < start + size:
            return data[offset + address - start:offset + address - start + count]
    return b""


def our_functions(symbols):
    """(name, address) of the defined functions of namespace sallyport, and of main."""
    for line in symbols.splitlines():
        words = line.split()
        if len(words) < 8 or words[3] != "FUNC" or words[6] == "UND":
            continue
        name = words[7].split("@")[0]
        # A part that the compiler split off is entered by a plain jump only.
        if (name == "main" or re.match(r"_ZN?K?(St\w+)?9sallyport", name)) and not re.search(r"\.(cold|part)", name):
            if words[4] in ("GLOBAL", "WEAK"):
                yield name, int(words[1], 16)


def check(path, is_program):
    headers = readelf("-l", path)
    dynamic = readelf("-d", path)
    names = readelf("--dyn-syms", path)
    if is_program and ("DYN (Position-Independent" not in readelf("-h", path) or "PIE" not in dynamic):
        yield "not a position-independent executable"
    if "GNU_RELRO" not in headers:
        yield "relocations stay writable (no GNU_RELRO)"
    if "BIND_NOW" not in dynamic and not re.search(r"FLAGS_1.*\bNOW\b", dynamic):
        yield "symbols are bound lazily (no BIND_NOW)"
    stack = re.search(r"GNU_STACK\s+(?:0x\w+\s+){5}(\S+)", headers)
    if not stack or "E" in stack.group(1):
        yield "the stack is executable"
    if re.search(r"^\s+LOAD\s+(?:0x\w+\s+){5}RWE", headers, re.MULTILINE):
        yield "a segment is writable and executable"
    if not is_program and "__stack_chk_fail" not in names:
        yield "no stack protector (__stack_chk_fail is not used)"
    if not is_program and not re.search(r"\b__\w+_chk@", names.replace("__stack_chk_fail", "")):
        yield "no fortified call (__..._chk is not used)"
    with open(path, "rb") as file:
        data = file.read()
    segments = load_segments(headers)
    functions = sorted(set(our_functions(readelf("--dyn-syms", path) if not is_program else readelf("-s", path))))
    if not functions:
        yield "none of our functions found, nothing was checked"
    for name, address in functions:
        if bytes_at(data, segments, address, 4) != b"\xf3\x0f\x1e\xfa":
            yield f"{name} does not start with endbr64"
    print(f"{path}: {len(functions)} functions looked at")


def main(arguments):
    if len(arguments) != 2:
        print(__doc__)
        return 2
    problems = 0
    for path, is_program in zip(arguments, (True, False)):
        for problem in check(path, is_program):
            print(f"{path}: {problem}")
            problems += 1
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
