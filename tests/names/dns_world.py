"""Where dns_test.py runs: network and mount namespaces with addresses that answer and addresses that do not, dnsmasq, a
server of names that misbehaves, and an /etc/resolv.conf of their own. All of it ends with the process.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import name_server
from name_server import A, AAAA, SERVFAIL, SRV

PEER = ""
PATIENCE = 60
ATTEMPTS = 5  # glibc makes no more, see resolv.conf(5)
NETWORKS = ["thread", "uring", "epoll"]
FOLDER = None
SERVER = None
PORT = 8765  # of the service that connect() finds by its name
DNSMASQ = "127.0.0.53"
BROKEN = "127.0.0.54"
V4, V6 = "192.0.2.1", "2001:db8::1"
MUTE4, MUTE6 = "192.0.2.200", "2001:db8::200"  # nftables drops what comes for them
MANY = [f"192.0.2.{n}" for n in range(101, 121)]

CONFIGURATION = f"""
port=53
listen-address={DNSMASQ}
bind-interfaces
no-resolv
no-hosts
no-daemon
local=/test/
local=/in-addr.arpa/
local=/ip6.arpa/
host-record=both.test,{V4},{V6}
host-record=mute6.test,{V4},{MUTE6}
host-record=mute4.test,{MUTE4},{V6}
host-record=mute.test,{MUTE4},{MUTE6}
srv-host=_web._tcp.test,one.test,8001,10,10
srv-host=_web._tcp.test,two.test,8002,10,90
srv-host=_web._tcp.test,three.test,8003,20,0
srv-host=_door._tcp.test,mute.test,{PORT},1
srv-host=_door._tcp.test,both.test,{PORT},2
srv-host=_none._tcp.test
txt-record=nothing.test,a name without an address
"""
CONFIGURATION += "".join(f"host-record=many.test,{address}\n" for address in MANY)
CONFIGURATION += "".join(f"srv-host=_long._tcp.test,server-number-{n}.of.a.long.list.test,{n},{n}\n" for n in range(1, 61))


def ip(address):
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def has(*addresses):
    """The behaviour of a name with these addresses."""
    def answer(kind, _tcp):
        return [(kind, ip(a)) for a in addresses if kind == (AAAA if ":" in a else A)]
    return answer


BEHAVIOURS = {
    "slow.test": lambda kind, tcp: (0.4, has(V4, V6)(kind, tcp)),
    "silent.test": lambda kind, tcp: "silence",
    "failing.test": lambda kind, tcp: SERVFAIL,
    "half.test": lambda kind, tcp: has(V4)(kind, tcp) if kind == A else SERVFAIL,
    "silent6.test": lambda kind, tcp: has(V4)(kind, tcp) if kind == A else "silence",
    "silent4.test": lambda kind, tcp: has(V6)(kind, tcp) if kind == AAAA else "silence",
    "later6.test": lambda kind, tcp: has(V4)(kind, tcp) if kind == A else (15, has(V6)(kind, tcp)),
    "dead4.test": lambda kind, tcp: has(MUTE4)(kind, tcp) if kind == A else (0.4, has(V6)(kind, tcp)),
    "dead6.test": lambda kind, tcp: has(MUTE6)(kind, tcp) if kind == AAAA else (0.4, has(V4)(kind, tcp)),
    "_half._tcp.test": lambda kind, tcp: [(SRV, b"\0\1\0\1" + PORT.to_bytes(2, "big") +
                                           name_server.encoded("silent6.test"))],
    "listed.test": has(V6),
    "old.pair.test": has(V4),
    "old.pair.test.search.test": has(V6),
    "short.part.search.test": has(V4, V6),
    "short.search.test": has(V4, V6),
    "big.test": lambda kind, tcp: has(V4, V6)(kind, tcp) if tcp else "truncated",
    "good.test": has(V4, V6),
    "_odd._tcp.test": lambda kind, tcp: [(SRV, b"\0\1\0"), (A, ip(V4)),
                                         (SRV, b"\0\1\0\0\x1f\x40" + name_server.encoded("good.test"))],
}


def resolver(address, options=f"timeout:1 attempts:{ATTEMPTS}", search="."):
    """By default a question that got lost on a busy machine is soon repeated, and one that is never answered lasts 31 s:
    glibc doubles the time from one attempt to the next (resolv/res_send.c)."""
    with open(os.path.join(FOLDER, "resolv.conf"), "w", encoding="ascii") as out:
        out.write(f"nameserver {address}\noptions {options}\nsearch {search}\n")


class Ended:
    """What the peer said: values by key, the last of each; `all` has every line."""

    def __init__(self, network, *arguments):
        done = subprocess.run([PEER, network, *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE,
                              check=False)
        self.lines = [line.split(" ", 1) for line in done.stdout.splitlines()]
        self.said = dict(line for line in self.lines if len(line) == 2)
        if done.returncode != 0:
            raise AssertionError(f"{arguments}: ended with {done.returncode}: {done.stderr}")

    def all(self, key):
        return [line[1] for line in self.lines if line[0] == key and len(line) == 2]

    def __getitem__(self, key):
        if key not in self.said:
            raise AssertionError(f"it said nothing of {key}: {self.said}")
        return self.said[key]

    def number(self, key):
        return int(self[key])


class Door:
    """Listens on an address, and accepts in the background as the kernel does."""

    def __init__(self, *addresses, port=0):
        self.doors = []
        for address in addresses:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            door = socket.socket(family, socket.SOCK_STREAM)
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                door.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            door.bind((address, port))
            port = door.getsockname()[1]
            door.listen(64)
            self.doors.append(door)
        self.port = port

    def __enter__(self):
        return self.port

    def __exit__(self, *ignored):
        for door in self.doors:
            door.close()


def at(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def run(*words, **more):
    return subprocess.run(words, check=True, **more)


def make_network():
    run("ip", "link", "set", "lo", "up")
    for address in (V4, MUTE4, *MANY):
        run("ip", "address", "add", f"{address}/32", "dev", "lo")
    for address in (V6, MUTE6):
        run("ip", "address", "add", f"{address}/128", "dev", "lo", "nodad")
    rules = f"""table inet mute {{ chain input {{ type filter hook input priority 0;
        ip daddr {MUTE4} drop
        ip6 daddr {MUTE6} drop; }}; }}\n"""
    run("nft", "-f", "-", input=rules, text=True)


def use_own_files():
    """In this mount namespace alone: the resolver's configuration, and no names but those of the servers."""
    for name, text in {"resolv.conf": "", "nsswitch.conf": "hosts: files dns\n", "hosts": f"127.0.0.1 localhost\n{MANY[0]} listed.test\n",
                       "gai.conf": ""}.items():
        with open(os.path.join(FOLDER, name), "w", encoding="ascii") as out:
            out.write(text)
        if os.path.exists(f"/etc/{name}"):
            run("mount", "--bind", os.path.join(FOLDER, name), os.path.realpath(f"/etc/{name}"))


def start_dnsmasq():
    path = os.path.join(FOLDER, "dnsmasq.conf")
    with open(path, "w", encoding="ascii") as out:
        out.write(CONFIGURATION)
    with open(os.path.join(FOLDER, "dnsmasq.log"), "wb") as log:
        process = subprocess.Popen(["dnsmasq", f"--conf-file={path}", "--user=root", "--pid-file="],
                                   stdout=log, stderr=log)
    query = b"\0\1\1\0\0\1\0\0\0\0\0\0" + name_server.encoded("both.test") + b"\0\1\0\1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.settimeout(0.1)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and process.poll() is None:
            try:
                door.sendto(query, (DNSMASQ, 53))
                door.recv(512)
                return process
            except (ConnectionRefusedError, socket.timeout):
                continue
    with open(os.path.join(FOLDER, "dnsmasq.log"), encoding="utf-8") as log:
        raise AssertionError("dnsmasq does not answer: " + log.read())


def inside():
    global PEER, FOLDER, SERVER
    PEER = sys.argv.pop(1)
    with tempfile.TemporaryDirectory() as FOLDER:
        make_network()
        use_own_files()
        SERVER = name_server.NameServer(BROKEN, BEHAVIOURS)
        dnsmasq = start_dnsmasq()
        try:
            if subprocess.run([PEER, "uring", "resolve", "127.0.0.1:1"], capture_output=True, check=False).returncode:
                print("io_uring is not usable here: not tested", file=sys.stderr)
                NETWORKS.remove("uring")
            passed = unittest.main(module="__main__", verbosity=2, exit=False).result.wasSuccessful()
        finally:
            dnsmasq.terminate()
            dnsmasq.wait(PATIENCE)
            SERVER.close()
            for name in ("resolv.conf", "nsswitch.conf", "hosts", "gai.conf"):
                if os.path.exists(f"/etc/{name}"):
                    run("umount", os.path.realpath(f"/etc/{name}"))
    sys.exit(0 if passed else 1)


def main():
    if os.geteuid() != 0:
        skip("network and mount namespaces need root")
    for command in ("ip", "nft", "unshare", "dnsmasq"):
        if not shutil.which(command):
            skip(f"no {command} command here")
    if os.environ.get("CARDEA_DNS_TEST") == "inside":
        inside()
    if subprocess.run(["unshare", "-n", "-m", "true"], check=False, capture_output=True).returncode != 0:
        skip("no namespaces can be made here")
    os.environ["CARDEA_DNS_TEST"] = "inside"
    os.execvp("unshare", ["unshare", "-n", "-m", sys.executable, "-B", *sys.argv])
