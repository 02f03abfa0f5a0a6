#!/usr/bin/env python3
"""What the stack and the kernel agree on, and what they do when one of them does not have it: window scaling,
timestamps, SACK, urgent data, and repair without waiting for a timeout. (ECN: ecn_test.py.)

    options_test.py FOLDER SCALE
"""

import os
import socket
import threading

import puppet
from kernel_view import SYN, URG, Counting, Watch, tcp_info
from namespaces import PATIENCE, sysctl
from puppet import DEVICE, MEGABYTE, STACK, TunTest, every_way, kernel_connects, read_all, sha256_of
from router import RouterTest

MSS, WINDOW_SCALE, SACK_PERMITTED, SACK, TIMESTAMPS = 2, 3, 4, 5, 8  # kinds of TCP options


class Agreed(TunTest):
    @every_way
    def test_everything_is_on(self, ours, connection):
        info = tcp_info(connection)
        self.assertTrue(info.timestamps and info.sack and info.window_scaling)
        self.assertFalse(info.ecn)  # nobody has asked for it
        self.assertGreater(info.send_shift, 0)

    def test_window_scale_is_used(self):
        """A window that fits no 16 bits is announced, and filled."""
        with Watch(DEVICE) as watch, kernel_connects(4) as (ours, connection):
            shift = tcp_info(connection).send_shift
            sent = connection.send(bytes(MEGABYTE // 2))
            self.wait_until(lambda: any(p.window << shift > 0xffff for p in watch.of(STACK[4]) if not p.has(SYN)))
            connection.shutdown(socket.SHUT_WR)
            self.assertEqual(ours.call("skip", "c"), str(sent))
        syns = [p for p in watch.of(STACK[4]) if p.has(SYN)]
        self.assertEqual({kind for p in syns for kind in p.options}, {MSS, WINDOW_SCALE, SACK_PERMITTED, TIMESTAMPS})
        self.assertEqual({p.options[WINDOW_SCALE][0] for p in syns}, {shift})


class NotAgreed(RouterTest):
    """The kernel goes without one of them, or all; streams pass all the same, under loss too."""

    def exchange(self, ours, connection):
        path = os.path.join(self.folder, "sent")
        with open(path, "wb") as file:
            file.write(os.urandom(int(2 * MEGABYTE * puppet.SCALE)))
        back = os.path.join(self.folder, "received")
        receiving = ours.start("receive_file", "c", back)
        with open(path, "rb") as file:
            connection.sendfile(file)
        connection.shutdown(socket.SHUT_WR)
        receiving.result()
        self.assertEqual(sha256_of(back), sha256_of(path))
        sending = ours.start("send_file", "c", path)
        sender = threading.Thread(target=lambda: (sending.result(), ours.call("close", "c")))
        sender.start()
        with open(path, "rb") as file:
            self.assertEqual(read_all(connection), file.read())
        sender.join()

    def without(self, attribute, **settings):
        self.lose(1)

        @every_way
        def case(self, ours, connection):
            for name in attribute:
                self.assertFalse(getattr(tcp_info(connection), name), name)
            self.exchange(ours, connection)

        with sysctl(self.far, **settings):
            case(self)

    def test_without_timestamps(self):
        self.without(["timestamps"], tcp_timestamps=0)

    def test_without_sack(self):
        self.without(["sack"], tcp_sack=0)

    def test_without_window_scaling(self):
        self.without(["window_scaling"], tcp_window_scaling=0)

    def test_without_any(self):
        self.without(["timestamps", "sack", "window_scaling"], tcp_timestamps=0, tcp_sack=0, tcp_window_scaling=0)


class Words(RouterTest):
    """What the words in the network's name switch on (docs/tun.md), under loss and marks."""

    def stream(self, *words, version):
        """A stream on a connection that the stack has made; what the kernel says of it."""
        address = self.addresses[version]
        with self.far.entered():
            door = socket.create_server((address, 0), family=puppet.FAMILY[version])
        path = os.path.join(self.folder, "sent")
        with open(path, "wb") as file:
            file.write(os.urandom(int(2 * MEGABYTE * puppet.SCALE)))
        with door, puppet.Puppet(",".join((puppet.NETWORK, *words))) as ours:
            door.settimeout(PATIENCE)
            ours.call("connect", "c", puppet.at(address, door.getsockname()[1]))
            connection, _ = door.accept()
            with connection:
                connection.settimeout(PATIENCE)
                sending = ours.start("send_file", "c", path)
                sender = threading.Thread(target=lambda: (sending.result(), ours.call("shutdown", "c", "send")))
                sender.start()
                with open(path, "rb") as file:
                    self.assertEqual(read_all(connection), file.read())
                sender.join()
                return tcp_info(connection)

    def test_rack_and_newreno(self):
        for words in (["rack=on"], ["congestion=newreno"], ["rack=on", "congestion=newreno"]):
            for version in (4, 6):
                with self.subTest(" ".join(words)):
                    self.lose(1)
                    self.stream(*words, version=version)
                    self.tearDown()


class Repair(RouterTest):
    """One segment of many is lost: the next acknowledgments say so, and it is sent again for that."""

    def lose_one(self, way):
        """The twentieth packet with data."""
        self.forwarding(f"{way} {{device}} meta length > 1000 numgen inc mod 1000000 == 20 drop")

    @every_way
    def test_of_what_the_kernel_sends(self, ours, connection):
        grown = Counting(self.far)
        receiving = ours.start("skip", "c")
        self.lose_one("oifname")
        connection.sendall(bytes(8 * MEGABYTE))
        connection.shutdown(socket.SHUT_WR)
        self.assertEqual(receiving.result(), str(8 * MEGABYTE))
        self.assertGreater(tcp_info(connection).resent, 0)
        # One that is descheduled may time out besides; what counts is that the loss was seen by its acknowledgments.
        self.assertGreater(grown["TcpExtTCPSackRecovery"], 0, grown.all())
        self.assertGreater(grown["TcpExtTCPFastRetrans"], 0)
        self.tearDown()

    @every_way
    def test_of_what_the_stack_sends(self, ours, connection):
        path = os.path.join(self.folder, "sent")
        with open(path, "wb") as file:
            file.write(os.urandom(8 * MEGABYTE))
        stack, port = connection.getpeername()[0], connection.getsockname()[1]
        with Watch(DEVICE) as watch:
            self.lose_one("iifname")
            sending = ours.start("send_file", "c", path)
            left = 8 * MEGABYTE
            while left > 0:
                left -= len(connection.recv(MEGABYTE))
            sending.result()
        resent = self.first_resent([p for p in watch.of(stack) if p.destination_port == port and p.payload])
        self.assertIsNotNone(resent)
        info = ours.info("c")
        self.assertGreaterEqual(info["fast_recoveries"], 1, info)
        self.assertGreaterEqual(info["resends"], 1, info)
        # RFC 6675: the receiver has named what came after the loss, and the resend answers that.
        before = watch.packets[:watch.packets.index(resent)]
        told = [p for p in before if p.source_port == port and p.acknowledges == resent.sequence and SACK in p.options]
        self.assertGreater(len(told), 0)
        self.tearDown()

    @staticmethod
    def first_resent(data):
        """The first segment that begins before the end of what was sent."""
        end = None
        for p in data:
            if end is not None and (p.sequence - end) % 2**32 >= 2**31:
                return p
            end = (p.sequence + len(p.payload)) % 2**32
        return None


class UrgentData(TunTest):
    """MSG_OOB. RFC 6093 section 6: the stack delivers it in its place in the stream, as SO_OOBINLINE does."""

    @every_way
    def test_from_the_kernel_stays_in_line(self, ours, connection):
        with Watch(DEVICE) as watch:
            connection.sendall(b"before")
            connection.send(b"!", socket.MSG_OOB)
            connection.sendall(b"after")
            connection.shutdown(socket.SHUT_WR)
            heard = ""
            while piece := ours.call("hear", "c", 100):
                heard += piece
        self.assertTrue(any(p.has(URG) for p in watch.of(connection.getsockname()[0])))
        self.assertEqual(heard, "before!after")


if __name__ == "__main__":
    puppet.main()
