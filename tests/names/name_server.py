"""A server of names that is slow, broken or silent on request: what dnsmasq does not do."""

import socket
import socketserver
import struct
import threading

A, PTR, AAAA, SRV = 1, 12, 28, 33
SERVFAIL, NXDOMAIN = 2, 3
TRUNCATED = 0x0200


def encoded(name):
    labels = [label.encode() for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def question(query):
    """The name and the type asked for, and where the question ends (RFC 1035 section 4.1.2)."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
        at += 1 + query[at]
    return ".".join(labels), struct.unpack_from("!H", query, at + 1)[0], at + 5


def response(query, end, answers=(), code=0, flags=0):
    """`answers`: pairs of a type and its data."""
    head = query[:2] + struct.pack("!HHHHH", 0x8180 | flags | code, 1, len(answers), 0, 0)
    records = b"".join(struct.pack("!HHHIH", 0xC00C, kind, 1, 1, len(data)) + data for kind, data in answers)
    return head + query[12:end] + records


class NameServer:
    """Answers at ADDRESS, port 53, UDP and TCP, as behaviours say: a function of (type, over TCP) for each name or
    parent of it. It returns answers, a code, "silence", "truncated", or a pair of a delay in seconds and one of those.
    """

    def __init__(self, address, behaviours):
        self.behaviours = behaviours
        self.over_tcp = 0
        self.asked = []  # pairs of a name and a type
        outer = self

        class Datagrams(socketserver.BaseRequestHandler):
            def handle(self):
                query, door = self.request
                outer.act(query, False, lambda data: door.sendto(data, self.client_address))

        class Streams(socketserver.StreamRequestHandler):
            def handle(self):
                while size := self.rfile.read(2):
                    query = self.rfile.read(struct.unpack("!H", size)[0])
                    outer.over_tcp += 1
                    outer.act(query, True, lambda data: self.wfile.write(struct.pack("!H", len(data)) + data))

        socketserver.ThreadingTCPServer.allow_reuse_address = True
        self.servers = [socketserver.ThreadingUDPServer((address, 53), Datagrams),
                        socketserver.ThreadingTCPServer((address, 53), Streams)]
        for server in self.servers:
            server.daemon_threads = True
            server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    def behaviour(self, name):
        while name not in self.behaviours and "." in name:
            name = name.split(".", 1)[1]
        return self.behaviours.get(name, lambda kind, tcp: NXDOMAIN)

    def act(self, query, tcp, send):
        name, kind, end = question(query)
        self.asked.append((name, kind))
        what = self.behaviour(name)(kind, tcp)
        delay = 0
        if isinstance(what, tuple):
            delay, what = what
        if what == "silence":
            return
        if what == "truncated":
            data = response(query, end, flags=TRUNCATED)
        elif isinstance(what, int):
            data = response(query, end, code=what)
        else:
            data = response(query, end, answers=what)
        if delay:
            later = threading.Timer(delay, send, (data,))
            later.daemon = True
            later.start()
        else:
            send(data)

    def close(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()
