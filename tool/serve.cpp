// cardea serve: a server that answers on every address given, over TCP and UDP, until it is told to stop.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cardea/serve.hpp>
#include <cstdio>
#include <exception>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "command.hpp"
#include "duration.hpp"

namespace cardea_tool {

namespace {

struct serve_command {
    std::string service;
    std::vector<std::string> where;
    unsigned threads = 0;
    std::size_t max_connections = 0;
    std::string idle;
    std::string drain = "10s";
    std::string network;
    bool verbose = false;
};

void echo_stream(cardea::stream peer) {
    std::array<std::byte, 16 * 1024> buffer;
    while (const auto n = peer.recv(buffer)) peer.send_all({buffer.data(), n});
}

void echo_datagram(cardea::udp_socket& door, cardea::const_buffer datagram, const cardea::endpoint& from) {
    door.send_to(datagram, from);
}

cardea::serve_options options_of(const serve_command& command) {
    cardea::serve_options options;
    options.threads = command.threads;
    options.max_connections = command.max_connections;
    options.idle = duration_of(command.idle);
    options.drain = duration_of(command.drain);
    options.network = command.network;
    return options;
}

/// The datagram half of a server, on threads beside the stream half: it lives as long as that.
class datagram_half {
  public:
    /// Serves `where`; when it fails it has the other half stop.
    datagram_half(const std::vector<std::string>& where, cardea::serve_options options, std::stop_source other)
        : thread_([this, where, options = std::move(options), other](std::stop_token stop) mutable {
              options.handle_signals = false;  // the other half does, and ours follows it
              options.stop = stop;
              options.on_ready = say_ready;
              try {
                  cardea::serve(where, echo_datagram, options);
              } catch (...) {
                  failure_ = std::current_exception();
                  other.request_stop();
              }
          }) {}

    /// Stops it; throws what ended it before.
    void end() {
        thread_.request_stop();
        thread_.join();
        if (failure_) std::rethrow_exception(failure_);
    }

  private:
    static void say_ready(const std::vector<cardea::endpoint>& all) {
        for (const auto& e : all) std::fprintf(stderr, "listening on udp %s\n", e.to_string().c_str());
    }

    std::exception_ptr failure_;
    std::jthread thread_;  // last: it uses the others
};

void say_ready(const std::vector<cardea::endpoint>& all) {
    for (const auto& e : all) {
        std::fprintf(stderr, "listening on %s%s\n", e.is_ip() ? "tcp " : "", e.to_string().c_str());
    }
}

int run_serve(const serve_command& command) {
    std::vector<std::string> datagrams;
    for (const auto& where : command.where) {
        cardea::endpoint::parse(where);  // says what is wrong with it before anything has begun
        if (!where.starts_with("unix:")) datagrams.push_back(where);
    }
    std::stop_source stop;
    auto options = options_of(command);
    std::optional<datagram_half> udp;
    if (!datagrams.empty()) udp.emplace(datagrams, options, stop);
    options.stop = stop.get_token();
    options.on_ready = say_ready;
    const auto report = cardea::serve(command.where, echo_stream, options);
    if (udp) udp->end();
    if (command.verbose) {
        fmt::print(stderr, "served {} connections; {} failed, {} were cut off by the end of the drain\n",
                   report.accepted, report.handler_failures, report.cancelled);
    }
    return done;
}

void add_options(CLI::App& serve, serve_command& command) {
    serve.add_option("SERVICE", command.service, "echo: sends back what it receives")
        ->required()
        ->check(CLI::IsMember({"echo"}));
    serve.add_option("ADDRESS", command.where, "*:PORT, HOST:PORT, [IPV6]:PORT (TCP and UDP), or unix:PATH")
        ->required();
    serve.add_option("--threads", command.threads, "Loops for each of TCP and UDP (default: one per CPU)")
        ->check(CLI::Range(1, 1024));
    serve.add_option("--max-connections", command.max_connections, "Served at once; more wait (default: no limit)")
        ->check(CLI::Range(std::size_t{1}, std::size_t{100'000'000}));
    serve.add_option("--idle", command.idle, "Close a connection that is silent for so long (default: never)")
        ->check(check_duration, "DURATION");
    serve.add_option("--drain", command.drain, "After SIGTERM, how long connections may go on")
        ->check(check_duration, "DURATION")
        ->capture_default_str();
    serve.add_option("--network", command.network, "uring or epoll (default: CARDEA_NETWORK, or the best)")
        ->check(CLI::IsMember({"uring", "epoll"}));
    serve.add_flag("-v,--verbose", command.verbose, "At the end, say how much was served");
}

}  // namespace

command add_serve(CLI::App& app) {
    auto options = std::make_shared<serve_command>();
    auto* serve = app.add_subcommand("serve", "Run a server: echo");
    serve->description(
        "Serves each ADDRESS until SIGINT or SIGTERM: then it takes no more connections, lets those there\n"
        "are go on for the time of --drain, and ends. A second signal ends it at once.");
    add_options(*serve, *options);
    serve->footer(
        "  cardea serve echo '*:7'\n"
        "  cardea serve echo 127.0.0.1:7000 '[::1]:7000' unix:/tmp/echo --threads 2 --idle 1m\n");
    return {serve, [options] { return run_serve(*options); }};
}

}  // namespace cardea_tool
