// cardea serve: a server that answers on every address given until it is told to stop.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cardea/dump.hpp>
#include <cardea/serve.hpp>
#include <cstdio>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "command.hpp"
#include "duration.hpp"
#include "pages.hpp"

namespace cardea_tool {

namespace {

struct serve_command {
    std::string service;
    std::vector<std::string> where;
    unsigned threads = 0;
    std::size_t max_connections = 0;
    std::string idle;
    std::string drain = "10s";
    std::string hot_restart;
    std::string directory = ".";
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
    options.hot_restart = command.hot_restart;
    return options;
}

void say_ready(const std::vector<cardea::endpoint>& all, std::initializer_list<const char*> services) {
    for (const auto& e : all) {
        if (!e.is_ip()) std::fprintf(stderr, "listening on %s\n", e.to_string().c_str());
        for (const char* service : services) {
            if (e.is_ip()) std::fprintf(stderr, "listening on %s %s\n", service, e.to_string().c_str());
        }
    }
}

cardea::serve_report serve_echo(const serve_command& command, cardea::serve_options& options) {
    options.on_ready = [](const auto& all) { say_ready(all, {"tcp", "udp"}); };
    return cardea::serve(command.where, echo_stream, echo_datagram, options);
}

cardea::serve_report serve_files(const serve_command& command, cardea::serve_options& options) {
    const pages from(command.directory);
    options.on_ready = [](const auto& all) { say_ready(all, {"tcp"}); };
    const auto answer = [&from](cardea::stream peer) { from.serve(peer); };
    return cardea::serve(command.where, answer, options);
}

int run_serve(const serve_command& command, const network_choice& on) {
    for (const auto& where : command.where) {
        cardea::endpoint::parse(where);  // says what is wrong with it before anything has begun
    }
    if (!command.hot_restart.empty()) cardea::endpoint::parse(command.hot_restart);
    const cardea::dump_on_quit on_quit;
    auto options = options_of(command);
    options.network = on.name_among({"uring", "epoll", "tun"}, "serve");
    const auto report = command.service == "files" ? serve_files(command, options) : serve_echo(command, options);
    if (command.verbose) {
        fmt::print(stderr, "served {} connections; {} failed, {} were cut off by the end of the drain\n",
                   report.accepted, report.handler_failures, report.cancelled);
    }
    return done;
}

void add_options(CLI::App& serve, serve_command& command) {
    serve
        .add_option("SERVICE", command.service,
                    "echo: sends back what it receives, over TCP and UDP; files: a folder's files, over HTTP")
        ->required()
        ->check(CLI::IsMember({"echo", "files"}));
    serve.add_option("ADDRESS", command.where, "*:PORT, HOST:PORT, [IPV6]:PORT, or unix:PATH")->required();
    serve.add_option("-d,--directory", command.directory, "The folder of files")
        ->check(CLI::ExistingDirectory)
        ->capture_default_str();
    serve.add_option("--threads", command.threads, "Loops (default: one per CPU; on tun there is one)")
        ->check(CLI::Range(1, 1024));
    serve.add_option("--max-connections", command.max_connections, "Served at once; more wait (default: no limit)")
        ->check(CLI::Range(std::size_t{1}, std::size_t{100'000'000}));
    serve.add_option("--idle", command.idle, "Close a connection that is silent for so long (default: never)")
        ->check(check_duration, "DURATION");
    serve.add_option("--drain", command.drain, "After SIGTERM, how long connections may go on")
        ->check(check_duration, "DURATION")
        ->capture_default_str();
    serve.add_option("--hot-restart", command.hot_restart,
                     "unix:PATH or unix:@NAME: take over from the server that has this name, and be replaced by\n"
                     "the next one, without losing a connection");
    serve.add_flag("-v,--verbose", command.verbose, "At the end, say how much was served");
}

}  // namespace

command add_serve(CLI::App& app, network_choice& on) {
    auto options = std::make_shared<serve_command>();
    auto* serve = app.add_subcommand("serve", "Run a server: echo or files");
    serve->description(
        "Serves each ADDRESS until SIGINT or SIGTERM: then it takes no more connections, lets those there\n"
        "are go on for the time of --drain, and ends. A second signal ends it at once. SIGQUIT (Ctrl-\\)\n"
        "prints what every fiber waits for, and the server goes on.");
    add_options(*serve, *options);
    on.add_to(*serve);
    serve->footer(
        "  cardea serve echo '*:7'\n"
        "  cardea serve echo 127.0.0.1:7000 '[::1]:7000' unix:/tmp/echo --threads 2 --idle 1m\n"
        "  cardea serve files '*:8000' --directory docs\n"
        "  cardea --network tun:tun0,192.0.2.2/24 serve files '*:80'\n");
    return {serve, [options, &on] { return run_serve(*options, on); }};
}

}  // namespace cardea_tool
