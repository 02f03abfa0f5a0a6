// Reads the load generator's command line. Standard library only.
#include "options.hpp"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace load {

namespace {

[[noreturn]] void usage(const char* complaint) {
    std::fprintf(stderr,
                 "bench-load: %s\n"
                 "usage: bench-load --port PORT [--connections N] [--size BYTES] [--in-flight K] [--seconds S]\n"
                 "                  [--warm-up S] [--messages N] [--server-pid PID] [--churn reset|fin]\n",
                 complaint);
    std::exit(2);
}

template <typename Number>
void read(std::string_view text, Number& value) {
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) usage("not a number, or out of range");
}

kind read_churn(std::string_view text) {
    if (text == "reset") return kind::churn_reset;
    if (text == "fin") return kind::churn_fin;
    usage("--churn takes reset or fin");
}

void check(const options& wanted) {
    if (wanted.port == 0) usage("--port is needed");
    if (wanted.connections == 0 || wanted.size == 0 || wanted.in_flight == 0) usage("nothing to do");
    if (wanted.seconds <= 0 || wanted.warm_up < 0) usage("a window needs a length");
    if (wanted.what != kind::echo && wanted.size > 32768) usage("churn sends one short message per connection");
}

}  // namespace

options parse(int argc, char** argv) {
    options wanted;
    for (int i = 1; i < argc; i += 2) {
        std::string_view name = argv[i];
        if (i + 1 == argc) usage("an option without its value");
        std::string_view value = argv[i + 1];
        if (name == "--port") {
            read(value, wanted.port);
        } else if (name == "--connections") {
            read(value, wanted.connections);
        } else if (name == "--size") {
            read(value, wanted.size);
        } else if (name == "--in-flight") {
            read(value, wanted.in_flight);
        } else if (name == "--seconds") {
            read(value, wanted.seconds);
        } else if (name == "--warm-up") {
            read(value, wanted.warm_up);
        } else if (name == "--messages") {
            read(value, wanted.messages);
        } else if (name == "--server-pid") {
            read(value, wanted.server);
        } else if (name == "--churn") {
            wanted.what = read_churn(value);
        } else {
            usage("unknown option");
        }
    }
    check(wanted);
    return wanted;
}

}  // namespace load
