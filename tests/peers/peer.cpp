// See peer.hpp.
#include "peer.hpp"

#include <array>
#include <cstdlib>

namespace cardea::conformance {

peer::peer(const std::string& command) : output_(::popen(command.c_str(), "re")) {
    if (!output_) throw std::runtime_error("popen of " + command);
}

void peer::waits_for_it::operator()(FILE* f) const noexcept { ::pclose(f); }

std::string peer::line() {
    std::string text;
    for (int c = std::getc(output_.get()); c != EOF && c != '\n'; c = std::getc(output_.get())) {
        text += static_cast<char>(c);
    }
    return text;
}

std::string peer::rest() {
    std::string text;
    std::array<char, 4096> room{};
    while (const std::size_t n = std::fread(room.data(), 1, room.size(), output_.get())) text.append(room.data(), n);
    return text;
}

bool peer::ends_well() {
    rest();
    return ::pclose(output_.release()) == 0;
}

bool installed(const char* program) {
    return std::system((std::string("command -v ") + program + " >/dev/null 2>&1").c_str()) == 0;
}

std::size_t echo_one(tcp_listener& door) {
    tcp_stream client = door.accept();
    const auto total = static_cast<std::size_t>(copy(client, client));
    client.close_gracefully(ages);
    return total;
}

void expect_echo(stream& server, std::size_t size) {
    scope writer;
    writer.spawn([&] {
        server.send_all(pattern_bytes(0, size));
        server.shutdown(direction::send);
    });
    std::vector<std::byte> room(32 * 1024);
    std::size_t total = 0;
    while (const std::size_t n = server.recv(room)) {
        ASSERT_EQ(matching_bytes({room.data(), n}, total), n) << "at " << total;
        total += n;
    }
    EXPECT_EQ(total, size);
    writer.join();
}

std::string port_in(const std::string& line) {
    const std::size_t last = line.find_last_of("0123456789");
    const std::size_t before = line.find_last_not_of("0123456789", last);
    const std::size_t first = before == std::string::npos ? 0 : before + 1;
    return last == std::string::npos ? "no port" : line.substr(first, last - first + 1);
}

}  // namespace cardea::conformance
