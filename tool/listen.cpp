// cardea listen: waits for a client, then as connect does.
#include <cardea/tcp.hpp>
#include <cardea/udp.hpp>
#include <cardea/unix.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "command.hpp"
#include "copying.hpp"
#include "duration.hpp"

namespace cardea_tool {

namespace {

struct listen_options {
    std::string address;
    std::string idle;
    bool udp = false;
    bool keep = false;
    bool receive_only = false;
};

void say_listening(const char* service, const cardea::endpoint& where) {
    std::fprintf(stderr, "listening on %s%s\n", service, where.to_string().c_str());
}

/// Takes one client after the other, each until it closes. Without `keep` only the first: its successors are refused at
/// once instead of waiting in the queue. With `keep` a client that fails is reported, and the next one served.
template <class Listener>
void serve_in_turn(Listener& door, const listen_options& options, const copy_options& copying) {
    input in;
    do {
        auto peer = door.accept();
        const auto name = peer.peer().to_string();
        std::fprintf(stderr, "connection from %s\n", name == "unix:" ? "a process of this host" : name.c_str());
        if (!options.keep) door.close();
        in.resume();
        try {
            copy_stream(peer, in, copying);
        } catch (const cardea::error& e) {
            if (!options.keep) throw;
            std::fprintf(stderr, "cardea: %s\n", e.what());
        }
    } while (options.keep);
}

void take_datagrams(const listen_options& options, const copy_options& copying) {
    auto door = cardea::udp_socket::bind(options.address);
    say_listening("udp ", door.local());
    input in;
    copy_datagrams(door, in, options.keep ? correspondents::everybody : correspondents::the_first, copying);
}

int run_listen(const listen_options& options) {
    copy_options copying{.receive_only = options.receive_only};
    if (!options.idle.empty()) copying.idle = duration_of(options.idle);
    if (options.udp) {
        take_datagrams(options, copying);
    } else if (options.address.starts_with("unix:")) {
        cardea::unix_listener door(options.address);
        say_listening("", door.local());
        serve_in_turn(door, options, copying);
    } else {
        cardea::tcp_listener door(options.address);
        say_listening("tcp ", door.local());
        serve_in_turn(door, options, copying);
    }
    return done;
}

}  // namespace

command add_listen(arguments& all, network_choice& on) {
    auto options = std::make_shared<listen_options>();
    auto listen = all.command("listen", "Wait for one client: what it sends to output, standard input to it");
    listen.describe(
        "Listens on ADDRESS, takes one connection, prints what comes and sends standard input. The end\n"
        "of the input half-closes the connection; it ends when the peer closes.");
    listen.add("ADDRESS", options->address, "*:PORT, HOST:PORT, [IPV6]:PORT, or unix:PATH; port 0: a free one")
        .required();
    listen.add_flag("-u,--udp", options->udp, "Datagrams; the input goes to whoever sent first");
    listen.add_flag("-k,--keep", options->keep,
                    "Take the next client when one has closed; with --udp, datagrams from everybody");
    listen.add("--idle", options->idle, "Longest silence of the peer: an error on a connection, the end with --udp")
        .checked(check_duration, "DURATION");
    listen.add_flag("-r,--receive-only", options->receive_only, "Leave standard input alone; do not half-close");
    listen.end_with(
        "  cardea listen '*:7001' > file\n"
        "  tar c folder | cardea listen 127.0.0.1:7001\n"
        "  cardea listen --keep --receive-only unix:@log\n");
    on.add_to(listen);
    return {listen, [options, &on] { return on.run("listen", [&] { return run_listen(*options); }); }};
}

}  // namespace cardea_tool
