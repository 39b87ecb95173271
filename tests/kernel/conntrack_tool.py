#!/usr/bin/env python3
"""sallyport conntrack beside the real conntrack(8), on tables that the kernel holds.

    conntrack_tool.py compare SALLYPORT [--seed N] [--tables N] [--entries N] [--filters N]
    conntrack_tool.py record FOLDER       writes the golden listings of tests/golden/conntrack

Each table is generated, loaded with conntrack --load-file into a network namespace of its own, and listed there in every
form. From one real listing our program has to make all the others, byte for byte; and with the same filters it has to
choose the same lines, to delete and to change the same. Exit code 77: no root, no namespace or no conntrack(8), so that
nothing was tested.

Left out, because conntrack(8) 1.4.7 does not do there what its manual says: keys of GRE (it compares none), an address
after -j beside other filters, IPv6 addresses after -n and -g, words with and without ! in one -u, -u after -m.
"""

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

LABELS = "0 eth0-in\n1 eth0-out\n5 web server\n7 bulk\n127 last\n"
ALL = "extended,id,labels,ktimestamp"
TCP_STATES = ["NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE",
              "SYN_SENT2"]
SCTP_STATES = ["CLOSED", "COOKIE_WAIT", "COOKIE_ECHOED", "ESTABLISHED", "SHUTDOWN_SENT", "SHUTDOWN_RECD",
               "SHUTDOWN_ACK_SENT"]
HOSTS = {4: ["10.0.0.%d" % i for i in range(1, 9)] + ["172.16.255.1", "192.168.7.200", "203.0.113.9"],
         6: ["2001:db8::%x" % i for i in range(1, 7)] + ["fe80::1", "::ffff:192.0.2.7", "2001:db8:0:1:0:0:0:1", "::1:0:0:9"]}


def run(*command, text=None, check=True):
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if check and done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}: {done.stderr}")
    return done


def enter_namespace():
    """Becomes a process in namespaces of its own, or exits with 77."""
    if os.environ.get("CONNTRACK_TOOL_INSIDE"):
        with tempfile.TemporaryDirectory() as etc:  # the names of labels are where conntrack(8) looks for them
            run("mount", "-t", "tmpfs", "none", etc)
            run("cp", "-a", "/etc/.", etc)
            Path(etc, "xtables").mkdir(exist_ok=True)
            Path(etc, "xtables/connlabel.conf").write_text(LABELS)
            run("mount", "--move", etc, "/etc")
        run("sysctl", "-qw", "net.netfilter.nf_conntrack_acct=1", "net.netfilter.nf_conntrack_timestamp=1")
        os.environ["TZ"] = "UTC"
        return
    missing = [tool for tool in ("conntrack", "unshare") if not shutil.which(tool)]
    if missing or os.geteuid() != 0 or subprocess.run(["unshare", "-nm", "true"], capture_output=True).returncode != 0:
        print("NOT TESTED: sallyport conntrack against conntrack(8): "
              + (f"{' and '.join(missing)} missing" if missing else "no root, or no namespaces"))
        sys.exit(77)
    os.environ["CONNTRACK_TOOL_INSIDE"] = "1"
    os.execvp("unshare", ["unshare", "-nm", sys.executable] + sys.argv)


def nat(draw, family):
    address = draw.choice(["198.51.100.%d" % i for i in range(1, 4)] if family == 4 else ["2001:db8:aa::%d" % i for i in range(1, 4)])
    if draw.random() < 0.5:
        return address
    return f"{address}:{draw.randint(1, 65535)}" if family == 4 else f"[{address}]:{draw.randint(1, 65535)}"


def entry(draw):
    """One line for --load-file."""
    family = draw.choice([4, 4, 6])
    words = ["-A", "-t", str(draw.choice([draw.randint(5000, 90000), 431999, 600000])),
             "-s", draw.choice(HOSTS[family]), "-d", draw.choice(HOSTS[family])]
    status = draw.choice(["", "SEEN_REPLY", "SEEN_REPLY,ASSURED"])
    if status:
        words += ["-u", status]
    if draw.random() < 0.3:
        words += ["-m", str(draw.choice([1, 2, 0x55, 0xFF00, 0xFFFFFFFF]))]
    if draw.random() < 0.2:
        words += [draw.choice(["-w", "--orig-zone", "--reply-zone"]), str(draw.choice([1, 7, 65535]))]
    if draw.random() < 0.2:
        words += ["--label-add", draw.choice(["bulk", "eth0-in,last", "web server", "web server,bulk"])]
    protocol = draw.choice(["tcp"] * 4 + ["udp"] * 2 + ["udplite", "sctp", "dccp", "icmp", "gre", "50", "89", "ospf", "255"])
    if protocol == "icmp":
        name = "icmp" if family == 4 else "icmpv6"
        kind = draw.choice([8, 13, 15, 17] if family == 4 else [128, 139])
        return words + ["-p", name, f"--{name}-type", str(kind), f"--{name}-code", "0", f"--{name}-id", str(draw.randint(0, 65535))]
    words += ["-p", protocol]
    if protocol in ("tcp", "udp", "udplite", "sctp", "dccp"):
        if protocol != "dccp" and draw.random() < 0.4:
            words += draw.choice([["-n", nat(draw, family)], ["-g", nat(draw, family)],
                                  ["-n", nat(draw, family), "-g", nat(draw, family)]])
        words += ["--sport", str(draw.choice([53, 1024, 40000, 65535])), "--dport", str(draw.choice([22, 53, 80, 443]))]
    if protocol == "tcp":
        words += ["--state", draw.choice(TCP_STATES)]
    if protocol == "sctp":
        words += ["--state", draw.choice(SCTP_STATES), "--orig-vtag", str(draw.randint(1, 2**31 - 1)), "--reply-vtag", "7"]
    if protocol == "dccp":
        words += ["--state", "REQUEST", "--role", "client"]
    if protocol == "gre":
        words += ["--srckey", hex(draw.choice([0, 0x10, 0xFFFF])), "--dstkey", hex(draw.choice([0, 0x20, 0xABCD]))]
    return words


def load(lines):
    """Fills the kernel's table; of two entries with one tuple the first is in it."""
    run("conntrack", "-F")
    with tempfile.NamedTemporaryFile("w", suffix=".save") as file:
        file.write("".join(" ".join(words) + "\n" for words in lines if "--label-add" not in words))
        file.flush()
        run("conntrack", "--load-file", file.name)
    for words in lines:  # conntrack(8) 1.4.7 takes one line with labels only, then it crashes
        if "--label-add" in words:
            run("conntrack", *words, check=False)


def listed(*options):
    return run("conntrack", "-L", *options).stdout


def snapshot(forms):
    """The table in each form, all within one second of the kernel's."""
    for _ in range(100):
        before = listed("-o", ALL), Path("/proc/net/nf_conntrack").read_text()
        result = {form: listed(*(["-o", form] if form else [])) for form in forms}
        result["nf_conntrack"] = before[1]
        if before == (listed("-o", ALL), Path("/proc/net/nf_conntrack").read_text()):
            return result
    print("NOT TESTED: this machine is too slow to list the table in every form within a second")
    sys.exit(77)


class Comparison:
    def __init__(self, program):
        self.program = program
        self.compared = 0
        self.lines = 0
        self.failures = 0

    def ours(self, options, listing, check=True):
        done = run(self.program, "conntrack", *options, "--from", "-", text=listing, check=False)
        if check and done.returncode != 0:
            self.fail(f"{options}: exit code {done.returncode}", done.stderr, "")
        return done

    def fail(self, what, expected, got):
        self.failures += 1
        if self.failures > 10:
            return
        print(f"FAILED: {what}")
        wanted, found = expected.splitlines(), got.splitlines()
        for line in [line for line in wanted if line not in found][:3]:
            print(f"  conntrack(8): {line}")
        for line in [line for line in found if line not in wanted][:3]:
            print(f"  ours:         {line}")

    def equal(self, what, expected, got):
        self.compared += 1
        self.lines += expected.count("\n")
        if expected != got:
            self.fail(what, expected, got)


def without_time(text):
    """Timeouts and ages go on while one listing after another is made."""
    text = re.sub(r"(?m)^((?:ipv[46] +\d+ )?\S+ +\d+) \d+ ", r"\1 ", text)
    return sorted(re.sub(r" delta-time=\d+", "", text).splitlines())


def own_listing_counted(text):
    """The kernel's own file counts the reader as a user of the entry, conntrack(8) has none."""
    return text.replace(" use=2", " use=1")


def compare_forms(comparison):
    forms = ["", "extended", "id", "labels", "ktimestamp", "extended,id", ALL, "xml", "xml,labels", "save"]
    real = snapshot(forms)
    source = real[ALL]
    for form in forms:
        expected = real[form]
        if form == "save":  # a listing has no verification tags
            expected = re.sub(r" --orig-vtag \d+ --reply-vtag \d+", "", expected)
        comparison.equal(f"-o {form}", expected, comparison.ours(["-L"] + (["-o", form] if form else []), source).stdout)
    kernels = real["nf_conntrack"]
    comparison.equal("-o nf_conntrack of itself", kernels, comparison.ours(["-L", "-o", "nf_conntrack"], kernels).stdout)
    # The kernel's own listing has no labels, identifiers, times: what is left must be the same.
    # Ages are of whole seconds there, and the difference of whole seconds here.
    aged = lambda text: re.sub(r" delta-time=\d+", "", text)
    comparison.equal("the kernel's listing in conntrack's form", aged(real["extended"]),
                     aged(comparison.ours(["-L", "-o", "extended"], own_listing_counted(kernels)).stdout))
    if comparison.ours(["-C"], source).stdout.strip() != str(len(source.splitlines())):
        comparison.fail("-C", str(len(source.splitlines())), "")
    real_statistics = run("conntrack", "-S").stdout
    comparison.equal("-S", real_statistics, run(comparison.program, "conntrack", "-S").stdout)
    return source


def a_filter(draw):
    family = draw.choice([4, 6])
    address = lambda: draw.choice(HOSTS[family])
    options = []

    def maybe(share, words):
        if draw.random() < share:
            options.extend(words)

    maybe(0.25, ["-u", draw.choice(["ASSURED", "SEEN_REPLY", "ASSURED,SEEN_REPLY", "UNREPLIED", "!ASSURED", "!SEEN_REPLY"])])
    bits = draw.choice([8, 16, 24, 28, 31, 32] if family == 4 else [16, 32, 64, 126, 128])
    maybe(0.2, ["-s", address() + draw.choice(["", f"/{bits}"])])
    maybe(0.12, [draw.choice(["-d", "--dst", "--orig-dst"]), address() + draw.choice(["", f"/{bits}"])])
    maybe(0.08, ["-r", address()])
    maybe(0.08, ["-q", address()])
    if family == 4 and "-s" not in options:
        maybe(0.1, ["-s", address(), "--mask-src", draw.choice(["255.0.0.0", "255.255.255.0", "0.0.0.255"])])
    maybe(0.2, ["-m", draw.choice(["0", "1", "0x55", "0/1", "0xff00/0xff00", "4294967295", "1/0xff"])])
    maybe(0.12, [draw.choice(["-w", "--orig-zone", "--reply-zone"]), draw.choice(["0", "1", "7", "65535"])])
    maybe(0.1, ["-l", draw.choice(["bulk", "last", "web server", "eth0-in,last"])])
    maybe(0.1, ["-f", f"ipv{family}"])
    options += draw.choice([[], [], [], [], [], ["-n"], ["-g"], ["-j"], ["-n", "-g"]])
    if family == 4 and not {"-n", "-g", "-j"} & set(options):
        maybe(0.1, [draw.choice(["-n", "-g"]), draw.choice(["198.51.100.1", "198.51.100.2", "198.51.100.3:1"])])
    protocol = draw.choice(["", "", "tcp", "udp", "sctp", "udplite", "icmp", "icmpv6", "gre", "6", "50", "ospf", "TCP"])
    if protocol:
        options += ["-p", protocol]
    if protocol in ("tcp", "udp", "sctp", "udplite", "6", "TCP"):
        maybe(0.3, [draw.choice(["--sport", "--orig-port-src"]), draw.choice(["53", "1024", "40000"])])
        maybe(0.3, ["--dport", draw.choice(["22", "53", "80"])])
        maybe(0.1, ["--reply-port-src", draw.choice(["22", "53", "80"])])
        maybe(0.1, ["--reply-port-dst", draw.choice(["53", "1024", "40000"])])
    if protocol in ("tcp", "6", "TCP"):
        maybe(0.3, ["--state", draw.choice(TCP_STATES)])
    if protocol == "sctp":
        maybe(0.3, ["--state", draw.choice(SCTP_STATES)])
    if protocol in ("icmp", "icmpv6"):
        maybe(0.4, [f"--{protocol}-type", draw.choice(["8", "13", "128"])])
        maybe(0.2, [f"--{protocol}-code", draw.choice(["0", "1"])])
    return options


def compare_filters(comparison, draw, source, count):
    chosen = 0
    for _ in range(count):
        options = a_filter(draw)
        real = run("conntrack", "-L", *options, check=False)
        own = comparison.ours(["-L"] + options, source, check=False)
        if real.returncode != own.returncode:
            comparison.fail(f"{options}: exit codes {real.returncode} and {own.returncode}", real.stderr, own.stderr)
        comparison.compared += 1
        comparison.lines += real.stdout.count("\n")
        chosen += bool(real.stdout)
        if without_time(real.stdout) != without_time(own.stdout):
            comparison.fail(f"conntrack -L {' '.join(options)}", "\n".join(without_time(real.stdout)),
                            "\n".join(without_time(own.stdout)))
        counted = re.search(r"\d+ flow entries have been shown", real.stderr)
        if real.returncode == 0 and counted[0] not in own.stderr:
            comparison.fail(f"{options}: the count", real.stderr, own.stderr)
    return chosen


def a_choice(draw):
    """Filters whose meaning with -D and -U is that with -L. (With -D, ! before a status chooses everything.)"""
    options = draw.choice([[], ["-s", draw.choice(HOSTS[4])], ["-d", draw.choice(HOSTS[4])], ["-s", "10.0.0.0/30"], ["-n"], ["-g"]])
    return options + draw.choice([[], ["-p", "icmp"], ["-p", "sctp"], ["-p", "tcp", "--dport", "80"], ["-p", "udp", "--sport", "53"]])


def compare_changes(comparison, draw, lines, count):
    """-D, -U and -F: the kernel's table afterwards, and what ours prints."""
    for _ in range(count):
        load(lines)
        before = listed("-o", ALL)
        options = draw.choice([["-D"], ["-D", "-m", "1"], ["-D", "-u", "ASSURED"], ["-U", "-m", "9"], ["-U", "-m", "0x3/0xff"],
                               ["-U", "-t", "70000"], ["-U", "-m", "1", "-t", "77777"]]) + a_choice(draw)
        real = run("conntrack", *options, check=False)
        if "Operation failed" in real.stderr:  # the kernel updates no entry of a zone by its tuple alone
            continue
        own = comparison.ours(options, before, check=False)
        after = listed("-o", ALL)
        comparison.compared += 1
        comparison.lines += after.count("\n")
        if real.returncode != own.returncode:
            comparison.fail(f"{options}: exit codes {real.returncode} and {own.returncode}", real.stderr, own.stderr)
        elif without_time(after) != without_time(own.stdout):
            comparison.fail(f"conntrack {' '.join(options)}", "\n".join(without_time(after)), "\n".join(without_time(own.stdout)))
    load(lines)
    before = listed("-o", ALL)
    run("conntrack", "-F")
    comparison.equal("-F", listed(), comparison.ours(["-F"], before).stdout)


def compare(arguments):
    enter_namespace()
    draw = random.Random(arguments.seed)
    comparison = Comparison(arguments.program)
    entries = chosen = 0
    for _ in range(arguments.tables):
        lines = [entry(draw) for _ in range(arguments.entries)]
        load(lines)
        source = compare_forms(comparison)
        entries += len(source.splitlines())
        chosen += compare_filters(comparison, draw, source, arguments.filters)
        compare_changes(comparison, draw, lines, max(1, arguments.filters // 20))
    version = run("conntrack", "-V").stdout.strip()
    print(f"{version}, Linux {os.uname().release}: {arguments.tables} tables with {entries} entries, "
          f"{arguments.tables * arguments.filters} filters of which {chosen} chose something, "
          f"{comparison.compared} outputs of {comparison.lines} lines compared, {comparison.failures} differ")
    sys.exit(1 if comparison.failures else 0)


def record(folder):
    enter_namespace()
    draw = random.Random(20261125)
    load([entry(draw) for _ in range(120)])
    forms = {"conntrack": "", "extended": "extended", "id": "id", "labels": "labels", "ktimestamp": "ktimestamp",
             "all": ALL, "xml": "xml", "save": "save"}
    real = snapshot(list(forms.values()))
    for name, form in forms.items():
        Path(folder, name).write_text(real[form])
    Path(folder, "nf_conntrack").write_text(real["nf_conntrack"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    comparing = commands.add_parser("compare")
    comparing.add_argument("program")
    comparing.add_argument("--seed", type=int, default=1)
    comparing.add_argument("--tables", type=int, default=2)
    comparing.add_argument("--entries", type=int, default=150)
    comparing.add_argument("--filters", type=int, default=60)
    recording = commands.add_parser("record")
    recording.add_argument("folder")
    arguments = parser.parse_args()
    if arguments.command == "record":
        record(arguments.folder)
    else:
        compare(arguments)


if __name__ == "__main__":
    main()
