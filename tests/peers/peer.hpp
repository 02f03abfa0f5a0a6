// Another program as the peer: a shell command whose output the test reads, and an echo server and client to offer it.
#pragma once

#include <cardea/cardea.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "../conformance/every_network.hpp"
#include "../conformance/scenes.hpp"

namespace cardea::conformance {

/// A command that runs beside the test; its standard output comes here.
class peer {
  public:
    explicit peer(const std::string& command);
    /// One line, without its end. Blocks the thread: only when nothing else of the test needs it.
    std::string line();
    /// Everything up to its end. Likewise.
    std::string rest();
    /// Waits for it to end. True: it says all is well.
    bool ends_well();

  private:
    struct waits_for_it {
        void operator()(FILE* f) const noexcept;
    };
    std::unique_ptr<FILE, waits_for_it> output_;
};

bool installed(const char* program);

/// Takes one connection and sends everything back, to the end. Returns the bytes.
std::size_t echo_one(tcp_listener& door);
/// Sends `size` bytes of the pattern, half-closes, and checks that exactly those come back.
void expect_echo(stream& server, std::size_t size);

/// What prints the port at the end of `line`: "... 127.0.0.1:40123" or "40123".
std::string port_in(const std::string& line);

}  // namespace cardea::conformance

#define CARDEA_NEEDS_PEER(program)                                                    \
    if (!installed(program)) GTEST_SKIP() << "the peer " program " is not installed"; \
    static_assert(true)
