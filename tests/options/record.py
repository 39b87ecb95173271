#!/usr/bin/env python3
"""Makes the expectations of .t files from the real iptables.

    record.py FILE.t...          writes what iptables-legacy accepts, refuses and saves into the files
    record.py --check FILE.t...  only says where they differ; exit 1 if they do

Each rule is restored alone into a namespace of its own, so this needs root. A line may be a bare RULE; its
expectation is added. The format is described in tests/unit/options_test.cc.
"""

import os
import subprocess
import sys

TOOLS = {"ipv4": "iptables-legacy", "ipv6": "ip6tables-legacy"}


def ask(family, table, chain, rule):
    """What the real tool saves of the rule behind "-A CHAIN ", or None when it refuses it."""
    tool = TOOLS[family]
    text = f"*{table}\n-A {chain} {rule}\nCOMMIT\n"
    restored = subprocess.run([tool + "-restore"], input=text, capture_output=True, text=True)
    if restored.returncode != 0:
        return None
    saved = subprocess.run([tool + "-save", "-t", table], capture_output=True, text=True, check=True).stdout
    subprocess.run([tool, "-t", table, "-F"], check=True)
    begin = f"-A {chain} "
    return next(line[len(begin):] for line in saved.splitlines() if line.startswith(begin))


def expectation(rule, answers, where):
    if len(set(answers.values())) > 1:
        sys.exit(f"{where}: families or chains differ, split the case: {rule}: {answers}")
    saved = next(iter(answers.values()))
    if saved is None:
        return f"{rule};;FAIL"
    return f"{rule};{'=' if saved == rule else saved};OK"


def rule_of(line):
    parts = line.rsplit(";", 2)
    return parts[0] if len(parts) == 3 and parts[2] in ("OK", "FAIL") else line


def record(path):
    table, chains, families = "filter", ["INPUT"], ["ipv4", "ipv6"]
    lines = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file.read().splitlines(), 1):
            if line.startswith("*"):
                table = line[1:]
            elif line.startswith(":"):
                chains = line[1:].split(",")
            elif line.startswith("@"):
                families = ["ipv4", "ipv6"] if line == "@both" else [line[1:]]
            elif line.startswith("+"):
                subprocess.run(line[1:], shell=True, check=True)
            elif line and not line.startswith("#"):
                rule = rule_of(line)
                answers = {(family, chain): ask(family, table, chain, rule) for family in families for chain in chains}
                line = expectation(rule, answers, f"{path}:{number}")
            lines.append(line)
    return "".join(line + "\n" for line in lines)


def main():
    arguments = sys.argv[1:]
    check = arguments[:1] == ["--check"]
    paths = arguments[check:]
    if not paths:
        sys.exit(__doc__)
    if len(paths) > 1:  # one namespace for each file: names of lists and tables are kept in it
        results = [subprocess.run([sys.executable, __file__] + ["--check"] * check + [path]) for path in paths]
        sys.exit(any(result.returncode for result in results))
    if os.environ.get("SALLYPORT_RECORD_NAMESPACE") != "1":
        os.environ["SALLYPORT_RECORD_NAMESPACE"] = "1"
        os.execvp("unshare", ["unshare", "-n", sys.executable, __file__] + arguments)
    path = paths[0]
    with open(path, encoding="utf-8") as file:
        before = file.read()
    after = record(path)
    if check:
        for number, (old, new) in enumerate(zip(before.splitlines(), after.splitlines()), 1):
            if old != new:
                print(f"{path}:{number}: {old}\n  really {new}")
        sys.exit(before != after)
    with open(path, "w", encoding="utf-8") as file:
        file.write(after)


if __name__ == "__main__":
    main()
