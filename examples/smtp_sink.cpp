// A mail server that takes every message and delivers none (RFC 5321): for trying out programs that send mail.
//     smtp_sink 127.0.0.1:2525 FOLDER
//     curl --crlf smtp://127.0.0.1:2525 --mail-from a@example.org --mail-rcpt b@example.org -T message.txt
// Each message is a line on the output and, if a folder is given, a file in it. Everything is bounded: lines,
// recipients, the size of a message, and how long a client may be silent.
#include <atomic>
#include <cardea/cardea.hpp>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "server.hpp"

using namespace cardea;

namespace {

constexpr std::size_t longest_line = 4096;  // RFC 5321 section 4.5.3.1.6 asks for 1000; many senders go beyond
constexpr std::size_t most_recipients = 100;
constexpr std::size_t largest_message = 10'000'000;

std::atomic<unsigned> messages = 0;

struct envelope {
    bool open = false;  // MAIL was accepted; the sender may be empty
    std::string sender;
    std::vector<std::string> recipients;
};

class session {
  public:
    session(tcp_stream& peer, std::string folder) : stream_(peer), folder_(std::move(folder)) {}

    void run() {
        say("220 the sink is ready");
        try {
            while (const auto line = in_.next()) {
                if (!obey(*line)) break;
            }
        } catch (const error& e) {
            if (e.code() != errc::too_long) throw;
            say("500 that line is too long");
        }
        stream_.flush();
    }

  private:
    // False: it was QUIT.
    bool obey(std::string_view line) {
        // Two servers in a row must not see different lines in the same bytes (section 2.3.8).
        if (has_bare_end(line)) return say("500 lines end with CR LF"), true;
        std::string verb(line.substr(0, line.find(' ')));
        for (char& c : verb) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        if (verb == "EHLO") {
            mail_ = {};
            say("250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE " + std::to_string(largest_message));
        } else if (verb == "HELO" || verb == "RSET") {
            mail_ = {};
            say("250 ok");
        } else if (verb == "MAIL") {
            take_sender(line);
        } else if (verb == "RCPT") {
            take_recipient(line);
        } else if (verb == "DATA") {
            mail_.recipients.empty() ? say("503 RCPT first") : take_message();
        } else if (verb == "NOOP" || verb == "VRFY") {
            say(verb == "NOOP" ? "250 ok" : "252 send it, then we shall see");
        } else if (verb == "QUIT") {
            say("221 bye");
        } else {
            say("500 what?");
        }
        return verb != "QUIT";
    }

    static bool has_bare_end(std::string_view line) { return line.find_first_of("\r\n") != std::string_view::npos; }
    // What stands between the angle brackets; false: there are none.
    static bool path_of(std::string_view line, std::string& out) {
        const std::size_t begin = line.find('<');
        const std::size_t end = line.find('>');
        if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return false;
        out = line.substr(begin + 1, end - begin - 1);
        return true;
    }
    void take_sender(std::string_view line) {
        if (mail_.open) return say("503 one message at a time");
        if (!path_of(line, mail_.sender)) return say("501 MAIL FROM:<address>");
        mail_.open = true;
        say("250 ok");
    }
    void take_recipient(std::string_view line) {
        std::string recipient;
        if (!mail_.open) return say("503 MAIL first");
        if (mail_.recipients.size() == most_recipients) return say("452 too many recipients");
        if (!path_of(line, recipient) || recipient.empty()) return say("501 RCPT TO:<address>");
        mail_.recipients.push_back(recipient);
        say("250 ok");
    }

    // Up to the line with nothing but a full stop; one that begins others is taken off (section 4.5.2).
    void take_message() {
        say("354 go on, then a full stop on a line of its own");
        std::string text;
        const char* refusal = nullptr;
        for (;;) {
            const auto line = in_.next();
            if (!line || !in_.terminated()) return;  // cut off: the message is the client's still
            if (*line == ".") break;
            // A bare CR or LF can hide a second message.
            if (has_bare_end(*line)) refusal = "554 lines end with CR LF";
            if (text.size() + line->size() + 2 > largest_message) refusal = "552 the message is too large";
            if (refusal == nullptr) text.append(line->substr(line->starts_with('.') ? 1 : 0)).append("\r\n");
        }
        if (refusal == nullptr && !keep(text)) refusal = "451 it could not be written: try again later";
        mail_ = {};
        say(refusal != nullptr ? refusal : "250 it is in the sink");
    }
    // Only a message that is kept may be answered 250 (section 4.2.5): the client forgets it then.
    bool keep(const std::string& text) {
        const std::string number = std::to_string(++messages);
        std::string line =
            "message " + number + ": " + std::to_string(text.size()) + " bytes from <" + mail_.sender + "> to";
        for (const std::string& recipient : mail_.recipients) line += " <" + recipient + ">";
        if (!folder_.empty()) {
            const std::string path = folder_ + "/" + number + ".eml";
            std::ofstream file(path, std::ios::binary);
            file << text;
            file.close();
            if (!file) return std::remove(path.c_str()), false;
        }
        std::cout << line + "\n" << std::flush;
        return true;
    }

    // Answers wait while another command is there already: a client may send many at once (PIPELINING, RFC 2920).
    void say(const std::string& line) {
        stream_.send_all(line + "\r\n");
        if (stream_.buffered_reader::buffered().text().find('\n') == std::string_view::npos) stream_.flush();
    }

    buffered_stream stream_;
    line_reader in_{stream_, longest_line, line_end::crlf};
    std::string folder_;
    envelope mail_;
};

}  // namespace

int main(int argc, char** argv) {
    const std::string folder = argc > 2 ? argv[2] : "";
    serve_options options;
    options.idle = std::chrono::minutes(5);  // section 4.5.3.2.7
    return serve_anywhere(
        "smtp_sink", argc > 1 ? argv[1] : "*:2525", [&](tcp_stream peer) { session(peer, folder).run(); }, options);
}
