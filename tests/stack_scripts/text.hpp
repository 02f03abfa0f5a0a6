// Words, times and addresses of a packet script, and how a script fails. Uses the C library's address functions only.
#pragma once

#include <netinet/in.h>

#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace script {

using nanoseconds = std::int64_t;

/// What is wrong, without the place: the runner knows the line.
struct failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// One line without its comment, word by word. A "quoted text" is one word that begins with the quote.
std::vector<std::string> split(std::string_view line);

/// The words of a line, consumed from the left.
class words {
  public:
    explicit words(std::vector<std::string> all) : all_{std::move(all)} {}

    bool empty() const { return at_ == all_.size(); }
    std::string const& peek() const;
    std::string take(std::string_view what);
    /// Takes the next word if it is this one.
    bool take_if(std::string_view word);
    /// The last words of the line from `word` on, which are cut off; nothing when it is not there.
    std::optional<std::vector<std::string>> cut_from(std::string_view word);
    void expect_end() const;

  private:
    std::vector<std::string> all_;
    std::size_t at_ = 0;
};

std::int64_t read_number(std::string const& word);
std::uint32_t read_u32(std::string const& word);
/// "250ms", "1.5s", "0".
nanoseconds read_duration(std::string const& word);
std::string show_duration(nanoseconds t);

struct address {
    bool v6 = false;
    std::array<std::uint8_t, 16> bytes{};  ///< IPv4: the first four
    friend bool operator==(address const&, address const&) = default;
};

/// An address with a port; "*" as port is 0.
struct endpoint {
    address host;
    std::uint16_t port = 0;
    friend bool operator==(endpoint const&, endpoint const&) = default;
};

/// "192.0.2.1:80", "[2001:db8::1]:80", "192.0.2.1:*".
endpoint read_endpoint(std::string const& word);
std::string show(endpoint const& e);
sockaddr_storage to_system(endpoint const& e, socklen_t& size);
endpoint from_system(sockaddr_storage const& from);

}  // namespace script
