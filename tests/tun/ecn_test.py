#!/usr/bin/env python3
"""Explicit congestion notification (RFC 3168), asked for by either side: a router that marks, played by the packet
filter, slows the sender down without losing anything.

    ecn_test.py FOLDER SCALE
"""

import contextlib
import hashlib
import os
import socket
import threading

import puppet
from kernel_view import CWR, ECE, SYN, Counting, Watch, tcp_info
from namespaces import sysctl
from puppet import DEVICE, MEGABYTE, NETWORK, STACK, kernel_connects, read_all, stack_connects
from router import RouterTest

SIZE = 8 * MEGABYTE
TRIES = 10
ECT, CE = (1, 2), 3  # the last two bits of the traffic class
# Who asks: Linux when tcp_ecn is 1 (2: it only agrees), the stack when ecn=active.
ASKING = {"the kernel asks": (1, kernel_connects, NETWORK), "the stack asks": (2, stack_connects, NETWORK + ",ecn=active")}


class CongestionNotification(RouterTest):
    def mark(self, way, every=20):
        """Every so many packets that say that they may be marked."""
        self.forwarding(*(f"{way} {{device}} {ip} ecn ect0 numgen inc mod {every} == 7 {ip} ecn set ce"
                          for ip in ("ip", "ip6")))

    @contextlib.contextmanager
    def connection(self, asking, version):
        tcp_ecn, connect, network = ASKING[asking]
        with sysctl(self.far, tcp_ecn=tcp_ecn, tcp_ecn_fallback=0), Watch(DEVICE) as watch, \
                connect(version, self.far, self.addresses, network=network) as (ours, connection):
            self.assertTrue(tcp_info(connection).ecn)
            self.assertEqual(ours.info("c")["ecn"], 1)
            yield ours, connection, watch

    def each_way(self, way, case):
        """`case(asking, version)` says whether anything was sent again: a busy machine's packets may overtake each other,
        or come later than the sender's timers allow for. Then a reduced window shows nothing, and it is tried again.
        """
        for asking in ASKING:
            for version in (4, 6):
                with self.subTest(f"{asking}, IPv{version}"):
                    for _ in range(TRIES):
                        self.mark(way)
                        sent_again = case(asking, version)
                        self.tearDown()
                        if not sent_again:
                            break
                    else:
                        self.fail(f"{TRIES} times something was sent again")

    def test_marks_towards_the_kernel_slow_the_stack_down(self):
        path = os.path.join(self.folder, "sent")
        with open(path, "wb") as file:
            file.write(os.urandom(SIZE))
        expected = puppet.sha256_of(path)

        def case(asking, version):
            with self.connection(asking, version) as (ours, connection, watch):
                self.assertEqual(ours.info("c")["ssthresh"], 0)
                sending = ours.start("send_file", "c", path)
                sender = threading.Thread(target=lambda: (sending.result(), ours.call("shutdown", "c", "send")))
                sender.start()
                self.assertEqual(hashlib.sha256(read_all(connection)).hexdigest(), expected)
                sender.join()
                info = ours.info("c")
            if info["resends"] > 0:
                return True
            self.assertGreater(info["ssthresh"], 0)  # the window was halved, or near it, and not for a loss
            data = [p for p in watch.of(STACK[version]) if p.payload]
            self.assertEqual({p.traffic_class & 3 in ECT for p in data}, {True})
            echoes = [p for p in watch.of(self.addresses[version]) if p.has(ECE) and not p.has(SYN)]
            self.assertGreater(len(echoes), 0)
            reduced = next(p for p in data if p.has(CWR))
            self.assertGreater(watch.packets.index(reduced), watch.packets.index(echoes[0]))
            return False

        self.each_way("iifname", case)

    def test_marks_towards_the_stack_are_echoed(self):
        data = os.urandom(SIZE)

        def case(asking, version):
            grown = Counting(self.far)
            with self.connection(asking, version) as (ours, connection, watch):
                back = os.path.join(self.folder, "received")
                receiving = ours.start("receive_file", "c", back)
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                receiving.result()
                self.assertEqual(puppet.sha256_of(back), hashlib.sha256(data).hexdigest())
                info = tcp_info(connection)
            if info.resent > 0:
                return True
            self.assertLess(info.threshold, 2**31 - 1)
            theirs = [p for p in watch.of(self.addresses[version]) if p.payload]
            self.assertIn(CE, {p.traffic_class & 3 for p in theirs})
            marked = next(p for p in theirs if p.traffic_class & 3 == CE)
            echo = next(p for p in watch.of(STACK[version]) if p.has(ECE) and not p.has(SYN))
            self.assertGreater(watch.packets.index(echo), watch.packets.index(marked))
            reduced = next(p for p in theirs if p.has(CWR))
            self.assertGreater(watch.packets.index(reduced), watch.packets.index(echo))
            self.assertGreater(grown["TcpExtTCPDeliveredCE"], 0)
            # What only acknowledges, and SYNs, may not be marked (RFC 3168 sections 5.2 and 6.1.4).
            bare = [p for p in watch.of(STACK[version]) if not p.payload]
            self.assertEqual({p.traffic_class & 3 for p in bare}, {0})
            return False

        self.each_way("oifname", case)

    def test_who_asks_says_so_in_its_syn(self):
        for version in (4, 6):
            with self.connection("the stack asks", version) as (_, _, watch):
                pass
            syn = next(p for p in watch.of(STACK[version]) if p.has(SYN))
            self.assertTrue(syn.has(ECE | CWR))

    def test_off_does_not_agree(self):
        for version in (4, 6):
            with sysctl(self.far, tcp_ecn=1), \
                    kernel_connects(version, self.far, network=NETWORK + ",ecn=off") as (ours, connection):
                self.assertFalse(tcp_info(connection).ecn)
                self.assertEqual(ours.info("c")["ecn"], 0)


if __name__ == "__main__":
    puppet.main()
