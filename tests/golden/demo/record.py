#!/usr/bin/env python3
"""What the kernel's own counters say of the demo's minute.

    record.py CAPTURE RULES RULES6 OUT OUT6       (as root; takes as long as the capture)

In a network namespace of its own: TUN devices with the names and addresses of the demo's gateway, the rules unchanged but
for the hours of -m time (the kernel knows only its own clock), each packet written at the pace at which it was recorded.
The IPv4 counters in this folder are the kernel's (Linux 6.18, iptables-legacy 1.8.9). So are those of IPv6, but for the
ten neighbour advertisements with which a kernel answers: they are taken out of OUTPUT's and POSTROUTING's policies.
"""

import fcntl
import os
import re
import struct
import subprocess
import sys
import time

INTERFACES = [("wan", "203.0.113.2/30", "2001:db8:ffff::2/64", 1492),
              ("dmz", "198.51.100.1/28", "2001:db8:2::1/64", 1500),
              ("lan", "192.0.2.1/24", "2001:db8:1::ffff/64", 1500)]
HOURS = r"--timestart 06:00:00 --timestop 20:00:00 --weekdays Mon,Tue,Wed,Thu,Fri --datestop 2038-01-19T03:14:07"
ANY_HOUR = "--timestart 00:00:00 --timestop 23:59:59"
ANY_HOUR_SAVED = "--datestop 2038-01-19T03:14:07"


def run(command, text=None):
    return subprocess.run(command, shell=True, check=True, input=text, stdout=subprocess.PIPE, text=True).stdout


def open_tun(name):
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH", name.encode(), 0x1001))  # TUNSETIFF, TUN without header
    return tun


def set_up():
    tuns = [open_tun(name) for name, *_ in INTERFACES]
    run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=0")
    run("ip link set lo up")
    for name, address, address6, mtu in INTERFACES:
        run(f"sysctl -qw net.ipv4.conf.{name}.rp_filter=0; ip addr add {address} brd + dev {name};"
            f"ip -6 addr add {address6} dev {name} nodad; ip link set {name} mtu {mtu} up")
    run("ip route add default dev wan; ip -6 route add default dev wan")
    return tuns


def packets(path):
    """(seconds, interface, IP packet) of an Ethernet pcapng in nanoseconds; what is not IP is left out."""
    data = open(path, "rb").read()
    offset = 0
    while offset < len(data):
        kind, length = struct.unpack_from("<II", data, offset)
        if kind == 6:
            interface, high, low, captured = struct.unpack_from("<IIII", data, offset + 8)
            frame = data[offset + 28:offset + 28 + captured]
            ether_type = struct.unpack_from(">H", frame, 12)[0]
            if ether_type == 0x0800:
                yield (high << 32 | low) / 1e9, interface, frame[14:14 + struct.unpack_from(">H", frame, 16)[0]]
            if ether_type == 0x86DD:
                yield (high << 32 | low) / 1e9, interface, frame[14:54 + struct.unpack_from(">H", frame, 18)[0]]
        offset += length


def drain(tuns):
    for tun in tuns:
        try:
            while os.read(tun, 70000):
                pass
        except BlockingIOError:
            pass


def without_advertisements(saved):
    def less(found):
        return f"{found[1]}[{int(found[2]) - 10}:{int(found[3]) - 640}]"
    return re.sub(r"^(:(?:OUTPUT|POSTROUTING) \w+ )\[(\d+):(\d+)\]$", less, saved, flags=re.MULTILINE)


def main(capture, rules, rules6, out, out6):
    if os.environ.get("IN_NAMESPACE") != "1":
        os.execvpe("unshare", ["unshare", "-n", sys.executable] + sys.argv, os.environ | {"IN_NAMESPACE": "1"})
    tuns = set_up()
    time.sleep(2)  # the kernel's own multicast reports go out before anything is counted
    run("iptables-legacy-restore", re.sub(HOURS, ANY_HOUR, open(rules).read()))
    run("ip6tables-legacy-restore", open(rules6).read())
    first, started = None, time.monotonic()
    for when, interface, packet in packets(capture):
        first = when if first is None else first
        while time.monotonic() - started < when - first:
            time.sleep(0.001)
        os.write(tuns[interface], packet)
        drain(tuns)
    open(out, "w").write(run("iptables-legacy-save -c").replace("-m time " + ANY_HOUR_SAVED, "-m time " + HOURS))
    open(out6, "w").write(without_advertisements(run("ip6tables-legacy-save -c")))


if __name__ == "__main__":
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    main(*sys.argv[1:])
