#!/usr/bin/env python3
"""Who may include whom, as data, and the check that the tree keeps to it.

    check_includes.py [TREE]      checks a tree (default: the one this file lies in)
    check_includes.py --self-test shows that each kind of violation is found

Exit code 0: kept. 1: violated, a line each on stdout.
"""

import re
import sys
import tempfile
from pathlib import Path

# folder -> folders that it may include beside its own. "include" is include/sallyport, the public headers.
MAY_INCLUDE = {
    "include": set(),
    "wire": {"include"},
    "content": {"include"},
    "hook": {"include", "wire"},
    "event": {"include", "wire"},
    "io": {"include", "wire"},
    "host": {"include", "wire"},
    "defrag": {"include", "wire"},
    "match": {"include"},
    "target": {"include", "wire"},
    "conntrack": {"include", "wire"},
    "ruleset": {"include"},
    "sets": {"include"},
    "nat": {"include", "wire", "conntrack"},
    "analysis": {"include", "ruleset"},
    "scenario": {"include"},
    "engine": {"include", "wire", "content", "hook", "event", "io", "host", "defrag", "match", "target", "conntrack",
               "ruleset", "sets", "nat", "analysis", "scenario"},
    "live": {"include", "engine", "io", "event"},
    "fleet": {"include", "engine", "io", "event"},
    "cli": {"include"},
    "modules": {"include"},
    "demo": {"include"},
    "tests/install": {"include"},
    "tests": None,  # anything
    "bench": None,
}

# Single files that may reach further, because what they wrap lives there.
ALSO = {
    "src/match/content.cc": {"content"},
    "src/match/string.cc": {"content"},
    "src/match/set.cc": {"sets"},
    "src/target/set.cc": {"sets"},
    "cli/run.cc": {"live"},
}

# Headers that cost seconds wherever they are included, so they stay in .cc files.
HEAVY = ("CLI/", "toml++/", "nlohmann/", "absl/", "boost/")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def folder_of(path):
    """The row of the table that a file (relative to the tree) belongs to, or None."""
    parts = path.parts
    if parts[0] == "src":
        return parts[1] if len(parts) > 2 else None
    if parts[:2] == ("tests", "install"):
        return "tests/install"
    return parts[0]


def resolve(tree, path, name):
    """The file in the tree that `#include "name"` of `path` means, relative to the tree, or None."""
    folders = [tree / name for name in ("include", "src", "modules", "tests", "bench")]
    for base in (*folders, tree, (tree / path).parent):
        if (base / name).is_file():
            return (base / name).resolve().relative_to(tree.resolve())
    return None


def check_file(tree, path):
    text = (tree / path).read_text(encoding="utf-8")
    folder = folder_of(path)
    if folder not in MAY_INCLUDE:
        yield f"{path}:1: folder {folder} has no row in the table of tools/check_includes.py"
        return
    if path.suffix == ".h" and not re.search(r"^#pragma once$", text, re.MULTILINE):
        yield f"{path}:1: a header begins with #pragma once"
    allowed = MAY_INCLUDE[folder]
    for found in INCLUDE.finditer(text):
        bracket, name = found.groups()
        where = f"{path}:{text.count(chr(10), 0, found.start(2)) + 1}"
        if path.suffix == ".h" and name.startswith(HEAVY):
            yield f"{where}: {name} is too heavy for a header"
        if bracket == "<":
            if name.startswith("sallyport/"):
                if folder not in ("tests/install", "modules"):  # built against us as a foreign project is
                    yield f"{where}: our own headers are included in quotes"
            elif folder == "include" and not re.fullmatch(r"[a-z_0-9]+", name):
                yield f"{where}: a public header includes only the standard library, not {name}"
            continue
        if ".." in Path(name).parts:
            yield f"{where}: {name} climbs out of its folder; name it from src/ or include/"
            continue
        target = resolve(tree, path, name)
        if target is None:
            yield f"{where}: {name} is not in the tree"
            continue
        to = folder_of(target)
        if allowed is None or to == folder or to in allowed or to in ALSO.get(str(path), ()):
            continue
        rule = ", ".join(sorted(allowed)) or "the standard library"
        yield f"{where}: {folder} may not include {to} ({name}); it may include {rule}"


def check(tree):
    problems = []
    for root in ("include", "src", "cli", "modules", "demo", "tests", "bench"):
        for path in sorted((tree / root).rglob("*")):
            if path.suffix in (".h", ".cc") and path.is_file():
                problems += check_file(tree, path.relative_to(tree))
    return problems


# What stands in a small tree, and a piece of what must be said of it ("" for nothing).
SELF_TEST = [
    ({"src/wire/a.h": "#pragma once\n#include <vector>\n"}, ""),
    ({"src/hook/a.cc": '#include "wire/a.h"\n', "src/wire/a.h": "#pragma once\n"}, ""),
    ({"src/match/set.cc": '#include "sets/a.h"\n', "src/sets/a.h": "#pragma once\n"}, ""),
    ({"tests/unit/a.cc": '#include "live/a.h"\n', "src/live/a.h": "#pragma once\n"}, ""),
    ({"src/match/ttl.cc": '#include "sets/a.h"\n', "src/sets/a.h": "#pragma once\n"},
     "src/match/ttl.cc:1: match may not include sets"),
    ({"src/wire/a.cc": '\n\n  #  include "hook/a.h"\n', "src/hook/a.h": "#pragma once\n"},
     "src/wire/a.cc:3: wire may not include hook"),
    ({"cli/main.cc": '#include "engine/a.h"\n', "src/engine/a.h": "#pragma once\n"},
     "cli/main.cc:1: cli may not include engine"),
    ({"include/sallyport/a.h": '#pragma once\n#include "wire/a.h"\n', "src/wire/a.h": "#pragma once\n"},
     "include/sallyport/a.h:2: include may not include wire"),
    ({"include/sallyport/a.h": "#pragma once\n#include <fmt/core.h>\n"}, "only the standard library"),
    ({"src/io/a.h": "#pragma once\n#include <toml++/toml.h>\n"}, "too heavy"),
    ({"src/io/a.h": "#include <vector>\n"}, "#pragma once"),
    ({"src/io/a.cc": '#include "../wire/a.h"\n', "src/wire/a.h": "#pragma once\n"}, "climbs out"),
    ({"src/io/a.cc": '#include "nowhere.h"\n'}, "not in the tree"),
    ({"src/io/a.cc": "#include <sallyport/a.h>\n"}, "in quotes"),
    ({"src/helpers/a.cc": "#include <vector>\n"}, "no row in the table"),
]


def self_test():
    failures = 0
    for files, expected in SELF_TEST:
        with tempfile.TemporaryDirectory() as directory:
            for name, text in files.items():
                path = Path(directory, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            problems = check(Path(directory))
        as_expected = any(expected in problem for problem in problems) if expected else not problems
        if not as_expected:
            failures += 1
            print(f"of {files} was said {problems}, expected {expected!r}")
    print(f"{len(SELF_TEST)} cases, {failures} failed")
    return failures


def main(arguments):
    if arguments == ["--self-test"]:
        return 1 if self_test() else 0
    tree = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    problems = check(tree)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
