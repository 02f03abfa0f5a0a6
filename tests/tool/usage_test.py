"""The command line itself: help, version, info; mistakes are answered in one line that names the cause."""

import re
import unittest

import harness

# What was typed, the exit code, and what standard error says.
MISTAKES = [
    (["frobnicate"], 2, r"frobnicate"),
    (["connect"], 2, r"ADDRESS is required"),
    (["connect", "127.0.0.1"], 2, r"127\.0\.0\.1.*port"),
    (["connect", "127.0.0.1:http:80"], 2, r"127\.0\.0\.1:http:80"),
    (["connect", "127.0.0.1:99999"], 2, r"99999"),
    (["connect", "127.0.0.1:7", "--timeout", "soon"], 2, r"'soon' is no duration"),
    (["connect", "127.0.0.1:7", "--timeout", "-1s"], 2, r"'-1s' is no duration"),
    (["listen", "example.invalid:7"], 2, r"example\.invalid"),
    (["listen", "unix:" + "x" * 200], 2, r"x"),
    (["serve", "echo"], 2, r"ADDRESS is required"),
    (["serve", "coffee", "127.0.0.1:0"], 2, r"coffee"),
    (["serve", "echo", "127.0.0.1:0", "--threads", "0"], 2, r"--threads"),
    (["serve", "echo", "127.0.0.1:0", "here"], 2, r"here"),
    (["serve", "echo", "127.0.0.1:0", "--network", "thread"], 2, r"--network"),
    (["demo", "--network", "carrier-pigeon"], 2, r"carrier-pigeon"),
    (["demo", "--width", "3"], 2, r"--width"),
    (["--network", "carrier-pigeon", "info"], 2, r"'carrier-pigeon' is no network: there are thread, uring"),
    (["--network", "sim", "listen", "127.0.0.1:0"], 2, r"--network sim is not for listen"),
    (["--capture", "x.pcapng", "demo"], 2, r"--capture needs packets of Cardea's own"),
    (["--network", "sim", "--capture", "/nowhere/x.pcapng", "demo"], 1, r"open the capture '/nowhere/x.pcapng': No such"),
    (["listen", "192.0.2.1:7"], 1, r"192\.0\.2\.1:7: Cannot assign requested address"),
    (["listen", "--udp", "192.0.2.1:7"], 1, r"192\.0\.2\.1:7: Cannot assign requested address"),
    (["serve", "echo", "192.0.2.1:7"], 1, r"192\.0\.2\.1:7: Cannot assign requested address"),
    (["connect", "nobody.invalid:7"], 1, r"connect to nobody\.invalid:7: "),
]


class Usage(harness.ToolTest):
    def test_mistakes(self):
        for arguments, code, says in MISTAKES:
            with self.subTest(arguments):
                got, output, errors = harness.run(*arguments)
                self.assertEqual((got, output), (code, ""), errors)
                self.assertRegex(errors, r"\Acardea: [^\n]*\n\Z")
                self.assertRegex(errors, says)

    def test_no_arguments_at_all(self):
        code, output, errors = harness.run()
        self.assertEqual((code, output), (2, ""))
        self.assertIn("cardea demo", errors)

    def test_help_of_everything(self):
        code, text, _ = harness.run("--help")
        self.assertEqual(code, 0)
        commands = re.findall(r"^  (\w+)  +[A-Z]", text.split("Subcommands:")[1], re.M)
        self.assertEqual(commands, ["demo", "serve", "connect", "listen", "info"])
        for command in commands:
            with self.subTest(command):
                code, text, _ = harness.run(command, "--help")
                self.assertEqual(code, 0)
                self.assertIn(f"cardea {command}", text)

    def test_version(self):
        code, text, _ = harness.run("--version")
        self.assertEqual(code, 0)
        self.assertRegex(text, r"\Acardea \d+\.\d+\.\d+\n\Z")

    def test_info_says_which_network_and_why(self):
        code, text, _ = harness.run("info", env={"CARDEA_NETWORK": ""})
        self.assertEqual(code, 0)
        best = "uring" if "uring" in harness.usable_networks() else "epoll"
        self.assertRegex(text, rf"(?m)^  in a loop +{best} +the best that works")
        for line in ("system", "CPUs", "  thread", "  uring", "  epoll", "  sim", "  tun", "  open files", "  listen queue"):
            self.assertRegex(text, rf"(?m)^{line} +\S")
        _, text, _ = harness.run("info", env={"CARDEA_NETWORK": "epoll"})
        self.assertRegex(text, r"(?m)^  in a loop +epoll +CARDEA_NETWORK=epoll")
        _, text, _ = harness.run("--network", "sim", "info")
        self.assertRegex(text, r"(?m)^  in a loop +sim +--network sim")

    def test_info_says_why_tun_is_not_usable(self):
        _, text, _ = harness.run("info")
        self.assertRegex(text, r"(?m)^  tun +(usable +/dev/net/tun, (no )?CAP_NET_ADMIN|not here +open /dev/net/tun): ")


if __name__ == "__main__":
    harness.main()
