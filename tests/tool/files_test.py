"""cardea serve files: what curl and raw requests get, and what nobody gets."""

import os
import subprocess
import unittest

import harness


class Files(harness.ToolTest):
    def setUp(self):
        super().setUp()
        self.shown = self.folder / "shown"
        (self.shown / "sub folder").mkdir(parents=True)
        (self.shown / "page.txt").write_text("a page\n")
        (self.shown / "sub folder" / "index.html").write_text("<p>index")
        (self.shown / "empty").write_bytes(b"")
        (self.folder / "secret").write_text("not for you\n")
        (self.shown / "way-out").symlink_to(self.folder / "secret")
        self.server = self.start("serve", "files", "127.0.0.1:0", "--directory", self.shown, "--threads", "1")
        self.where = self.server.wait_line(r"listening on tcp (\S+)").group(1)

    def curl(self, *arguments):
        done = subprocess.run(["curl", "-sS", "--noproxy", "*", "--path-as-is", *arguments], capture_output=True,
                              timeout=harness.PATIENCE, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def get(self, path, *arguments):
        """(status, body)"""
        out = self.curl("-w", "\n%{http_code}", *arguments, f"http://{self.where}{path}")
        body, _, status = out.rpartition(b"\n")
        return int(status), body

    def raw(self, request):
        with harness.tcp_client(self.where) as s:
            s.sendall(request)
            return harness.receive_all(s)

    def test_files_and_folders(self):
        big = self.random_file("shown/big.bin", 3_000_000)
        self.assertEqual(self.get("/page.txt"), (200, b"a page\n"))
        self.assertEqual(self.get("/page.txt?query=ignored"), (200, b"a page\n"))
        self.assertEqual(self.get("/empty"), (200, b""))
        self.assertEqual(self.get("/sub%20folder/"), (200, b"<p>index"))
        self.assertEqual(self.get("/sub%20folder", "-L"), (200, b"<p>index"))
        self.assertEqual(harness.sha256(self.get("/big.bin")[1]), harness.sha256(big.read_bytes()))

    def test_a_listing_can_be_followed(self):
        (self.shown / "<odd> & \"name\"").write_text("odd\n")
        status, page = self.get("/")
        self.assertEqual(status, 200)
        self.assertIn(b'<a href="sub%20folder/">sub folder/</a>', page)
        self.assertIn(b'<a href="%3Codd%3E%20%26%20%22name%22">&lt;odd&gt; &amp; &quot;name&quot;</a>', page)
        self.assertEqual(self.get("/%3Codd%3E%20%26%20%22name%22"), (200, b"odd\n"))

    def test_nothing_outside_of_the_folder(self):
        for path in ("/../secret", "/%2e%2e/secret", "/sub%20folder/../../secret", "//etc/passwd", "/way-out",
                     "/..%2fsecret", "/nowhere"):
            with self.subTest(path):
                status, body = self.get(path)
                self.assertEqual(status, 404)
                self.assertNotIn(b"not for you", body)

    def test_head_has_no_body(self):
        answer = self.raw(b"HEAD /page.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer)
        self.assertIn(b"\r\nContent-Length: 7\r\n", answer)
        self.assertTrue(answer.endswith(b"\r\n\r\n"), answer)

    def test_ranges(self):
        data = self.random_file("shown/data", 100_000).read_bytes()
        for asked, begin, end in (("0-0", 0, 1), ("10-19", 10, 20), ("99990-", 99_990, 100_000),
                                  ("-7", 99_993, 100_000), ("-200000", 0, 100_000), ("50000-999999", 50_000, 100_000)):
            with self.subTest(asked):
                headers = self.folder / "headers"
                self.assertEqual(self.get("/data", "-r", asked, "-D", headers), (206, data[begin:end]))
                self.assertIn(f"Content-Range: bytes {begin}-{end - 1}/100000", headers.read_text())
        for nothing in ("100000-", "100000-100001", "-0"):
            self.assertEqual(self.get("/data", "-H", f"Range: bytes={nothing}")[0], 416)
        for ignored in ("bytes=5-4", "bytes=", "bytes=a-b", "bytes=-", "bytes=1-2,4-5", "lines=1-2", "bytes=1",
                        "bytes=99999999999999999999-"):
            self.assertEqual(self.get("/data", "-H", f"Range: {ignored}"), (200, data))
        self.assertEqual(self.get("/data", "-r", "1-2", "-H", 'If-Range: "x"'), (200, data))
        self.assertEqual(self.get("/empty", "-r", "0-")[0], 416)
        self.assertIn(b"HTTP/1.1 200", self.raw(b"HEAD /data HTTP/1.0\r\nRange: bytes=1-2\r\n\r\n"))

    def test_curl_goes_on_where_it_stopped(self):
        data = self.random_file("shown/data", 1_000_000).read_bytes()
        half = self.folder / "half"
        half.write_bytes(data[:400_000])
        self.curl("-C", "-", "-o", half, f"http://{self.where}/data")
        self.assertEqual(harness.sha256(half.read_bytes()), harness.sha256(data))

    def test_wrk_has_no_errors(self):
        self.random_file("shown/data", 20_000)
        for path in ("/page.txt", "/data"):
            wrk = self.program("wrk", "--threads", "1", "--connections", "20", "--duration", "1s", "--timeout", "30s",
                               f"http://{self.where}{path}", watch="stdout")
            self.assertEqual(wrk.wait(), 0)
            said = wrk.rest()
            self.assertRegex(said, r"\b[1-9]\d* requests in")
            self.assertNotRegex(said, "Socket errors|Non-2xx")

    def test_requests_in_one_connection(self):
        one = b"GET /page.txt HTTP/1.1\r\nHost: x\r\n\r\n"
        last = b"GET /page.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        self.assertEqual(self.raw(one * 50 + last + one).count(b"a page\n"), 51)

    def test_a_connection_closes_when_it_is_asked_to(self):
        for field in (b"connection:close", b"Connection:  Close", b"Connection: upgrade, close"):
            with self.subTest(field):
                answer = self.raw(b"GET /page.txt HTTP/1.1\r\nHost: x\r\n" + field + b"\r\n\r\n")
                self.assertTrue(answer.endswith(b"a page\n"))

    def test_requests_in_pieces(self):
        with harness.tcp_client(self.where) as s:
            for byte in b"GET /page.txt HTTP/1.0\r\n\r\n":
                s.sendall(bytes([byte]))
            self.assertTrue(harness.receive_all(s).endswith(b"\r\n\r\na page\n"))

    def test_what_is_no_request(self):
        for request, status in ((b"hello\r\n\r\n", b"400"), (b"GET page.txt HTTP/1.1\r\n\r\n", b"400"),
                                (b"GET /page.txt HTTP/2.0\r\n\r\n", b"400"), (b"GET /% HTTP/1.0\r\n\r\n", b"400"),
                                (b"GET /a%00b HTTP/1.0\r\n\r\n", b"400"), (b"GET /page.txt HTTP/1.1\r\n\r\n", b"400"),
                                (b"GET /page.txt HTTP/1.1\r\nhost:x\r\n\r\n", b"200"), (b"\r\n\r\n", b"400"),
                                (b"POST /page.txt HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello", b"405")):
            with self.subTest(request):
                with harness.tcp_client(self.where) as s:
                    s.sendall(request)
                    self.assertEqual(s.recv(12), b"HTTP/1.1 " + status)

    def test_a_head_without_end_is_refused(self):
        with harness.tcp_client(self.where) as s:
            s.sendall(b"GET /page.txt HTTP/1.1\r\n" + b"X: " + b"y" * 20_000)
            self.assertEqual(s.recv(12), b"HTTP/1.1 400")

    def test_a_device_is_no_file(self):
        os.mkfifo(self.shown / "pipe")
        self.assertEqual(self.get("/pipe")[0], 403)

    def tearDown(self):
        self.end_with(self.server)


class Mistakes(harness.ToolTest):
    def test_no_such_folder(self):
        code, _, errors = harness.run("serve", "files", "127.0.0.1:0", "--directory", "/nowhere/at/all")
        self.assertEqual(code, 2)
        self.assertIn("/nowhere/at/all", errors)


if __name__ == "__main__":
    harness.main()
