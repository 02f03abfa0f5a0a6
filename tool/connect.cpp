// cardea connect: standard input to a server, what the server sends to standard output.
#include <cardea/deadline.hpp>
#include <cardea/tcp.hpp>
#include <cardea/udp.hpp>
#include <cardea/unix.hpp>
#include <memory>
#include <string>

#include "command.hpp"
#include "copying.hpp"
#include "duration.hpp"

namespace cardea_tool {

namespace {

struct connect_options {
    std::string address;
    std::string timeout = "30s";
    std::string idle;
    bool udp = false;
    bool receive_only = false;
};

cardea::stream open_stream(const std::string& where, std::chrono::nanoseconds timeout) {
    const cardea::deadline within(timeout);
    if (where.starts_with("unix:")) return cardea::stream(std::move(cardea::unix_stream::connect(where).handle()));
    return cardea::stream(std::move(cardea::tcp_stream::connect(where).handle()));
}

cardea::udp_socket open_datagrams(const std::string& where, std::chrono::nanoseconds timeout) {
    const cardea::deadline within(timeout);  // for the look-up of a name
    return cardea::udp_socket::connect(where);
}

int run_connect(const connect_options& options) {
    copy_options copying{.receive_only = options.receive_only};
    if (!options.idle.empty()) copying.idle = duration_of(options.idle);
    const auto timeout = duration_of(options.timeout);
    input in;
    if (options.udp) {
        auto door = open_datagrams(options.address, timeout);
        copy_datagrams(door, in, correspondents::the_one_connected, copying);
    } else {
        auto peer = open_stream(options.address, timeout);
        copy_stream(peer, in, copying);
    }
    return done;
}

}  // namespace

command add_connect(arguments& all, network_choice& on) {
    auto options = std::make_shared<connect_options>();
    auto connect = all.command("connect", "Connect to a server: standard input to it, its answers to output");
    connect.describe(
        "Connects to ADDRESS, sends standard input and prints what comes back. The end of the input\n"
        "(Ctrl-D) half-closes the connection; it ends when the peer closes.");
    connect.add("ADDRESS", options->address, "HOST:PORT, [IPV6]:PORT, _SERVICE._tcp.DOMAIN, or unix:PATH").required();
    connect.add_flag("-u,--udp", options->udp,
                     "Datagrams: each read of the input is one. Ends a second after the input if nothing comes");
    connect.add("-t,--timeout", options->timeout, "Longest that connecting may take, the name's look-up included")
        .checked(check_duration, "DURATION")
        .shows_default();
    connect.add("--idle", options->idle, "Longest silence of the peer: an error on a connection, the end with --udp")
        .checked(check_duration, "DURATION");
    connect.add_flag("-r,--receive-only", options->receive_only, "Leave standard input alone");
    connect.end_with(
        "  cardea connect example.org:http\n"
        "  echo hello | cardea connect --udp '[::1]:7'\n"
        "  cardea connect unix:/run/app.sock < request > answer\n");
    on.add_to(connect);
    return {connect, [options, &on] { return on.run("connect", [&] { return run_connect(*options); }); }};
}

}  // namespace cardea_tool
