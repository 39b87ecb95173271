#!/usr/bin/env python3
"""Holds lines of events to the schema.

    check_events.py SCHEMA FILE [--strict]   --strict: nothing of ours that Suricata's EVE does not have

Exit code 0: every line is valid and holds no raw control byte. 1: says which is not. Prints how many lines there were.
"""

import json
import sys

import jsonschema

STRICT_TYPES = ("drop", "flow", "anomaly", "engine", "stats")


def main():
    schema = json.load(open(sys.argv[1], encoding="utf-8"))
    if "--strict" in sys.argv[3:]:
        schema["properties"]["event_type"] = {"enum": list(STRICT_TYPES)}
        del schema["properties"]["netfilter"]
    check = jsonschema.Draft202012Validator(schema)
    count = 0
    with open(sys.argv[2], "rb") as file:
        for count, line in enumerate(file, 1):
            if not line.endswith(b"\n") or any(byte < 0x20 or byte == 0x7f for byte in line[:-1]):
                sys.exit(f"line {count} is not ended, or has a control byte: {line!r}")
            for problem in check.iter_errors(json.loads(line)):
                sys.exit(f"line {count}: {problem.message}: {line.decode()}")
    print(count)


main()
