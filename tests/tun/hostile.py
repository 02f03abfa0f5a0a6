"""Packets that nobody honest sends: how the tests build them (with scapy) and put them on the device."""

import hashlib
import os
import socket
import struct
import sys
import threading

try:
    from scapy.all import ICMP, IP, TCP, ICMPv6EchoRequest, IPv6, Raw, raw
except ImportError:  # Debian's package is for Debian's python
    if sys.executable == "/usr/bin/python3" or not os.path.exists("/usr/bin/python3"):
        print("SKIPPED: python3-scapy is not installed", file=sys.stderr)
        sys.exit(77)
    os.execv("/usr/bin/python3", ["/usr/bin/python3", "-B", *sys.argv])

import kernel_view
import puppet

from namespaces import LONG
from puppet import DEVICE, KERNEL, MEGABYTE, STACK, TunTest

ETHERTYPE = {4: 0x0800, 6: 0x86DD}
GROWTH_BOUND = 24 * MEGABYTE  # of the program, over a test: its queues and its reassembly are bounded below that
REASSEMBLY_BOUND = 4 * MEGABYTE  # host_config::reassembly_bytes
SEED = 20260101


def ip(version, source=None, **fields):
    fields = {"src": source or KERNEL[version], "dst": STACK[version], **fields}
    return IP(**fields) if version == 4 else IPv6(**fields)


class Injector:
    """Puts packets on the device as if the kernel had sent them."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def __call__(self, packet, version=None):
        packet = packet if isinstance(packet, bytes) else raw(packet)
        version = version or (6 if packet[:1] and packet[0] >> 4 == 6 else 4)
        self.socket.sendto(packet, (DEVICE, ETHERTYPE[version]))


class Position:
    """Where an idle connection stands, from its last packets: what an attacker on the path would know."""

    def __init__(self, watch, connection):
        self.kernel, self.port = connection.getsockname()[:2]
        self.stack, self.stack_port = connection.getpeername()[:2]
        self.version = 6 if ":" in self.kernel else 4
        ours = [p for p in watch.of(self.stack) if p.destination_port == self.port]
        theirs = [p for p in watch.of(self.kernel) if p.source_port == self.port]
        self.next = theirs[-1].sequence + len(theirs[-1].payload)  # the kernel's
        self.acknowledges = theirs[-1].acknowledges
        self.window = ours[-1].window
        self.timestamps = struct.unpack("!II", theirs[-1].options[8])

    def segment(self, flags, ahead=0, acknowledges=0, data=b"", stamped=True, **fields):
        options = [("NOP", None), ("NOP", None), ("Timestamp", self.timestamps)] if stamped else []
        fields = {"window": 500, "options": options, **fields}
        return ip(self.version) / TCP(sport=self.port, dport=self.stack_port, seq=(self.next + ahead) % 2**32,
                                      ack=(self.acknowledges + acknowledges) % 2**32, flags=flags,
                                      **fields) / Raw(data)


MALFORMED_OPTIONS = [
    b"\x02", b"\x02\x00", b"\x02\x01", b"\x02\x03\x05", b"\x02\x05\x05\xb4\x00", b"\x02\xff\x05\xb4",
    b"\x03\x00", b"\x03\x03\xff", b"\x03\x02", b"\x03\x04\x01\x01", b"\x04\x00", b"\x04\x03\x00", b"\x04\xff",
    b"\x05\x00", b"\x05\x02", b"\x05\x03\x00", b"\x05\x09" + bytes(7), b"\x05\x0a" + b"\xff" * 8,
    b"\x05\x22" + bytes(range(32)), b"\x05\x0a" + bytes(8), b"\x08\x00", b"\x08\x0a" + b"\xff" * 8, b"\x08\x09" + bytes(7),
    b"\x08\x0a", b"\xff" * 40, b"\xfe\x00", b"\x13\x12" + bytes(16), b"\x1d\x04\x00\x00", b"\x01" * 40, b"\x00" * 40,
    b"\x00\x02\x04\x05\xb4", b"\x22\x02", b"\x22\x22", b"\x02\x04\x00\x00", b"\x02\x04\x00\x01", b"\x03\x03\x0e" * 10,
]


def with_options(packet, options):
    """The TCP segment with exactly these bytes as options: scapy would mend them."""
    options = options[:40] + bytes(-len(options[:40]) % 4)
    whole = bytearray(raw(packet))
    size = 20 if whole[0] >> 4 == 4 else 40
    old = (whole[size + 12] >> 4) * 4
    whole[size + 20:size + old] = options
    whole[size + 12] = (20 + len(options)) // 4 << 4 | whole[size + 12] & 15
    return mended(whole)


def mended(whole):
    """Lengths and checksums made right again by scapy."""
    packet = IP(bytes(whole)) if whole[0] >> 4 == 4 else IPv6(bytes(whole))
    if packet.version == 4:
        del packet.len, packet.chksum
    else:
        del packet.plen
    size = 20 if packet.version == 4 else 40
    segment = bytearray(whole[size:])
    segment[16:18] = b"\0\0"
    pseudo = socket.inet_pton(socket.AF_INET if packet.version == 4 else socket.AF_INET6, packet.src) + \
        socket.inet_pton(socket.AF_INET if packet.version == 4 else socket.AF_INET6, packet.dst)
    pseudo += struct.pack("!HH", 6, len(segment)) if packet.version == 4 else struct.pack("!IHBB", len(segment), 0, 0, 6)
    segment[16:18] = struct.pack("!H", checksum(pseudo + bytes(segment)))
    packet.remove_payload()
    if packet.version == 6:
        packet.nh = 6
    return raw(packet / Raw(bytes(segment)))


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class HostileTest(TunTest):
    hostile = True

    def setUp(self):
        super().setUp()
        self.inject = self.enterContext(Injector())

    def wait_until_taken(self, watch, version=4, name=[0]):
        """Until the stack has worked off what came before an echo request."""
        name[0] += 1
        request = ICMP(id=7, seq=name[0]) if version == 4 else ICMPv6EchoRequest(id=7, seq=name[0])
        self.inject(ip(version) / request)
        reply = struct.pack("!HH", 7, name[0])
        kind = 0 if version == 4 else 129
        self.wait_until(lambda: any(p.body[4:8] == reply and p.body[0] == kind for p in
                                    watch.of(STACK[version], kernel_view.ICMP if version == 4 else kernel_view.ICMPV6)))

    def exchange(self, ours, connection, word="word"):
        """The connection is as it should be: one word each way, nothing else."""
        connection.sendall(word.encode())
        self.assertEqual(ours.call("hear", "c", 1000), word)
        ours.call("say", "c", word)
        self.assertEqual(connection.recv(1000), word.encode())

    def assert_nothing_left(self, ours, fragments=False):
        """When what the test has opened is closed, the host has what it had at its beginning: no connection or buffer of the
        attacker's, no call that waits. `fragments`: they stay for a minute, within their bound."""
        ours.call("reset_all")
        seen = {}

        def returned():
            seen.update(ours.held())
            now = {**seen, **({"reassembly": 0} if fragments and not LONG else {})}
            # UBSan opens a pipe for a moment when it meets a type: that may have been at the beginning.
            now["descriptors"] = max(now["descriptors"], ours.idle["descriptors"])
            return now == ours.idle

        self.wait_until(returned, seen=seen)
        self.assertLessEqual(seen["reassembly"], REASSEMBLY_BOUND)

    def assert_streams_survive(self, ours, connection, volley):
        """Both directions of a connection at once, while the volley is fired again and again."""
        ended = threading.Event()

        def fire():
            while not ended.is_set():
                for packet in volley:
                    try:
                        self.inject(packet)
                    except OSError:  # the device's queue is full: also a way to attack
                        break
                ended.wait(0.01)

        firing = threading.Thread(target=fire)
        firing.start()
        try:
            data = os.urandom(int(48 * MEGABYTE * puppet.SCALE))
            path = os.path.join(self.folder, "sent")
            with open(path, "wb") as file:
                file.write(data)
            receiving = ours.start("receive_file", "c", f"{self.folder}/received")
            sending = ours.start("send_file", "c", path)
            sender = threading.Thread(target=lambda: (connection.sendall(data), connection.shutdown(socket.SHUT_WR)))
            closer = threading.Thread(target=lambda: (sending.result(), ours.call("shutdown", "c", "send")))
            sender.start()
            closer.start()
            want = hashlib.sha256(data).hexdigest()
            self.assertEqual(hashlib.sha256(puppet.read_all(connection)).hexdigest(), want)
            sender.join()
            closer.join()
            receiving.result()
            self.assertEqual(puppet.sha256_of(f"{self.folder}/received"), want)
        finally:
            ended.set()
            firing.join()

    def settle(self, watch, connection):
        """Until the last acknowledgment has gone: the connection's numbers stand still then."""
        stack, port = connection.getpeername()[0], connection.getsockname()[1]
        self.wait_until_taken(watch, 6 if ":" in stack else 4)  # what came before is seen by now

        def at_rest():
            ours = [p for p in watch.of(stack) if p.destination_port == port]
            theirs = [p for p in watch.of(connection.getsockname()[0]) if p.source_port == port]
            return ours and theirs and \
                ours[-1].acknowledges == theirs[-1].sequence + len(theirs[-1].payload) and \
                theirs[-1].acknowledges == ours[-1].sequence + len(ours[-1].payload)

        self.wait_until(at_rest)
        return Position(watch, connection)


def mended_ip(whole):
    packet = IP(whole) if whole[0] >> 4 == 4 else IPv6(whole)
    body = whole[20 if packet.version == 4 else 40:]
    packet.remove_payload()
    if packet.version == 4:
        del packet.len, packet.chksum
    else:
        del packet.plen
        packet.nh = 6
    return raw(packet / Raw(body))
