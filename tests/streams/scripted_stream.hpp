// A stream that gives what a test has written down, in the pieces it was written down in, and keeps what it is sent.
#pragma once

#include <algorithm>
#include <cardea/cardea.hpp>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace streams_test {

/// Has only what every stream must have. As a network it gives at most what came in one piece.
class scripted_stream {
  public:
    scripted_stream() = default;
    scripted_stream(std::initializer_list<std::string> pieces) {
        for (const std::string& p : pieces) then(p);
    }
    scripted_stream& then(std::string piece) {
        incoming_.push_back({std::move(piece), {}});
        return *this;
    }
    /// One receive fails; the next goes on.
    scripted_stream& then_fails(std::error_code ec) {
        incoming_.push_back({{}, ec});
        return *this;
    }

    std::size_t recv(cardea::mutable_buffer room, std::error_code& ec) {
        ec.clear();
        ++receives;
        if (incoming_.empty()) return 0;
        item& first = incoming_.front();
        if (first.failure) {
            ec = first.failure;
            incoming_.pop_front();
            return 0;
        }
        const std::size_t n = std::min(room.size(), first.text.size());
        std::memcpy(room.data(), first.text.data(), n);
        first.text.erase(0, n);
        if (first.text.empty()) incoming_.pop_front();
        return n;
    }
    std::size_t send_all(cardea::const_buffer data, std::error_code& ec) {
        ec.clear();
        ++sends;
        const std::size_t n = std::min(data.size(), takes);
        sent.append(data.text().substr(0, n));
        takes -= n;
        if (n < data.size()) ec = cardea::errc::timed_out;
        return n;
    }
    void shutdown(cardea::direction, std::error_code& ec) {
        ec.clear();
        ended = true;
    }

    std::string sent;
    std::size_t takes = static_cast<std::size_t>(-1);  ///< bytes that it takes before sending fails
    int sends = 0;
    int receives = 0;
    bool ended = false;

  private:
    struct item {
        std::string text;
        std::error_code failure;
    };
    std::deque<item> incoming_;
};

/// The same text in pieces of `size` bytes.
inline scripted_stream cut(std::string_view text, std::size_t size) {
    scripted_stream s;
    for (; !text.empty(); text.remove_prefix(std::min(size, text.size()))) s.then(std::string(text.substr(0, size)));
    return s;
}

}  // namespace streams_test
