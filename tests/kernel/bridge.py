#!/usr/bin/env python3
"""-m physdev on packets that really cross a bridge, beside a pair of the host model that is one.

    bridge.py SALLYPORT [--seed N] [--rulesets N] [--packets N]

A namespace has a bridge with two ports. The same frames go over it and through a replay, with the same rules of physdev
in all chains on the way; the counters must be equal, and each frame must leave by the other port as it came. What goes
to the bridge's own address reaches INPUT. Rules here name no -i or -o: there the kernel has the bridge, the model its
ports. Exit code 77: no root, no namespace, no TAP or no filtering of bridges, so that nothing was tested.
"""

import argparse
import fcntl
import os
import random
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

PORTS = ("p0", "p1")
BRIDGE_MAC = bytes.fromhex("02000000b000")
MACS = (bytes.fromhex("020000000001"), bytes.fromhex("020000000002"))
HOSTS = {4: ("10.9.0.10", "10.9.0.20", "10.9.0.1"), 6: ("2001:db8:9::10", "2001:db8:9::20", "2001:db8:9::1")}
CHAINS = {"raw": ("PREROUTING",), "mangle": ("PREROUTING", "INPUT", "FORWARD", "POSTROUTING"),
          "filter": ("INPUT", "FORWARD")}
MODEL = """
[[interface]]
name = "p0"
address = ["10.9.0.1/24", "2001:db8:9::1/64"]
[[interface]]
name = "p1"
[[pair]]
between = ["p0", "p1"]
bridge = true
"""


def run(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}: {done.stderr}")
    return done.stdout


def not_tested(why):
    print(f"NOT TESTED: -m physdev beside a bridge of this machine's kernel: {why}")
    sys.exit(77)


def enter_namespace():
    """Becomes a process in a network namespace of its own, or exits with 77."""
    if os.environ.get("BRIDGE_INSIDE"):
        return
    if not shutil.which("iptables-legacy-restore") or not shutil.which("unshare"):
        not_tested("iptables-legacy or unshare is missing")
    if os.geteuid() != 0 or subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode != 0:
        not_tested("no root, or no namespaces")
    os.environ["BRIDGE_INSIDE"] = "1"
    os.execvp("unshare", ["unshare", "-n", sys.executable] + sys.argv)


def open_port(name):
    TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 2, 0x1000
    try:
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    except OSError as problem:
        not_tested(f"/dev/net/tun: {problem}")
    return device


def build_bridge():
    """The bridge's ports, as descriptors. Nothing but what is sent here crosses it."""
    made = subprocess.run(["ip", "link", "add", "br0", "address", BRIDGE_MAC.hex(":"), "type", "bridge",
                           "mcast_snooping", "0"], capture_output=True, text=True)
    sysctls = [Path(f"/proc/sys/net/bridge/bridge-nf-call-{which}tables") for which in ("ip", "ip6")]
    if made.returncode != 0 or not all(sysctl.exists() for sysctl in sysctls):
        not_tested("no bridge, or br_netfilter is not there")
    for sysctl in sysctls:
        sysctl.write_text("1")
    devices = [open_port(name) for name in PORTS]
    for name in ("br0",) + PORTS:
        Path(f"/proc/sys/net/ipv6/conf/{name}/addr_gen_mode").write_text("1")
    for name in PORTS:
        run("ip", "link", "set", name, "master", "br0")
    run("ip", "address", "add", "10.9.0.1/24", "dev", "br0")
    run("ip", "address", "add", "2001:db8:9::1/64", "dev", "br0", "nodad")
    for name in PORTS + ("br0",):
        run("ip", "link", "set", name, "up")
    # Who is where is known, so that nothing is flooded and nobody is asked.
    for i, mac in enumerate(MACS):
        run("bridge", "fdb", "replace", mac.hex(":"), "dev", PORTS[i], "master", "static")
        for family in (4, 6):
            run("ip", "neighbour", "replace", HOSTS[family][i], "lladdr", mac.hex(":"), "dev", "br0", "nud", "permanent")
    # Without somebody who takes it, the kernel would answer what is for the bridge itself.
    taker = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    taker.bind(("::", 9))
    return devices, taker


def option(draw, name, value=None):
    return ("! " if draw.random() < 0.35 else "") + f"--physdev-{name}" + (f" {value}" if value else "")


def condition(draw):
    words = []
    names = ["p0", "p1", "p+", "p0+", "+", "br0", "br+", "eth0"]
    if draw.random() < 0.35:
        words.append(option(draw, "is-in"))
    if draw.random() < 0.4:
        words.append(option(draw, "in", draw.choice(names)))
    if draw.random() < 0.35:
        words.append(option(draw, "is-out"))
    if draw.random() < 0.4:
        words.append(option(draw, "out", draw.choice(names)))
    if not words or draw.random() < 0.35:
        words.append(option(draw, "is-bridged"))
    return " ".join(words)


def ruleset(draw, rules_each):
    out = ""
    for table, chains in CHAINS.items():
        out += f"*{table}\n"
        for chain in chains:
            out += "".join(f"-A {chain} -m physdev {condition(draw)}\n" for _ in range(rules_each))
        out += "COMMIT\n"
    return out


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def frame(draw, family, port):
    """Port by which it enters, and UDP to the host behind the other port or to the bridge itself; nobody answers."""
    local = draw.random() < 0.25
    source, target = HOSTS[family][port], HOSTS[family][2 if local else 1 - port]
    payload = bytes(draw.randrange(256) for _ in range(2 * draw.randrange(1, 30)))
    udp = struct.pack("!HHH", draw.randrange(1024, 65536), 9, 8 + len(payload))
    ends = [socket.inet_pton(socket.AF_INET if family == 4 else socket.AF_INET6, end) for end in (source, target)]
    pseudo = b"".join(ends) + struct.pack("!HH", 17, 8 + len(payload))
    udp += struct.pack("!H", checksum(pseudo + udp + b"\0\0" + payload) or 0xFFFF)
    if family == 4:
        ip = struct.pack("!BBHHHBB", 0x45, 0, 28 + len(payload), draw.randrange(65536), 0, draw.choice([1, 2, 64]), 17)
        ip += struct.pack("!H", checksum(ip + b"\0\0" + b"".join(ends))) + b"".join(ends)
    else:
        ip = struct.pack("!IHBB", 0x60000000, 8 + len(payload), 17, draw.choice([1, 2, 64])) + b"".join(ends)
    to = BRIDGE_MAC if local else MACS[1 - port]
    return local, to + MACS[port] + struct.pack("!H", 0x0800 if family == 4 else 0x86DD) + ip + udp + payload


def crosses(devices, port, data):
    """Sends the frame in by its port; whether just this leaves by the other. What the bridge itself says to others on
    the link (its multicast groups) is passed over."""
    os.write(devices[port], data)
    while select.select([devices[1 - port]], [], [], 5)[0]:
        left = os.read(devices[1 - port], 65536)
        if left[6:12] != BRIDGE_MAC:
            return left == data
    return False


def capture(path, frames):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for number, data in frames:
            file.write(struct.pack("<IIII", 1000 + number, 0, len(data), len(data)) + data)


def counted(text):
    return [line for line in text.splitlines() if "physdev" in line]


def compare(sallyport, draw, devices, family, packets, rules_each, totals):
    """One ruleset; the first difference ends the program."""
    tool = "iptables-legacy" if family == 4 else "ip6tables-legacy"
    rules = ruleset(draw, rules_each)
    run(f"{tool}-restore", text=rules)
    sent = []
    for number in range(packets):
        port = draw.randrange(2)
        local, data = frame(draw, family, port)
        sent.append((number, port, local, data))
        if local:
            os.write(devices[port], data)
        elif not crosses(devices, port, data):
            sys.exit(f"a frame does not cross the bridge as it is: {data.hex()}")
    kernel = counted(run(f"{tool}-save", "-c"))
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        (at / "rules").write_text(rules)
        (at / "host.toml").write_text(MODEL)
        for port, name in enumerate(PORTS):
            capture(at / name, [(number, data) for number, by, _, data in sent if by == port])
        run(sallyport, "replay", "-R" if family == 4 else "-6", str(at / "rules"), "--host", str(at / "host.toml"),
            "-r", f"p0={at / 'p0'}", "-r", f"p1={at / 'p1'}",
            "--counters" if family == 4 else "--counters6", str(at / "counters"))
        ours = counted((at / "counters").read_text())
    if sorted(kernel) != sorted(ours):
        different = sorted(set(kernel) ^ set(ours))
        sys.exit("the counters differ:\n" + "\n".join(
            f"  {'kernel' if line in kernel else 'ours  '} {line}" for line in different))
    for line in kernel:
        times = int(line[1:line.index(":")])
        totals["true"] += times
        totals["rules"] += 1
    totals["packets"] += packets
    totals["local"] += sum(local for _, _, local, _ in sent)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sallyport")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rulesets", type=int, default=10)
    parser.add_argument("--packets", type=int, default=100)
    arguments = parser.parse_args()
    enter_namespace()
    devices, _taker = build_bridge()
    draw = random.Random(arguments.seed)
    totals = dict.fromkeys(("rules", "packets", "local", "true"), 0)
    for number in range(arguments.rulesets):
        compare(arguments.sallyport, draw, devices, 4 + 2 * (number % 2), arguments.packets, 12, totals)
    print(f"{os.uname().sysname} {os.uname().release}: {arguments.rulesets} rulesets, {totals['rules']} rules, "
          f"{totals['packets']} packets, {totals['local']} of them to the bridge itself; "
          f"rules held {totals['true']} times; no difference")


if __name__ == "__main__":
    main()
