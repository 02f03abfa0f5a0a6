"""http_files: what curl and wrk ask for arrives, over connections that are kept; nothing outside of the folder does."""

import os
import re
import subprocess

import harness
import servers
from servers import on_every_network


class HttpFiles(servers.ServerTest):
    def web(self, network):
        root = self.folder / "root"
        if not root.exists():
            root.mkdir()
            (root / "page.html").write_text("<p>hello</p>\n")
            (root / "two words.txt").write_text("two words\n")
            (root / "empty").write_bytes(b"")
            (root / "big.bin").write_bytes(os.urandom(3_000_000))
            (root / "sub").mkdir()
            (root / "sub" / "index.html").write_text("index\n")
            (self.folder / "secret").write_text("secret\n")
            (self.folder / "root2").mkdir()
            (self.folder / "root2" / "secret").write_text("secret\n")
            (root / "link").symlink_to(self.folder / "secret")
        server, where = self.server(network, "http_files", root, "127.0.0.1:0")
        return root, server, where

    def curl(self, *arguments):
        done = subprocess.run(["curl", "-sS", "--noproxy", "*", "--path-as-is", *map(str, arguments)],
                              capture_output=True, timeout=harness.PATIENCE, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, b""), arguments)
        return done.stdout

    def status(self, where, request):
        client = self.client(where)
        client.socket.sendall(request)
        return client.hear()[9:12]

    @on_every_network
    def test_curl(self, network):
        root, server, where = self.web(network)
        self.assertEqual(self.curl(f"http://{where}/page.html"), b"<p>hello</p>\n")
        self.assertEqual(self.curl(f"http://{where}/two%20words.txt?a=b"), b"two words\n")
        self.assertEqual(self.curl(f"http://{where}/sub"), b"index\n")
        self.assertEqual(self.curl(f"http://{where}/empty"), b"")
        self.assertEqual(harness.sha256(self.curl(f"http://{where}/big.bin")),
                         harness.sha256((root / "big.bin").read_bytes()))
        head = self.curl("-I", f"http://{where}/page.html").decode()
        self.assertRegex(head, r"\AHTTP/1.1 200 OK\r\nContent-Length: 13\r\nContent-Type: text/html; charset=utf-8\r\n")
        # One connection for all of them.
        used = self.curl("-o", "/dev/null", "-o", "/dev/null", "-o", "/dev/null", "-w", "%{num_connects} %{http_code},",
                         f"http://{where}/page.html", f"http://{where}/nothing", f"http://{where}/big.bin")
        self.assertEqual(used, b"1 200,0 404,0 200,")
        self.assertEqual(self.curl("-0", f"http://{where}/page.html"), b"<p>hello</p>\n")
        self.end_with(server)

    @on_every_network
    def test_parts(self, network):
        root, server, where = self.web(network)
        big, url = (root / "big.bin").read_bytes(), f"http://{where}/big.bin"
        size = len(big)
        self.assertIn(b"\r\nAccept-Ranges: bytes\r\n", self.curl("-I", url))
        for asked, begin, end in (("0-0", 0, 1), ("10-19", 10, 20), (f"{size - 10}-", size - 10, size), ("-7", size - 7, size),
                                  (f"-{size + 1}", 0, size), (f"1000-{size + 5}", 1000, size)):
            fields = self.folder / "fields"
            self.assertEqual(harness.sha256(self.curl("-r", asked, "-D", fields, url)), harness.sha256(big[begin:end]), asked)
            self.assertIn("HTTP/1.1 206 Partial Content\r\n", fields.read_bytes().decode())
            self.assertIn(f"\r\nContent-Range: bytes {begin}-{end - 1}/{size}\r\n", fields.read_bytes().decode())
        for nothing in (f"{size}-", "-0", f"{size}-{size + 9}"):
            answer = self.curl("-i", "-H", f"Range: bytes={nothing}", url)
            self.assertTrue(answer.startswith(b"HTTP/1.1 416 "), answer)
            self.assertIn(f"\r\nContent-Range: bytes */{size}\r\n".encode(), answer)
        whole = ("-o", "/dev/null", "-w", "%{http_code} %{size_download}")
        for ignored in ("bytes=5-4", "bytes=a-b", "bytes=-", "bytes=1", "bytes=1-2,4-5", "lines=1-2",
                        "bytes=99999999999999999999-"):
            self.assertEqual(self.curl(*whole, "-H", f"Range: {ignored}", url), f"200 {size}".encode(), ignored)
        # Where curl stopped, it goes on; and not with another version of the file (If-Range).
        half = self.folder / "half"
        half.write_bytes(big[:1_000_000])
        self.curl("-C", "-", "-o", half, url)
        self.assertEqual(harness.sha256(half.read_bytes()), harness.sha256(big))
        date = re.search(rb"Last-Modified: (.*)\r\n", self.curl("-I", url))[1].decode()
        self.assertEqual(self.curl(*whole, "-r", "0-9", "-H", f"If-Range: {date}", url), b"206 10")
        self.assertEqual(self.curl(*whole, "-r", "0-9", "-H", "If-Range: Sun, 06 Nov 1994 08:49:37 GMT", url),
                         f"200 {size}".encode())
        self.end_with(server)

    @on_every_network
    def test_what_has_not_changed_is_not_sent(self, network):
        root, server, where = self.web(network)
        url, code = f"http://{where}/page.html", ("-w", "%{http_code}")
        os.utime(root / "page.html", (784111777, 784111777))
        self.assertIn(b"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n", self.curl("-I", url))
        for since, answer in (("Sun, 06 Nov 1994 08:49:37 GMT", b"304"), ("Mon, 07 Nov 1994 00:00:00 GMT", b"304"),
                              ("Sun, 06 Nov 1994 08:49:36 GMT", b"<p>hello</p>\n200")):
            self.assertEqual(self.curl(*code, "-z", since, url), answer, since)
        self.assertEqual(self.curl(*code, "-H", "If-Modified-Since: yesterday", url), b"<p>hello</p>\n200")
        # By the date of the copy that is there; the connection goes on behind an answer without a body.
        copy = self.folder / "copy"
        self.curl("-R", "-o", copy, url)
        self.assertEqual(self.curl("-w", "%{num_connects} %{http_code},", "-z", copy, "-o", "/dev/null", "-o", "/dev/null",
                                   url, url), b"1 304,0 304,")
        self.end_with(server)

    @on_every_network
    def test_what_is_refused(self, network):
        _, server, where = self.web(network)
        code = ("-o", "/dev/null", "-w", "%{http_code}")
        for path in ("nothing", "../secret", "%2e%2e/secret", "sub/../../secret", "../root2/secret", "link", "/etc/passwd",
                     ".."):
            self.assertEqual(self.curl(*code, f"http://{where}/{path}"), b"404", path)
        self.assertEqual(self.curl(*code, f"http://{where}/%zz"), b"400")
        self.assertEqual(self.curl(*code, f"http://{where}/page.html%00"), b"400")
        self.assertIn(b"Allow: GET, HEAD\r\n", self.curl("-i", "-X", "DELETE", f"http://{where}/page.html"))
        self.assertEqual(self.curl(*code, "-d", "text", f"http://{where}/page.html"), b"413")
        host = b"Host: x\r\n"
        for request, status in ((b"GET /page.html HTTP/1.1\r\n\r\n", "400"), (b"nonsense\r\n\r\n", "400"),
                                (b"GET /page.html HTTP/1.1\r\n" + host + host + b"\r\n", "400"),
                                (b"GET /page.html HTTP/1.1\r\nConnection: close\r\n\r\n", "400"),
                                (b"GET http://x/page.html HTTP/1.1\r\n" + host + b"\r\n", "200"),
                                (b"GET HTTP://x?y HTTP/1.1\r\n" + host + b"\r\n", "404"),
                                (b"GET ftp://x/page.html HTTP/1.1\r\n" + host + b"\r\n", "400"),
                                (b"GET /page.html HTTP/1.1\r\n" + host + b"bad name: 1\r\n\r\n", "400"),
                                (b"GET /page.html HTTP/2.0\r\n" + host + b"\r\n", "400"),
                                (b"GET /" + b"x" * 10_000 + b" HTTP/1.1\r\n" + host + b"\r\n", "431"),
                                (b"GET / HTTP/1.1\r\n" + host + b"a: b\r\n" * 200 + b"\r\n", "431")):
            self.assertEqual(self.status(where, request), status, request[:60])
        self.end_with(server)

    @on_every_network
    def test_requests_in_a_row(self, network):
        _, server, where = self.web(network)
        client = self.client(where)
        client.socket.sendall(b"GET /page.html HTTP/1.1\r\nHost: x\r\n\r\n" * 3 +
                              b"HEAD /page.html HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        heard = client.hear_all()
        self.assertEqual((heard.count(b"200 OK"), heard.count(b"<p>hello</p>")), (4, 3))
        self.assertTrue(heard.endswith(b"Connection: close\r\n\r\n"))
        self.end_with(server)

    @on_every_network
    def test_wrk(self, network):
        _, server, where = self.web(network)
        done = subprocess.run(["wrk", "-t1", "-c20", "-d1s", f"http://{where}/page.html"], capture_output=True, text=True,
                              timeout=harness.PATIENCE, check=True)
        self.assertRegex(done.stdout, r"\d+ requests in")
        self.assertIsNone(re.search("Socket errors|Non-2xx", done.stdout), done.stdout)
        self.end_with(server)


if __name__ == "__main__":
    harness.main()
