// See text.hpp.
#include "text.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <utility>

namespace script {

namespace {

constexpr std::pair<std::string_view, nanoseconds> units[] = {
    {"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000},
};

}  // namespace

std::vector<std::string> split(std::string_view line) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < line.size();) {
        if (line[i] == ' ') {
            ++i;
        } else if (line[i] == '#') {
            break;
        } else if (line[i] == '"') {
            auto const end = line.find('"', i + 1);
            if (end == std::string_view::npos) throw failure{"a text without its closing quote"};
            all.emplace_back(line.substr(i, end - i));
            i = end + 1;
        } else {
            auto const end = std::min(line.find(' ', i), line.size());
            all.emplace_back(line.substr(i, end - i));
            i = end;
        }
    }
    return all;
}

std::string const& words::peek() const {
    static std::string const none;
    return empty() ? none : all_[at_];
}

std::string words::take(std::string_view what) {
    if (empty()) throw failure{"the line ends where " + std::string{what} + " should be"};
    return all_[at_++];
}

bool words::take_if(std::string_view word) {
    if (empty() || all_[at_] != word) return false;
    ++at_;
    return true;
}

std::optional<std::vector<std::string>> words::cut_from(std::string_view word) {
    auto const found = std::find(all_.begin() + static_cast<std::ptrdiff_t>(at_), all_.end(), word);
    if (found == all_.end()) return std::nullopt;
    std::vector<std::string> rest{found + 1, all_.end()};
    all_.erase(found, all_.end());
    return rest;
}

void words::expect_end() const {
    if (!empty()) throw failure{"nothing is known of \"" + all_[at_] + "\" here"};
}

std::int64_t read_number(std::string const& word) {
    std::int64_t n = 0;
    auto const [end, problem] = std::from_chars(word.data(), word.data() + word.size(), n);
    if (problem != std::errc{} || end != word.data() + word.size()) throw failure{"\"" + word + "\" is no number"};
    return n;
}

std::uint32_t read_u32(std::string const& word) {
    auto const n = read_number(word);
    if (n < 0 || n > std::numeric_limits<std::uint32_t>::max()) throw failure{"\"" + word + "\" is out of range"};
    return static_cast<std::uint32_t>(n);
}

nanoseconds read_duration(std::string const& word) {
    if (word == "0") return 0;
    auto const unit_at = std::min(word.find_first_not_of("0123456789."), word.size());
    auto const unit = std::find_if(std::begin(units), std::end(units),
                                   [&](auto const& u) { return word.compare(unit_at, word.npos, u.first) == 0; });
    auto const point = std::min(word.find('.'), unit_at);
    if (unit == std::end(units) || point == 0) throw failure{"\"" + word + "\" is no duration: 5ms, 1.5s, 2m"};
    nanoseconds t = read_number(word.substr(0, point)) * unit->second;
    nanoseconds digit = unit->second;
    for (auto i = point + 1; i < unit_at; ++i) {
        digit /= 10;
        t += (word[i] - '0') * digit;
    }
    return t;
}

std::string show_duration(nanoseconds t) {
    bool const negative = t < 0;
    auto const magnitude = negative ? -t : t;
    auto fraction = std::to_string(magnitude % 1'000'000'000);
    fraction.insert(0, 9 - fraction.size(), '0');
    while (fraction.size() > 3 && fraction.back() == '0') fraction.pop_back();
    return (negative ? "-" : "") + std::to_string(magnitude / 1'000'000'000) + "." + fraction + "s";
}

endpoint read_endpoint(std::string const& word) {
    auto const colon = word.rfind(':');
    endpoint e;
    e.host.v6 = !word.empty() && word.front() == '[';
    bool const closed = !e.host.v6 || (colon != word.npos && colon > 1 && word[colon - 1] == ']');
    if (colon == word.npos || !closed) throw failure{"\"" + word + "\" is no address with a port"};
    auto const text = e.host.v6 ? word.substr(1, colon - 2) : word.substr(0, colon);
    if (inet_pton(e.host.v6 ? AF_INET6 : AF_INET, text.c_str(), e.host.bytes.data()) != 1)
        throw failure{"\"" + text + "\" is no address"};
    auto const port = word.substr(colon + 1);
    auto const number = port == "*" ? 0 : read_number(port);
    if (number < 0 || number > 65'535) throw failure{"\"" + port + "\" is no port"};
    e.port = static_cast<std::uint16_t>(number);
    return e;
}

std::string show(endpoint const& e) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(e.host.v6 ? AF_INET6 : AF_INET, e.host.bytes.data(), text.data(), text.size());
    auto const port = e.port == 0 ? "*" : std::to_string(e.port);
    return e.host.v6 ? "[" + std::string{text.data()} + "]:" + port : std::string{text.data()} + ":" + port;
}

sockaddr_storage to_system(endpoint const& e, socklen_t& size) {
    sockaddr_storage storage{};
    if (e.host.v6) {
        sockaddr_in6 in{};
        in.sin6_family = AF_INET6;
        in.sin6_port = htons(e.port);
        std::copy(e.host.bytes.begin(), e.host.bytes.end(), in.sin6_addr.s6_addr);
        std::memcpy(&storage, &in, size = sizeof in);
    } else {
        sockaddr_in in{};
        in.sin_family = AF_INET;
        in.sin_port = htons(e.port);
        std::memcpy(&in.sin_addr, e.host.bytes.data(), sizeof in.sin_addr);
        std::memcpy(&storage, &in, size = sizeof in);
    }
    return storage;
}

endpoint from_system(sockaddr_storage const& from) {
    endpoint e;
    e.host.v6 = from.ss_family == AF_INET6;
    if (e.host.v6) {
        sockaddr_in6 in{};
        std::memcpy(&in, &from, sizeof in);
        std::copy(std::begin(in.sin6_addr.s6_addr), std::end(in.sin6_addr.s6_addr), e.host.bytes.begin());
        e.port = ntohs(in.sin6_port);
    } else {
        sockaddr_in in{};
        std::memcpy(&in, &from, sizeof in);
        std::memcpy(e.host.bytes.data(), &in.sin_addr, sizeof in.sin_addr);
        e.port = ntohs(in.sin_port);
    }
    return e;
}

}  // namespace script
