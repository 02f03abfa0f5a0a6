// The cardea command: reads the command line, runs one subcommand, and says in one line what went wrong.
// Exit codes: 0 done, 1 it failed, 2 the command line makes no sense.
#include <array>
#include <cardea/error.hpp>
#include <cstdio>
#include <exception>
#include <stdexcept>

#include "command.hpp"

namespace {

using namespace cardea_tool;

void describe(arguments& all) {
    all.describe(
        "Cardea opens and shuts doors: sockets, from the command line.\n"
        "ADDRESS is HOST:PORT, [IPV6]:PORT, *:PORT (every address), or unix:PATH, unix:@NAME.\n"
        "A PORT may be a service's name, as http.");
    all.end_with(
        "Try it:\n"
        "  cardea demo                          what a TCP and a UDP exchange look like, call by call\n"
        "  cardea serve echo '*:7000'           an echo server on TCP and UDP, on every CPU\n"
        "  cardea connect localhost:7000        talk to it; end with Ctrl-D\n"
        "  cardea listen '*:7001' > file        receive what one client sends\n"
        "  cardea --network tun:tun0,192.0.2.2/24 serve files '*:80'\n"
        "                                       a host of its own on a TUN device, for curl to read\n"
        "  cardea info                          what this machine offers\n"
        "Exit codes: 0 done, 1 it failed, 2 the command line makes no sense.\n"
        "CARDEA_NETWORK chooses the network as --network does.\n");
}

int report(const char* what, int code) {
    std::fprintf(stderr, "cardea: %s\n", what);
    return code;
}

int run_chosen(const std::array<command, 5>& commands) {
    for (const auto& c : commands) {
        if (c.known.given()) return c.run();
    }
    return report("a command is required: demo, serve, connect, listen or info (see cardea --help)", misused);
}

int run(int argc, char** argv) {
    command_line line("cardea", "cardea " CARDEA_VERSION);
    auto all = line.before_commands();
    describe(all);
    network_choice on;
    on.add_to(all);
    const std::array<command, 5> commands{add_demo(all, on), add_serve(all, on), add_connect(all, on),
                                          add_listen(all, on), add_info(all, on)};
    if (argc == 1) {
        std::fputs(line.help().c_str(), stderr);
        return misused;
    }
    if (const auto ended = line.read(argc, argv)) return *ended;
    return run_chosen(commands);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const cardea::error& e) {
        return report(e.what(), e.code() == cardea::errc::bad_address ? misused : failed);
    } catch (const std::invalid_argument& e) {
        return report(e.what(), misused);
    } catch (const std::exception& e) {
        return report(e.what(), failed);
    }
}
