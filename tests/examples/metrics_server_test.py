"""metrics_server: curl and Prometheus' own parser read its page, whose numbers are those of what was echoed."""

import os
import re
import signal
import subprocess
import sys

import harness
import servers
from servers import on_every_network

try:
    from prometheus_client.parser import text_string_to_metric_families
except ImportError:  # Debian's package is for Debian's python
    if sys.executable != "/usr/bin/python3" and os.path.exists("/usr/bin/python3"):
        os.execv("/usr/bin/python3", ["/usr/bin/python3", "-B", *sys.argv])
    print("skipped: python3-prometheus-client is not installed")
    sys.exit(77)


class Metrics(servers.ServerTest):
    def start(self, network):
        server = self.enterContext(harness.Program(
            harness.EXAMPLES / "metrics_server", "127.0.0.1:0", "127.0.0.1:0", watch="stdout",
            env={"CARDEA_NETWORK": network}))
        said = [server.wait_line(r"is ready at|metrics are at").string for _ in range(2)]
        page = next(re.search(r"http://\S+", line).group() for line in said if "http://" in line)
        where = next(re.search(r"is ready at (\S+)", line).group(1) for line in said if "ready" in line)
        return server, where, page

    def scrape(self, page):
        got = subprocess.run(["curl", "-sSi", page], capture_output=True, text=True, timeout=60, check=True).stdout
        head, body = got.split("\n\n", 1) if "\n\n" in got else got.split("\r\n\r\n", 1)
        self.assertIn("Content-Type: text/plain; version=0.0.4", head)
        samples = {}
        for family in text_string_to_metric_families(body):
            self.assertTrue(family.documentation, family.name)
            self.assertIn(family.type, ("counter", "gauge", "histogram"))
            for sample in family.samples:
                samples[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
        return samples

    @on_every_network
    def test_the_page_tells_what_was_echoed(self, network):
        server, where, page = self.start(network)
        before = self.scrape(page)
        client = self.client(where)
        client.socket.sendall(b"x" * 5000)
        received = 0
        while received < 5000:
            received += len(client.socket.recv(5000))
        now = self.scrape(page)
        sent = now["cardea_sent_bytes_total", ()] - before["cardea_sent_bytes_total", ()]
        self.assertGreaterEqual(sent, 5000)  # and the first page
        self.assertEqual(now["cardea_open_sockets", ()] - before["cardea_open_sockets", ()], 1)
        loops = {dict(labels)["network"] for name, labels in now if name == "cardea_loop_fibers"}
        self.assertEqual(loops, {network})
        counts = [value for (name, labels), value in sorted(now.items(), key=lambda s: float(dict(s[0][1]).get("le", 0)))
                  if name == "cardea_loop_latency_seconds_bucket"]
        self.assertEqual(counts, sorted(counts), "a histogram's buckets are cumulative")
        self.assertEqual(counts[-1], now["cardea_loop_latency_seconds_count", ()])
        client.half_close()
        self.end_with(server)

    def test_what_else_is_asked_for(self):
        server, _, page = self.start("epoll")
        status = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}"]
        for arguments, wanted in (([page.replace("/metrics", "/")], "404"), (["-d", "x", page], "405")):
            done = subprocess.run([*status, *arguments], capture_output=True, text=True, timeout=60, check=True)
            self.assertEqual(done.stdout, wanted)
        self.end_with(server)

    def test_without_a_place_for_the_page_it_does_not_serve(self):
        taken, _, page = self.start("epoll")
        address = page.removeprefix("http://").removesuffix("/metrics")
        done = subprocess.run([str(harness.EXAMPLES / "metrics_server"), "127.0.0.1:0", address],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertIn(f"metrics_server: listen on {address}: Address already in use", done.stderr)
        self.end_with(taken)

    def test_sigquit_tells_what_fibers_wait_for(self):
        both = 'exec "$0" 127.0.0.1:0 127.0.0.1:0 2>&1'
        server = self.enterContext(harness.Program("sh", "-c", both, harness.EXAMPLES / "metrics_server",
                                                   watch="stdout"))
        said = [server.wait_line(r"is ready at|metrics are at").string for _ in range(2)]
        # Whoever has answered accepts, and waits for the next one.
        self.scrape(next(re.search(r"http://\S+", line).group() for line in said if "http://" in line))
        server.send_signal(signal.SIGQUIT)
        server.wait_line("SIGQUIT: what every fiber waits for")
        server.wait_line(r"accept on 127\.0\.0\.1:\d+")
        self.end_with(server)


if __name__ == "__main__":
    harness.main()
