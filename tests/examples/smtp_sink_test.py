"""smtp_sink: messages from curl and from Python's smtplib arrive byte for byte; what RFC 5321 forbids is refused."""

import smtplib
import subprocess

import harness
import servers
from servers import on_every_network

MESSAGE = b"Subject: dots\r\n\r\n.\r\n..two\r\nthe end\r\n.x\r\n"


class Smtp(servers.ServerTest):
    def sink(self, network):
        sink, where = self.server(network, "smtp_sink", "127.0.0.1:0", self.folder)
        return sink, where

    def kept(self, sink, sender, *recipients):
        match = sink.wait_line(r"\Amessage (\d+): (\d+) bytes from <" + sender + "> to" +
                               "".join(f" <{r}>" for r in recipients) + r"\Z")
        data = (self.folder / f"{match.group(1)}.eml").read_bytes()
        self.assertEqual(len(data), int(match.group(2)))
        return data

    def session(self, where, *lines):
        """The last line that answers each of these."""
        client = self.client(where)
        self.assertRegex(client.hear(), r"\A220 ")
        answers = []
        for line in lines:
            client.socket.sendall(line + b"\r\n")
            answer = client.hear()
            while answer[3:4] == "-":
                answer = client.hear()
            answers.append(answer[:3])
        client.socket.close()
        return answers

    @on_every_network
    def test_curl(self, network):
        sink, where = self.sink(network)
        mail = self.folder / "mail.txt"
        mail.write_bytes(MESSAGE.replace(b"\r\n", b"\n"))
        done = subprocess.run(["curl", "-sS", "--noproxy", "*", "--crlf", f"smtp://{where}", "--mail-from",
                               "ann@example.org", "--mail-rcpt", "bob@example.org", "--mail-rcpt", "cid@example.org",
                               "-T", mail], capture_output=True, timeout=harness.PATIENCE, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(self.kept(sink, "ann@example.org", "bob@example.org", "cid@example.org"), MESSAGE)
        self.end_with(sink)

    @on_every_network
    def test_smtplib(self, network):
        sink, where = self.sink(network)
        host, port = where.rsplit(":", 1)
        with smtplib.SMTP(host, int(port), timeout=harness.PATIENCE) as client:
            client.sendmail("ann@example.org", ["bob@example.org"], MESSAGE)
            self.assertEqual(self.kept(sink, "ann@example.org", "bob@example.org"), MESSAGE)
            big = b"Subject: big\r\n\r\n" + (b"y" * 900 + b"\r\n") * 5000
            client.sendmail("", ["bob@example.org"], big)  # over the same connection; a bounce has no sender
            self.assertEqual(harness.sha256(self.kept(sink, "", "bob@example.org")), harness.sha256(big))
            self.assertTrue(client.has_extn("pipelining") and client.has_extn("8bitmime"))
            self.assertEqual(client.esmtp_features["size"], "10000000")
            with self.assertRaises(smtplib.SMTPDataError) as refused:
                client.sendmail("ann@example.org", ["bob@example.org"], b"y" * 900 + (b"y" * 900 + b"\r\n") * 12_000)
            self.assertEqual(refused.exception.smtp_code, 552)
            self.assertEqual(client.noop()[0], 250)
        self.end_with(sink)

    @on_every_network
    def test_the_order_of_commands(self, network):
        _, where = self.sink(network)
        self.assertEqual(self.session(where, b"helo me", b"RCPT TO:<b@x>", b"DATA", b"mail from:<a@x>",
                                      b"MAIL FROM:<a@x>", b"DATA", b"RCPT TO:<>", b"RCPT TO:b", b"RCPT TO:<b@x>",
                                      b"RSET", b"DATA", b"VRFY b", b"HUH", b"NOOP", b"quit"),
                         "250 503 503 250 503 503 501 501 250 250 503 252 500 250 221".split())
        self.assertEqual(self.session(where, b"EHLO me", b"MAIL FROM:<a@x>", *[b"RCPT TO:<b@x>"] * 101)[-2:],
                         ["250", "452"])

    @on_every_network
    def test_everything_at_once(self, network):
        sink, where = self.sink(network)
        client = self.client(where)
        client.socket.sendall(b"EHLO me\r\n" + (b"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n" + MESSAGE.replace(
            b"\r\n.", b"\r\n..") + b".\r\n") * 3 + b"QUIT\r\nNOOP\r\n")
        answers = client.hear_all().decode().split("\r\n")
        self.assertEqual([a[:3] for a in answers if a[3:4] == " "], ["220", "250"] + ["250", "250", "354", "250"] * 3 +
                         ["221"])
        for _ in range(3):
            self.assertEqual(self.kept(sink, "a@x", "b@x"), MESSAGE)

    @on_every_network
    def test_what_is_refused(self, network):
        sink, where = self.sink(network)
        start = (b"EHLO me", b"MAIL FROM:<a@x>", b"RCPT TO:<b@x>", b"DATA")
        smuggled = b"one\n.\nMAIL FROM:<evil@x>\r\n."
        self.assertEqual(self.session(where, *start, smuggled)[-1], "554")
        self.assertEqual(self.session(where, *start, b"x" * 5000)[-1], "500")
        self.assertEqual(self.session(where, b"EHLO me", b"MAIL FROM:<a@x\nmessage 9: forged>", b"MAIL FROM:<a@x>",
                                      b"RCPT TO:<b\r@x>", b"RCPT TO:<b@x>", b"NOOP\n", b"NOOP"),
                         "250 500 250 500 250 500 250".split())
        cut_off = self.client(where)
        cut_off.socket.sendall(b"\r\n".join(start) + b"\r\nhalf of it\r\n.")  # no end of line: not the end
        cut_off.half_close()
        self.assertNotIn(b"250 it is", cut_off.hear_all())
        self.end_with(sink)
        self.assertEqual(list(self.folder.glob("*.eml")), [])

    @on_every_network
    def test_what_cannot_be_kept_is_not_accepted(self, network):
        sink, where = self.server(network, "smtp_sink", "127.0.0.1:0", self.folder / "no such folder")
        start = (b"EHLO me", b"MAIL FROM:<a@x>", b"RCPT TO:<b@x>", b"DATA")
        self.assertEqual(self.session(where, *start, b"text\r\n.", b"NOOP")[-2:], ["451", "250"])
        full, where = self.server(network, "smtp_sink", "127.0.0.1:0", self.full_disk())
        self.assertEqual(self.session(where, *start, b"text\r\n.")[-1], "451")
        for server in sink, full:
            self.end_with(server)

    def full_disk(self):
        """A folder whose first file cannot be written to."""
        folder = self.folder / "full"
        if not folder.exists():
            folder.mkdir()
        (folder / "1.eml").unlink(missing_ok=True)
        (folder / "1.eml").symlink_to("/dev/full")
        return folder


if __name__ == "__main__":
    harness.main()
