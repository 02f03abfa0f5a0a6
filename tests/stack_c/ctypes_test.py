"""A handshake, a request and a reset with packets made by hand, through libcardea-stack.so and ctypes.

ctypes_test.py LIBRARY: the peer is this program; it shares no code with the stack.
"""

import ctypes
import errno
import socket
import struct
import sys

HOST, PEER = socket.inet_aton("192.0.2.1"), socket.inet_aton("192.0.2.2")
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
MILLISECOND = 1_000_000


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packet(source_port, port, seq, ack, flags, payload=b"", options=b""):
    """An IPv4 packet from the peer to the host."""
    offset = (20 + len(options)) // 4 << 4
    tcp = struct.pack("!HHIIBBHHH", source_port, port, seq, ack, offset, flags, 65535, 0, 0) + options + payload
    pseudo = PEER + HOST + struct.pack("!BBH", 0, socket.IPPROTO_TCP, len(tcp))
    tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, socket.IPPROTO_TCP, 0) + PEER + HOST
    return ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + tcp


class Segment:
    def __init__(self, data):
        assert data[0] == 0x45 and checksum(data[:20]) == 0, "an IPv4 header with a good checksum"
        assert (data[12:16], data[16:20]) == (HOST, PEER)
        tcp = data[20:]
        assert checksum(HOST + PEER + struct.pack("!BBH", 0, socket.IPPROTO_TCP, len(tcp)) + tcp) == 0
        self.source_port, self.port, self.seq, self.ack, offset, self.flags = struct.unpack("!HHIIBB", tcp[:14])
        self.payload = tcp[(offset >> 4) * 4:]


class Stack:
    """cardea_stack.h as far as this test needs it."""

    def __init__(self, library):
        lib = ctypes.CDLL(library, use_errno=True)
        for name in ("config_new", "new", "begin_connect", "begin_recv"):
            getattr(lib, "cardea_stack_" + name).restype = ctypes.c_void_p
        for name in ("take", "send", "recv", "call_finish"):
            getattr(lib, "cardea_stack_" + name).restype = ctypes.c_ssize_t
        for name in ("now", "next_deadline", "call_done_at"):
            getattr(lib, "cardea_stack_" + name).restype = ctypes.c_int64
        lib.cardea_stack_version.restype = ctypes.c_char_p
        self.lib, self.clock = lib, 0
        config = ctypes.c_void_p(lib.cardea_stack_config_new())
        for name, value in (("address", "192.0.2.1/24"), ("seed", "7"), ("timestamps", "off")):
            assert lib.cardea_stack_config_set(config, name.encode(), value.encode()) == 0
        self.handle = ctypes.c_void_p(lib.cardea_stack_new(config))
        lib.cardea_stack_config_free(config)

    def call(self, name, *arguments):
        """The result, or the negative errno."""
        result = getattr(self.lib, "cardea_stack_" + name)(self.handle, *arguments)
        return -ctypes.get_errno() if result == -1 else result

    def begin(self, name, *arguments):
        return ctypes.c_void_p(getattr(self.lib, "cardea_stack_begin_" + name)(self.handle, *arguments))

    def finish(self, call):
        result = self.lib.cardea_stack_call_finish(call, None, None)
        return -ctypes.get_errno() if result == -1 else result

    def feed(self, data, after=0):
        self.clock += after
        assert self.call("feed", data, ctypes.c_size_t(len(data)), None, ctypes.c_int64(self.clock)) == 0

    def take(self):
        buffer = ctypes.create_string_buffer(65536)
        size = self.call("take", buffer, ctypes.c_size_t(len(buffer)), None)
        return Segment(buffer.raw[:size]) if size else None


def address(port):
    """A struct sockaddr_in of the peer."""
    return struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + PEER + bytes(8)


def main():
    s = Stack(sys.argv[1])
    assert s.lib.cardea_stack_version().count(b".") == 2
    fd = s.call("socket", int(socket.AF_INET), int(socket.SOCK_STREAM), 0)
    assert fd == 3, fd
    assert s.call("recv", fd, ctypes.create_string_buffer(4), ctypes.c_size_t(4), 0) == -errno.ENOTCONN
    connecting = s.begin("connect", fd, address(80), 16)
    syn = s.take()
    assert syn.flags == SYN and syn.port == 80
    assert not s.lib.cardea_stack_call_done(connecting)

    s.feed(packet(80, syn.source_port, 5000, syn.seq + 1, SYN | ACK, options=b"\2\4\5\xb4"), after=20 * MILLISECOND)
    assert s.lib.cardea_stack_call_done(connecting)
    assert s.lib.cardea_stack_call_done_at(connecting) == 20 * MILLISECOND
    assert s.finish(connecting) == 0
    last = s.take()
    assert (last.flags, last.seq, last.ack) == (ACK, (syn.seq + 1) % 2**32, 5001)

    assert s.call("send", fd, b"GET", ctypes.c_size_t(3), 0) == 3
    request = s.take()
    assert request.payload == b"GET" and request.flags == ACK | PSH

    buffer = ctypes.create_string_buffer(16)
    receiving = s.begin("recv", fd, buffer, ctypes.c_size_t(16), 0)
    s.feed(packet(80, syn.source_port, 5001, syn.seq + 4, ACK | PSH, b"200"), after=20 * MILLISECOND)
    assert s.finish(receiving) == 3 and buffer.raw[:3] == b"200"

    receiving = s.begin("recv", fd, buffer, ctypes.c_size_t(16), 0)
    s.feed(packet(80, syn.source_port, 5004, syn.seq + 4, RST | ACK))
    assert s.finish(receiving) == -errno.ECONNRESET
    receiving = s.begin("recv", 17, buffer, ctypes.c_size_t(16), 0)
    assert s.finish(receiving) == -errno.EBADF
    s.lib.cardea_stack_free(s.handle)


if __name__ == "__main__":
    main()
