// A server of lines for telnet clients: commands come a line at a time, telnet's own negotiation (RFC 854, RFC 1143) is
// answered and taken out of the text.
//     telnet_server 127.0.0.1:2323      then: telnet 127.0.0.1 2323, or ncat -t -C 127.0.0.1 2323; and type "help"
// What it shows: a stream of one's own, here a filter over TCP, is read by lines as any other.
#include <array>
#include <cardea/cardea.hpp>
#include <cctype>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "server.hpp"

using namespace cardea;

namespace {

constexpr std::size_t longest_line = 512;

// RFC 854, "TELNET command structure".
enum command : unsigned char { se = 240, are_you_there = 246, sb = 250, will = 251, wont, please_do, dont, iac };

// The text in a telnet connection: what stream_ref asks of a stream, and no more.
class telnet_stream {
  public:
    explicit telnet_stream(tcp_stream& under) noexcept : under_(under) {}

    std::size_t recv(mutable_buffer room, std::error_code& ec) {
        for (;;) {
            const std::size_t n = under_.recv(room, ec);
            if (ec || n == 0) return 0;
            std::size_t kept = 0;
            std::string answers;
            for (std::size_t i = 0; i < n; ++i) {
                auto byte = static_cast<unsigned char>(room.data()[i]);
                if (is_text(byte, answers)) room.data()[kept++] = std::byte{byte};
            }
            if (!answers.empty()) under_.send_all(answers, ec);
            if (ec) return 0;
            if (kept > 0) return kept;
        }
    }
    // A byte 255 of the text is sent twice.
    std::size_t send_all(const_buffer data, std::error_code& ec) {
        std::string out;
        for (const char c : data.text()) out.append(static_cast<unsigned char>(c) == iac ? 2 : 1, c);
        under_.send_all(out, ec);
        return ec ? 0 : data.size();
    }
    void shutdown(direction how, std::error_code& ec) { under_.shutdown(how, ec); }

  private:
    enum class state { text, after_cr, after_iac, option, inside, inside_iac };

    bool is_text(unsigned char& byte, std::string& answers) {
        const state before = state_;
        switch (before) {
            case state::text:
            case state::after_cr:
                state_ = byte == iac ? state::after_iac : byte == '\r' ? state::after_cr : state::text;
                if (before == state::after_cr && byte == 0) byte = '\n';  // the Enter key is CR LF, or CR NUL
                return byte != iac;
            case state::after_iac:
                state_ = byte == sb ? state::inside : byte >= will && byte <= dont ? state::option : state::text;
                asked_ = byte;
                if (byte == are_you_there) answers += "[yes]\r\n";
                return byte == iac;
            case state::option:
                state_ = state::text;
                // Every offer and every wish is declined. What is no longer offered or wished is not answered, or two
                // that decline would go on for ever.
                if (asked_ == will) answers += {static_cast<char>(iac), static_cast<char>(dont), char(byte)};
                if (asked_ == please_do) answers += {static_cast<char>(iac), static_cast<char>(wont), char(byte)};
                return false;
            case state::inside:
                if (byte == iac) state_ = state::inside_iac;
                return false;
            case state::inside_iac:
                state_ = byte == se ? state::text : state::inside;
                return false;
        }
        return false;
    }

    tcp_stream& under_;
    state state_ = state::text;
    unsigned char asked_ = 0;
};

std::string answer_to(std::string_view line, std::size_t number) {
    const std::size_t space = std::min(line.find(' '), line.size());
    const std::string_view verb = line.substr(0, space);
    const std::string text(line.substr(std::min(space + 1, line.size())));
    if (verb == "help") return "echo TEXT, upper TEXT, reverse TEXT, count, quit";
    if (verb == "echo") return text;
    if (verb == "reverse") return {text.rbegin(), text.rend()};
    if (verb == "count") return std::to_string(number) + " lines so far";
    if (verb != "upper") return "what? (try: help)";
    std::string capitals;
    for (const char c : text) capitals += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return capitals;
}

void converse(tcp_stream peer) {
    telnet_stream terminal(peer);
    line_reader in(terminal, longest_line);
    buffered_writer out(terminal);
    out.send_all("Welcome. Try: help\r\n");
    for (std::size_t number = 1;; ++number) {
        out.send_all("> ");
        out.flush();
        std::string answer;
        try {
            const auto line = in.next();
            if (!line) return;
            if (*line == "quit") break;
            answer = answer_to(*line, number);
        } catch (const error& e) {
            if (e.code() != errc::too_long) throw;
            if (!in.skip()) return;
            answer = "that line was too long";
        }
        out.send_all(answer + "\r\n");
    }
    out.send_all("Bye\r\n");
    out.flush();
}

}  // namespace

int main(int argc, char** argv) {
    serve_options options;
    options.idle = std::chrono::minutes(5);
    return serve_anywhere("telnet_server", argc > 1 ? argv[1] : "*:2323", converse, options);
}
