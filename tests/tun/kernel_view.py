"""What the kernel at the other end knows and sees: its counters, its view of a connection, the packets on the device."""

import ipaddress
import select
import socket
import struct
import threading
from dataclasses import dataclass, field

from namespaces import HERE

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << bit for bit in range(8))
TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58


def counters(namespace=HERE):
    """Those of nstat(8): {"TcpExtTCPTimeouts": 3, ...}."""
    values = {}
    with namespace.entered():
        for name in ("snmp", "netstat"):
            with open(f"/proc/thread-self/net/{name}", encoding="ascii") as file:
                lines = [line.split() for line in file]
            for names, numbers in zip(lines[::2], lines[1::2]):
                values.update((names[0].rstrip(":") + n, int(v)) for n, v in zip(names[1:], numbers[1:]))
    return values


class Counting:
    """How much the counters have grown since it was made."""

    def __init__(self, namespace=HERE):
        self.namespace = namespace
        self.before = counters(namespace)

    def __getitem__(self, name):
        return counters(self.namespace)[name] - self.before[name]

    def all(self):
        return {name: value - self.before[name] for name, value in counters(self.namespace).items()
                if value != self.before[name]}


@dataclass
class TcpInfo:
    """tcp(7), TCP_INFO."""

    state: int
    timestamps: bool
    sack: bool
    window_scaling: bool
    ecn: bool
    send_shift: int
    receive_shift: int
    received_segment: int
    path_mtu: int
    threshold: int  # ssthresh, in segments; 2**31 - 1: none was set yet
    resent: int


def tcp_info(connection):
    raw = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    small, words = struct.unpack("8B", raw[:8]), struct.unpack("24I", raw[8:104])
    options = small[5]
    return TcpInfo(state=small[0], timestamps=bool(options & 1), sack=bool(options & 2),
                   window_scaling=bool(options & 4), ecn=bool(options & 8), send_shift=small[6] & 15,
                   receive_shift=small[6] >> 4, received_segment=words[3], path_mtu=words[13], threshold=words[17],
                   resent=words[23])


@dataclass
class Seen:
    """A packet on the device, in host byte order; TCP's fields are zero in others."""

    version: int
    source: str
    destination: str
    protocol: int
    traffic_class: int
    length: int  # of the whole packet
    body: bytes = field(repr=False)  # from the transport header on
    source_port: int = 0
    destination_port: int = 0
    sequence: int = 0
    acknowledges: int = 0
    flags: int = 0
    window: int = 0  # not scaled
    urgent: int = 0
    options: dict = field(default_factory=dict)
    payload: bytes = field(default=b"", repr=False)

    def has(self, flags):
        return self.flags & flags == flags


def _options_of(raw):
    """By kind; up to the first that makes no sense."""
    options, at = {}, 0
    while at < len(raw) and raw[at] != 0:
        if raw[at] == 1:
            at += 1
            continue
        length = raw[at + 1] if at + 1 < len(raw) else 0
        if length < 2:
            break
        options[raw[at]] = raw[at + 2:at + length]
        at += length
    return options


def read_packet(raw):
    """None: that is no packet of IP."""
    if len(raw) < 20 or (raw[0] >> 4 == 6 and len(raw) < 40):
        return None
    if raw[0] >> 4 == 4:
        size = (raw[0] & 15) * 4
        later_fragment = struct.unpack_from("!H", raw, 6)[0] & 0x1fff
        seen = Seen(4, str(ipaddress.ip_address(raw[12:16])), str(ipaddress.ip_address(raw[16:20])), raw[9], raw[1],
                    len(raw), raw[size:])
    else:
        later_fragment = False
        seen = Seen(6, str(ipaddress.ip_address(raw[8:24])), str(ipaddress.ip_address(raw[24:40])), raw[6],
                    struct.unpack_from("!H", raw)[0] >> 4 & 0xff, len(raw), raw[40:])
    if seen.protocol == TCP and not later_fragment and len(seen.body) >= 20:
        (seen.source_port, seen.destination_port, seen.sequence, seen.acknowledges, size, seen.flags, seen.window, _,
         seen.urgent) = struct.unpack_from("!HHIIBBHHH", seen.body)
        size = (size >> 4) * 4
        seen.options = _options_of(seen.body[20:size])
        seen.payload = seen.body[size:]
    return seen


class Watch:
    """Every packet that passes a device while the block lasts, both ways: packet(7)."""

    def __init__(self, device, namespace=HERE):
        every_protocol = 3
        with namespace.entered():
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(every_protocol))
        rcvbuf_force = 33  # SO_RCVBUFFORCE, socket(7): not clamped to rmem_max
        self.socket.setsockopt(socket.SOL_SOCKET, rcvbuf_force, 64 << 20)
        self.socket.bind((device, every_protocol))
        self.packets = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self):
        while True:
            readable, _, _ = select.select([self.socket], [], [], 0.05)
            if readable:
                seen = read_packet(self.socket.recv(70_000))
                if seen:
                    self.packets.append(seen)
            elif self.ended.is_set():
                return

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        self.socket.close()

    def of(self, source, protocol=TCP):
        return [p for p in list(self.packets) if p.source == source and p.protocol == protocol]
