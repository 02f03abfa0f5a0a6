#!/usr/bin/env python3
"""More connect than a listener's queue takes: ours with the kernel's clients, and the kernel's with ours. Whoever keeps
asking is served in the end, and what was said meanwhile arrives as it was said.

    crowd_test.py FOLDER SCALE
"""

import errno
import hashlib
import os
import socket

import puppet
from kernel_view import ACK, SYN, Counting, Watch
from link import LinkTest
from namespaces import PATIENCE, sysctl
from puppet import DEVICE, FAMILY, KERNEL, STACK, Puppet, TunTest, at, read_all, sha256_of


class OurListener(TunTest):
    """SYNs beyond the queue get no answer, are sent again, and are served in their turn."""

    backlog, crowd = 2, 8
    room = backlog + 1  # as Linux has it

    def client(self, version):
        client = socket.socket(FAMILY[version])
        self.addCleanup(client.close)
        client.settimeout(PATIENCE)
        return client

    def test_all_are_served_in_the_end(self):
        """Over both versions at once: each has a listener of its own."""
        with Puppet() as ours, Watch(DEVICE) as watch:
            clients = {version: self.gather(ours, version) for version in (4, 6)}
            late = self.crowd - self.room
            for version in (4, 6):
                self.wait_until(lambda v=version: len(self.syns(watch, v)) >= self.crowd + late)
                answered = {p.destination_port for p in watch.of(STACK[version]) if p.has(SYN | ACK)}
                self.assertEqual(answered, {c.getsockname()[1] for c in clients[version][:self.room]})
            for i in range(self.crowd):
                for version in (4, 6):
                    ours.call("accept", f"l{version}", f"c{version}{i}")
                    ours.call("say", f"c{version}{i}", "welcome")
            for client in clients[4] + clients[6]:
                client.settimeout(PATIENCE)
                self.assertEqual(client.recv(100), b"welcome")

    def gather(self, ours, version):
        where = (STACK[version], 7)
        ours.call("listen", f"l{version}", at(*where), self.backlog)
        clients = [self.client(version) for _ in range(self.crowd)]
        for client in clients[:self.room]:
            client.connect(where)
        for client in clients[self.room:]:
            client.setblocking(False)
            self.assertEqual(client.connect_ex(where), errno.EINPROGRESS)
        return clients

    def syns(self, watch, version):
        return [p for p in watch.of(KERNEL[version]) if p.has(SYN)]


class OurCookies(LinkTest):
    """Over a link on which all SYNs are under way before the first handshake is over, RFC 4987's cookies make the
    connections for which there is no room among the half-open ones. They carry data as any other."""

    half_open, crowd = 256, 400

    def test_whoever_gets_in_is_heard_right(self):
        self.link("delay=80")
        for version in (4, 6):
            with self.subTest(f"IPv{version}"), Puppet() as ours, Watch(DEVICE) as watch:
                ours.call("listen", "l", at(STACK[version], 7), 2 * self.crowd)
                clients = [self.connect(version) for _ in range(self.crowd)]
                accepting = [ours.start("accept", "l", f"c{i}") for i in range(self.crowd)]
                names = {call.result(): f"c{i}" for i, call in enumerate(accepting)}
                synacks = {p.destination_port: p for p in watch.of(STACK[version]) if p.has(SYN | ACK)}
                acks = [p for p in watch.of(self.addresses[version]) if p.destination_port == 7 and not p.has(SYN)]
                self.assertEqual((len(names), len(synacks)), (self.crowd, self.crowd))
                # More were answered before the first handshake was over than are kept half-open.
                early = watch.packets[:watch.packets.index(acks[0])]
                self.assertGreater(len([p for p in early if p.has(SYN | ACK)]), self.half_open)
                # A cookie keeps the options in the low bits of its timestamp: nothing of them is lost.
                self.assertEqual({tuple(sorted(p.options)) for p in synacks.values()}, {(2, 3, 4, 8)})
                some = clients[::40] + clients[-6:]  # the last ones are the cookies' for certain
                self.exchange(ours, {names[at(*client.getsockname()[:2])]: client for client in some})
                for client in clients:
                    client.close()

    def connect(self, version):
        with self.far.entered():
            client = socket.socket(FAMILY[version])
        self.addCleanup(client.close)
        client.setblocking(False)
        self.assertEqual(client.connect_ex((STACK[version], 7)), errno.EINPROGRESS)
        return client

    def exchange(self, ours, clients):
        """More than a segment and than a first window, both ways, all at the same time."""
        data = os.urandom(50_000)
        want = hashlib.sha256(data).hexdigest()
        path = os.path.join(self.folder, "sent")
        with open(path, "wb") as file:
            file.write(data)
        calls = {name: (ours.start("receive_file", name, os.path.join(self.folder, name)),
                        ours.start("send_file", name, path)) for name in clients}
        for client in clients.values():
            client.setblocking(True)
            client.settimeout(PATIENCE)
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
        for name, client in clients.items():
            for call in calls[name]:
                self.assertEqual(call.result(), str(len(data)))
            self.assertEqual(sha256_of(os.path.join(self.folder, name)), want)
            ours.call("close", name)
            self.assertEqual(hashlib.sha256(read_all(client)).hexdigest(), want)


class TheKernelsListener(LinkTest):
    """Linux answers SYNs for as long as its accept queue has room, and drops the handshakes' last ACKs when it has none
    (net.ipv4.tcp_abort_on_overflow = 0): the client believes itself connected, the server knows nothing of it."""

    backlog = 4  # the queue takes one more

    def wave(self, ours, version, port, names):
        """All of them connect at once: the link is slow enough that their SYNs arrive before their ACKs."""
        calls = [ours.start("connect", name, at(self.addresses[version], port)) for name in names]
        for call in calls:
            call.result()

    def door(self, version):
        with self.far.entered():
            door = socket.create_server((self.addresses[version], 0), family=FAMILY[version], backlog=self.backlog)
        self.addCleanup(door.close)
        door.settimeout(PATIENCE)
        return door

    def serve(self, ours, door, names, talkers):
        """Every one is accepted, and hears; what the talkers have said long since comes first. By the client's port."""
        ports = {int(ours.call("local", name).rpartition(":")[2]): name for name in names}
        hearing = {name: ours.start("hear", name, 100) for name in names}
        for _ in names:
            connection, (_, port, *_) = door.accept()
            with connection:
                connection.settimeout(PATIENCE)
                name = ports.pop(port)
                if name in talkers:
                    self.assertEqual(connection.recv(100), f"hello-from-{name}".encode())
                connection.sendall(f"welcome-{name}".encode())
                self.assertEqual(hearing[name].result(), f"welcome-{name}")

    def test_a_dropped_ack_is_sent_again_when_the_syn_ack_is(self):
        """RFC 9293 section 3.10.7.4: a segment that is not acceptable, as the SYN-ACK that comes again, is answered by
        an ACK. That alone gets those served who wait for the server to speak first."""
        self.link("delay=20")
        count = 2 * self.backlog
        dropped = count - self.backlog - 1
        with sysctl(self.far, tcp_syncookies=0), Puppet() as ours, Watch(DEVICE) as watch:
            grown, doors = Counting(self.far), {version: self.door(version) for version in (4, 6)}
            names = {version: [f"c{version}{i}" for i in range(count)] for version in doors}
            for version, door in doors.items():
                port = door.getsockname()[1]
                self.wave(ours, version, port, names[version][:self.backlog])
                self.wave(ours, version, port, names[version][self.backlog:])  # one has room, the others' ACKs are dropped
                for name in names[version][-2:]:
                    ours.call("say", name, f"hello-from-{name}")
            for version, door in doors.items():  # both have waited by then
                port = door.getsockname()[1]
                self.wait_until(lambda v=version, p=port: len(self.answered_again(watch, v, p)) >= dropped)
            self.assertGreaterEqual(grown["TcpExtListenOverflows"], 2 * dropped)
            for version, door in doors.items():
                self.serve(ours, door, names[version], names[version][-2:])

    def answered_again(self, watch, version, port):
        """The stack's ports whose SYN-ACK came twice, and an ACK after that."""
        times, answered = {}, set()
        for p in list(watch.packets):
            if p.source == self.addresses[version] and p.has(SYN | ACK):
                times[p.destination_port] = times.get(p.destination_port, 0) + 1
            elif p.destination_port == port and p.has(ACK) and times.get(p.source_port, 0) >= 2:
                answered.add(p.source_port)
        return answered

    def test_with_cookies_of_the_kernel_who_speaks_is_heard(self):
        """Linux keeps nothing of a handshake that it has answered with a cookie, so there is no SYN-ACK to send again:
        nobody's client could save a connection whose only ACK was dropped and that says nothing. One that says something
        sends it again, each time with the cookie, until there is room."""
        self.link("delay=20")
        for version in (4, 6):
            with self.subTest(f"IPv{version}"), sysctl(self.far, tcp_syncookies=1), Puppet() as ours:
                door, grown = self.door(version), Counting(self.far)
                names = [f"c{i}" for i in range(4 * self.backlog)]
                self.wave(ours, version, door.getsockname()[1], names)
                self.assertGreater(grown["TcpExtSyncookiesSent"], 0)
                for name in names:
                    ours.call("say", name, f"hello-from-{name}")
                self.wait_until(lambda: grown["TcpExtListenOverflows"] >= 2 * len(names))
                self.serve(ours, door, names, names)
                self.assertGreater(grown["TcpExtSyncookiesRecv"], 0)


if __name__ == "__main__":
    puppet.main()
