#!/usr/bin/env python3
"""Connecting by name with real servers of names: dnsmasq, and one of our own that is slow, broken or silent.

    dns_test.py PEER

Runs itself again in network and mount namespaces of its own, with an /etc/resolv.conf of its own, which all end with it.
Needs root.
"""

import collections
import unittest

import dns_world
from name_server import A, AAAA
from dns_world import BROKEN, DNSMASQ, MANY, MUTE4, MUTE6, PORT, V4, V6, Door, Ended, at, resolver

LONG = 20000  # ms: a deadline that shall not pass, and shorter than a look-up that is never answered
TIME = r"\d+(\.\d)? m?s"


def asked_for(name):
    """What the server has been asked about a name, and about those below it and beside it by the search list."""
    return [question for question in dns_world.SERVER.asked if name in question[0]]


def on_every_network(test):
    def every(self):
        for network in dns_world.NETWORKS:
            with self.subTest(network=network):
                test(self, network)
    every.__doc__ = test.__doc__
    return every


class WithDnsmasq(unittest.TestCase):
    """The addresses of a name are raced."""

    def setUp(self):
        resolver(DNSMASQ)

    @on_every_network
    def test_the_first_address_that_answers_is_connected_to(self, network):
        with Door(V4, V6) as port:
            got = Ended(network, "connect", f"both.test:{port}")
            self.assertEqual(got["connected"], at(V6, port))
            self.assertEqual(got["descriptors"], "0")

    @on_every_network
    def test_where_ipv6_is_dead_ipv4_is_tried_after_the_delay(self, network):
        with Door(V4, MUTE6) as port:
            got = Ended(network, "connect", f"mute6.test:{port}", LONG, "attempt=250")
            self.assertEqual(got["connected"], at(V4, port))
            self.assertGreaterEqual(got.number("ms"), 250)
            self.assertEqual(got["descriptors"], "0")

    @on_every_network
    def test_where_ipv4_is_dead_ipv6_is_tried_after_the_delay(self, network):
        with Door(MUTE4, V6) as port:
            got = Ended(network, "connect", f"mute4.test:{port}", LONG, "attempt=100", "families=inet_first")
            self.assertEqual(got["connected"], at(V6, port))
            self.assertGreaterEqual(got.number("ms"), 100)
            self.assertEqual(got["descriptors"], "0")

    @on_every_network
    def test_an_address_that_refuses_costs_no_delay(self, network):
        with Door(V4) as port:
            got = Ended(network, "connect", f"both.test:{port}")
            self.assertEqual(got["connected"], at(V4, port))

    @on_every_network
    def test_the_error_names_every_address_and_why(self, network):
        port = 9
        got = Ended(network, "connect", f"both.test:{port}")
        self.assertEqual(got["error"], f"connect to both.test:{port}: {at(V6, port)}: Connection refused; "
                                       f"{at(V4, port)}: Connection refused")
        self.assertEqual((got["attempts"], got["descriptors"]), ("2", "0"))

    @on_every_network
    def test_a_deadline_in_the_middle_of_the_race(self, network):
        got = Ended(network, "connect", "mute.test:80", 700, "attempt=10")
        self.assertRegex(got["error"], rf"^connect to mute.test:80: \[{MUTE6}\]:80: timed out after {TIME}; "
                                       rf"{MUTE4}:80: timed out after {TIME}$")
        self.assertEqual((got["category"], got["code"], got["descriptors"]), ("cardea", "1", "0"))
        self.assertGreaterEqual(got.number("ms"), 700)

    @on_every_network
    def test_a_cancellation_in_the_middle_of_the_race(self, network):
        got = Ended(network, "cancel", "mute.test:80", 400)
        self.assertEqual((got["unwound"], got["descriptors"]), ("1", "0"))

    @on_every_network
    def test_the_one_of_twenty_that_listens_is_found(self, network):
        with Door(MANY[13]) as port:
            got = Ended(network, "connect", f"many.test:{port}")
            self.assertEqual(got["connected"], at(MANY[13], port))
            self.assertEqual(got["descriptors"], "0")

    @on_every_network
    def test_twenty_that_all_refuse_are_all_named(self, network):
        got = Ended(network, "connect", "many.test:9")
        self.assertEqual(got["attempts"], "20")
        for address in MANY:
            self.assertIn(f"{address}:9: Connection refused", got["error"])

    @on_every_network
    def test_no_such_name_and_a_name_without_address(self, network):
        for name in ("nobody.test", "nothing.test"):
            got = Ended(network, "connect", f"{name}:80")
            self.assertEqual(got["error"], f"connect to {name}:80: look-up of {name}: no such host name")


class Services(unittest.TestCase):
    def setUp(self):
        resolver(DNSMASQ)

    @on_every_network
    def test_priority_and_weight_give_the_order(self, network):
        got = collections.Counter(Ended(network, "srv", "_web._tcp.test", 200).all("servers"))
        self.assertEqual(set(got), {"one.test:8001 two.test:8002 three.test:8003 ",
                                    "two.test:8002 one.test:8001 three.test:8003 "})
        # 90 of 100, over 200 draws: outside of this once in many millions of runs.
        self.assertTrue(150 <= got["two.test:8002 one.test:8001 three.test:8003 "] <= 199, got)

    @on_every_network
    def test_connect_by_the_name_of_a_service(self, network):
        with Door(V6, port=PORT) as port:
            got = Ended(network, "connect", "_door._tcp.test", LONG, "attempt=50")
            self.assertEqual(got["connected"], at(V6, port))
            self.assertEqual(got["descriptors"], "0")

    @on_every_network
    def test_an_answer_too_long_for_a_datagram_comes_over_tcp(self, network):
        servers = Ended(network, "srv", "_long._tcp.test")["servers"].split()
        self.assertEqual(servers, [f"server-number-{n}.of.a.long.list.test:{n}" for n in range(1, 61)])

    @on_every_network
    def test_a_service_that_is_not_offered_and_one_that_is_not_known(self, network):
        self.assertIn("the domain does not offer this service", Ended(network, "srv", "_none._tcp.test")["error"])
        self.assertIn("no such host name", Ended(network, "srv", "_other._tcp.test")["error"])
        self.assertEqual(Ended(network, "connect", "_none._tcp.test")["error"],
                         "connect to _none._tcp.test: the domain does not offer this service")

    @on_every_network
    def test_records_that_make_no_sense_are_passed_over(self, network):
        resolver(BROKEN)
        self.assertEqual(Ended(network, "srv", "_odd._tcp.test")["servers"].split(), ["good.test:8000"])


class Reverse(unittest.TestCase):
    def setUp(self):
        resolver(DNSMASQ)

    @on_every_network
    def test_an_address_has_a_name(self, network):
        self.assertEqual(Ended(network, "reverse", at(V4, 80))["name"], "both.test")
        self.assertEqual(Ended(network, "reverse", at(V6, 80))["name"], "both.test")

    @on_every_network
    def test_an_address_without_a_name(self, network):
        self.assertEqual(Ended(network, "reverse", "192.0.2.77:80")["error"],
                         "reverse 192.0.2.77:80: no such host name")
        self.assertEqual(Ended(network, "reverse", "192.0.2.77:80", "numeric")["name"], "192.0.2.77")


class WithBrokenServers(unittest.TestCase):
    def setUp(self):
        resolver(BROKEN)

    @on_every_network
    def test_a_slow_server_is_waited_for(self, network):
        with Door(V4, V6) as port:
            got = Ended(network, "connect", f"slow.test:{port}")
            self.assertEqual(got["connected"], at(V6, port))
            self.assertGreaterEqual(got.number("ms"), 400)

    @on_every_network
    def test_a_deadline_in_the_middle_of_the_look_up(self, network):
        resolver(BROKEN)  # an abandoned look-up that held the process would exhaust the test's patience
        got = Ended(network, "connect", "silent.test:80", 300)
        self.assertRegex(got["error"], rf"^connect to silent.test:80: look-up of silent.test: timed out after {TIME}$")
        self.assertEqual((got["category"], got["code"]), ("cardea", "1"))

    @on_every_network
    def test_a_cancellation_in_the_middle_of_the_look_up(self, network):
        resolver(BROKEN)
        self.assertEqual(Ended(network, "cancel", "silent.test:80", 300)["unwound"], "1")

    @on_every_network
    def test_abandoned_look_ups_hold_up_nobody(self, network):
        resolver(BROKEN)
        # In each round more than the helper threads at work for somebody who waits.
        got = Ended(network, "abandon", "silent.test", "good.test:80", 40, 3)
        self.assertEqual(got["timed_out"], "120")
        self.assertEqual(got.all("address"), [at(V6, 80), at(V4, 80)])
        self.assertLess(got.number("threads"), 160)

    @on_every_network
    def test_answers_that_come_after_the_deadline_harm_nobody(self, network):
        got = Ended(network, "late", "slow.test:80", 50)
        self.assertEqual((got["timed_out"], got.all("address")), ("1", [at(V6, 80), at(V4, 80)]))

    @on_every_network
    def test_a_server_that_fails_is_no_answer(self, network):
        got = Ended(network, "connect", "failing.test:80")
        self.assertEqual(got["error"],
                         "connect to failing.test:80: look-up of failing.test: the name cannot be looked up now")

    @on_every_network
    def test_no_server_at_all(self, network):
        resolver("127.0.0.99", "timeout:1 attempts:1")
        for command in (("resolve", "good.test:80"), ("srv", "_web._tcp.test"), ("reverse", at(V4, 80))):
            self.assertIn("cannot be looked up now", Ended(network, *command)["error"])
        self.assertEqual(Ended(network, "reverse", at(V4, 80), "numeric")["name"], V4)

    @on_every_network
    def test_a_truncated_answer_is_asked_for_over_tcp(self, network):
        before = dns_world.SERVER.over_tcp
        with Door(V4, V6) as port:
            self.assertEqual(Ended(network, "connect", f"big.test:{port}")["connected"], at(V6, port))
        self.assertGreater(dns_world.SERVER.over_tcp, before)


class TheFamiliesApart(unittest.TestCase):
    """The look-up of one family does not hold up the other (RFC 8305 section 3). What a server never answers lasts longer
    than the deadline of each connect, and than the test's patience."""

    def setUp(self):
        resolver(BROKEN)

    @on_every_network
    def test_ipv6_silent(self, network):
        with Door(V4, V6) as port:
            got = Ended(network, "connect", f"silent6.test:{port}", LONG, "resolution=50")
            self.assertEqual((got["connected"], got["descriptors"]), (at(V4, port), "0"))

    @on_every_network
    def test_one_question_is_asked_once_at_a_time(self, network):
        name = f"{network}.silent6.test"
        with Door(V4, V6) as port:
            got = Ended(network, "again", f"{name}:{port}", 20, "resolution=50")
            self.assertEqual(got.all("connected"), [at(V4, port)] * 20)
            self.assertLess(got.number("threads"), 20)
        self.assertLessEqual(asked_for(name).count((name, AAAA)), dns_world.ATTEMPTS)

    @on_every_network
    def test_ipv4_silent(self, network):
        with Door(V4, V6) as port:
            got = Ended(network, "connect", f"silent4.test:{port}")
            self.assertEqual((got["connected"], got["descriptors"]), (at(V6, port), "0"))

    @on_every_network
    def test_ipv6_later_than_the_resolution_delay(self, network):
        with Door(V4, V6) as port:
            got = Ended(network, "connect", f"later6.test:{port}", LONG, "resolution=50")
            self.assertEqual((got["connected"], got["descriptors"]), (at(V4, port), "0"))

    @on_every_network
    def test_late_addresses_join_the_race(self, network):
        for name, wins in (("dead4.test", V6), ("dead6.test", V4)):
            with Door(wins) as port:
                got = Ended(network, "connect", f"{name}:{port}", LONG, "resolution=50", "attempt=250")
                self.assertEqual((got["connected"], got["descriptors"]), (at(wins, port), "0"))

    @on_every_network
    def test_one_that_fails_is_no_failure_if_the_other_is_answered(self, network):
        with Door(V4, V6) as port:
            self.assertEqual(Ended(network, "connect", f"half.test:{port}")["connected"], at(V4, port))

    @on_every_network
    def test_the_error_tells_which_one_failed(self, network):
        self.assertEqual(Ended(network, "connect", "half.test:9")["error"],
                         f"connect to half.test:9: {V4}:9: Connection refused; "
                         "look-up of half.test (IPv6): the name cannot be looked up now")
        self.assertRegex(Ended(network, "connect", "silent6.test:9", 1000, "resolution=1")["error"],
                         rf"^connect to silent6.test:9: {V4}:9: Connection refused; "
                         rf"look-up of silent6.test \(IPv6\): timed out after {TIME}$")

    @on_every_network
    def test_a_service_whose_host_has_a_silent_family(self, network):
        with Door(V4, V6, port=PORT) as port:
            got = Ended(network, "connect", "_half._tcp.test", LONG, "resolution=50")
            self.assertEqual(got["connected"], at(V4, port))

    @on_every_network
    def test_a_family_that_is_not_wanted_is_not_asked_for(self, network):
        name = f"{network}.good.test"
        with Door(V4, V6) as port:
            got = Ended(network, "connect", f"{name}:{port}", LONG, "families=inet")
            self.assertEqual(got["connected"], at(V4, port))
        self.assertEqual(asked_for(name), [(name, A)])

    @on_every_network
    def test_an_entry_in_hosts_hides_the_other_family(self, network):
        with Door(MANY[0], V6) as port:
            self.assertEqual(Ended(network, "connect", f"Listed.test:{port}")["connected"], at(MANY[0], port))
        self.assertEqual(asked_for("listed.test"), [])

    @on_every_network
    def test_the_search_list_completes_both_or_none(self, network):
        resolver(BROKEN, search="search.test")
        with Door(V4, V6) as port:
            # It has no IPv6 address; another host, by the search list, has one.
            self.assertEqual(Ended(network, "connect", f"old.pair.test:{port}")["connected"], at(V4, port))
            self.assertEqual({name for name, _ in asked_for("old.pair.test")}, {"old.pair.test"})
            self.assertEqual(Ended(network, "connect", f"short.part:{port}")["connected"], at(V6, port))
            self.assertEqual(Ended(network, "connect", f"short:{port}")["connected"], at(V6, port))
        self.assertIn("no such host name", Ended(network, "connect", "lost.part:80")["error"])


if __name__ == "__main__":
    dns_world.main()
