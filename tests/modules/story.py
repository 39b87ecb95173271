"""What became of the demo's story, beside what it was when somebody last looked at it.

    story.py OUT GOLDEN [--write]

Of the scanner's thousand connections only the number is kept; of the others' packets a digest for each, and one attacker's
in full.
"""

import collections
import hashlib
import json
import pathlib
import struct
import sys

SCANNER = "198.19.66.6"
ACTORS = {SCANNER: "the scanner", "198.19.77.7": "the brute force", "198.51.100.3": "from the honeypot"}
ACTORS |= {f"198.19.55.{i}": "asks for phf" for i in (1, 2, 3)}
IN_FULL = "198.19.55.1"


def events(out):
    counted, lines = collections.Counter(), []
    for line in (out / "events.json").read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        kind = event["event_type"]
        if kind not in ("scan", "rate", "honeypot", "content"):
            continue
        if event.get("src_ip") == SCANNER and event[kind]["event"].startswith("connection"):
            counted[event[kind]["event"]] += 1
        else:
            lines.append(line)
    lines += [f"{SCANNER} {name}: {count}" for name, count in sorted(counted.items())]
    return lines


def flows(out):
    lines = (out / "conntrack").read_text(encoding="ascii").splitlines()
    led = [line for line in lines if "src=198.51.100.3" in line]
    scanners = sum(f"src={SCANNER}" in line for line in led)
    return [line for line in led if f"src={SCANNER}" not in line] + [f"{SCANNER}: {scanners}"]


def packets(out):
    data = (out / "out.pcap").read_bytes()
    at, lines = 24, collections.defaultdict(list)
    while at < len(data):
        seconds, micros, size, _ = struct.unpack_from("<IIII", data, at)
        frame = data[at + 16 : at + 16 + size]
        at += 16 + size
        ip = frame[14:]
        if frame[12:14] != b"\x08\x00" or ip[9] != 6:
            continue
        source, target = (".".join(map(str, ip[i : i + 4])) for i in (12, 16))
        header = (ip[0] & 15) * 4
        sport, dport, seq, ack, offset, flags, window = struct.unpack_from("!HHIIBBH", ip, header)
        length = int.from_bytes(ip[2:4], "big")
        payload = ip[header + (offset >> 4) * 4 : length]
        text = f"{seconds % 60:02}.{micros:06} {source}:{sport} > {target}:{dport} flags {flags:02x} seq {seq} ack {ack}"
        text += f" win {window} ttl {ip[8]} payload {len(payload)} {hashlib.sha256(payload).hexdigest()[:8]}"
        for actor in ACTORS:
            if actor in (source, target) and (actor != "198.51.100.3" or dport in (23, 445) or sport in (23, 445)):
                lines[actor].append(text)
    result = [f"{actor}, {ACTORS[actor]}: {len(lines[actor])} packets, "
              f"sha256 {hashlib.sha256(chr(10).join(lines[actor]).encode()).hexdigest()}" for actor in sorted(ACTORS)]
    return result + lines[IN_FULL]


def main():
    out, golden = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    differ = False
    for name, lines in ("events", events(out)), ("flows", flows(out)), ("packets", packets(out)):
        text = "".join(line + "\n" for line in lines)
        path = golden / f"{name}.txt"
        if "--write" in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif path.read_text(encoding="utf-8") != text:
            differ = True
            for number, (now, then) in enumerate(zip(lines, path.read_text(encoding="utf-8").splitlines()), 1):
                if now != then:
                    print(f"{path}:{number}: it was\n  {then}\nand is\n  {now}", file=sys.stderr)
                    break
            else:
                print(f"{path}: it has another number of lines", file=sys.stderr)
    sys.exit(1 if differ else 0)


main()
