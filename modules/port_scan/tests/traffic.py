"""Traffic as scanners make it, beside ordinary traffic, through `sallyport replay` with port_scan.

    traffic.py SALLYPORT MODULE WORK

Every scan must begin once, be of its kind, and name what it did; nobody else may be told of.
"""

import collections
import json
import random
import struct
import subprocess
import sys

FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32


def checksum(data):
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def address(text):
    return bytes(int(part) for part in text.split("."))


def ip(source, target, protocol, body, ttl=50):
    pseudo = address(source) + address(target) + struct.pack("!BBH", 0, protocol, len(body))
    place = {6: 16, 17: 6, 1: 2}[protocol]
    total = checksum((b"" if protocol == 1 else pseudo) + body) or 0xFFFF
    body = body[:place] + struct.pack("!H", total) + body[place + 2 :]
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 1, 0, ttl, protocol, 0, address(source), address(target))
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


def tcp(source, sport, target, dport, flags, options=b""):
    offset = (20 + len(options)) // 4 << 4
    return ip(source, target, 6, struct.pack("!HHIIBBHHH", sport, dport, 1, 0, offset, flags, 1024, 0, 0) + options)


def udp(source, sport, target, dport, payload=b""):
    return ip(source, target, 17, struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload)


def port_unreachable(target, cause):
    source = ".".join(str(byte) for byte in cause[12:16])
    return ip(target, source, 1, struct.pack("!BBHI", 3, 3, 0, 0) + cause[:28], ttl=60)


class Capture:
    """Packets with their times, kept in any order."""

    def __init__(self):
        self.packets = []

    def add(self, at, packet):
        self.packets.append((at, len(self.packets), packet))

    def write(self, path):
        with open(path, "wb") as file:
            file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
            for at, _, packet in sorted(self.packets):
                whole = 1_700_000_000 + int(at)
                file.write(struct.pack("<IIII", whole, int(at % 1 * 1e6), len(packet), len(packet)) + packet)


OPEN = (22, 80, 443)
rng = random.Random(1)
capture = Capture()


def syn_scan(start, who, target, ports, pace):
    """Half open: SYN; a door that is open gets RST at once; a filtered one is tried twice, from the next port."""
    order = list(ports)
    rng.shuffle(order)
    for i, port in enumerate(order):
        at = start + i * pace
        probe = tcp(who, 51000, target, port, SYN, b"\x02\x04\x05\xb4")
        capture.add(at, probe)
        if port in OPEN:
            capture.add(at + 0.02, tcp(target, port, who, 51000, SYN | ACK))
            capture.add(at + 0.03, tcp(who, 51000, target, port, RST))
        elif port % 3 == 0:
            capture.add(at + 1, tcp(who, 51001, target, port, SYN, b"\x02\x04\x05\xb4"))
        else:
            capture.add(at + 0.02, tcp(target, port, who, 51000, RST | ACK))


def odd_scan(start, who, target, ports, flags):
    for i, port in enumerate(ports):
        capture.add(start + i * 0.01, tcp(who, 52000, target, port, flags))
        if port not in OPEN:
            capture.add(start + i * 0.01 + 0.005, tcp(target, port, who, 52000, RST | ACK))


def udp_scan(start, who, target, ports):
    """The target's ICMP errors are limited to one a second."""
    for i, port in enumerate(ports):
        probe = udp(who, 53000, target, port, b"\0" * (12 if port == 53 else 0))
        capture.add(start + i * 0.1, probe)
        if i % 10 == 0:
            capture.add(start + i * 0.1 + 0.01, port_unreachable(target, probe))


def sweep(start, who, port):
    for i in range(1, 200):
        target = f"198.51.100.{i}"
        capture.add(start + i * 0.02, tcp(who, 54000, target, port, SYN))
        if i % 50 == 0:
            capture.add(start + i * 0.02 + 0.01, tcp(target, port, who, 54000, SYN | ACK))


def slow_scan(start, who):
    for i in range(60):
        capture.add(start + i * 55, tcp(who, 30000 + i, f"198.51.100.{1 + i % 7}", 1000 + i * 13, SYN))


def honest(until):
    """Browsers with some dead links, a resolver with many clients, somebody who insists on a machine that is gone."""
    for i in range(3000):
        at, who = rng.uniform(0, until), f"203.0.113.{1 + i % 20}"
        server, port, sport = f"198.51.100.{rng.randrange(1, 60)}", rng.choice((80, 443)), 20000 + i
        capture.add(at, tcp(who, sport, server, port, SYN))
        if i % 12 != 0:
            capture.add(at + 0.03, tcp(server, port, who, sport, SYN | ACK))
            capture.add(at + 0.06, tcp(who, sport, server, port, ACK))
            capture.add(at + 0.5, tcp(server, port, who, sport, FIN | ACK))
            capture.add(at + 0.6, tcp(who, sport, server, port, FIN | ACK))
    for i in range(2000):
        at, who = rng.uniform(0, until), f"203.0.113.{1 + i % 200}"
        capture.add(at, udp(who, 40000 + i, "198.51.100.53", 53, b"question"))
        capture.add(at + 0.02, udp("198.51.100.53", 53, who, 40000 + i, b"answer"))
    for i in range(900):
        capture.add(i * 4.0, tcp("203.0.113.99", 10000 + i, "198.51.100.9", 8080, SYN))


def main():
    sallyport, module, work = sys.argv[1:]
    syn_scan(100, "192.0.2.1", "198.51.100.2", range(1, 1001), 0.005)
    odd_scan(200, "192.0.2.2", "198.51.100.2", range(1, 101), FIN)
    odd_scan(300, "192.0.2.3", "198.51.100.2", range(1, 101), 0)
    odd_scan(400, "192.0.2.4", "198.51.100.2", range(1, 101), FIN | PSH | URG)
    udp_scan(500, "192.0.2.5", "198.51.100.2", range(1, 101))
    sweep(600, "192.0.2.6", 445)
    slow_scan(10, "192.0.2.7")
    honest(3700)
    capture.write(f"{work}/scans.pcap")
    with open(f"{work}/accept.rules", "w", encoding="ascii") as rules:
        rules.write("*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\nCOMMIT\n")
    subprocess.run(
        [sallyport, "replay", "-R", "accept.rules", "-r", "scans.pcap", "--ingress", "in0", "--module", module]
        + ["-e", "scans.json"],
        cwd=work,
        check=True,
    )
    seen = collections.defaultdict(dict)
    with open(f"{work}/scans.json", encoding="utf-8") as events:
        for event in map(json.loads, events):
            if event["event_type"] != "scan":
                continue
            scan = event["scan"]
            place = seen[event["src_ip"], scan["scan"]]
            assert scan["event"] not in place, f"told twice: {event}"
            place[scan["event"]] = event
    # Probes, tries that were refused and not answered, and that found an open door, up to the scan's end.
    expected = {
        ("192.0.2.1", "vertical"): ("syn", 664, 666, 3),
        ("192.0.2.2", "vertical"): ("fin", 98, 2, 0),
        ("192.0.2.3", "vertical"): ("null", 98, 2, 0),
        ("192.0.2.4", "vertical"): ("xmas", 98, 2, 0),
        ("192.0.2.5", "vertical"): ("udp", 10, 90, 0),
        ("192.0.2.6", "horizontal"): ("syn", 0, 196, 3),
        ("192.0.2.7", "slow"): ("syn", 0, 60, 0),
    }
    assert set(seen) == set(expected), f"told of {sorted(seen)}"
    for key, counts in expected.items():
        begin, end = seen[key]["begin"], seen[key].get("end")
        if key[1] == "slow":  # the capture is over before it has stopped
            assert end is None, end
            assert begin["scan"]["unanswered"] == 40, begin
            continue
        scan = end["scan"]
        assert (scan["probes"], scan["refused"], scan["unanswered"], scan["answered"]) == counts, end
        if key[1] == "vertical":
            assert end["dest_ip"] == "198.51.100.2", end
            assert begin["scan"]["ports"] == 20 and begin["scan"]["hosts"] == 1, begin
    print(f"{sum(map(len, seen.values()))} events of {len(seen)} scans")


main()
