// The two options and what comes of them.
#include "network_choice.hpp"

#include <algorithm>
#include <array>
#include <cardea/fiber.hpp>
#include <cstdlib>
#include <stdexcept>

namespace cardea_tool {

namespace {

std::string kind_of(const std::string& network) { return network.substr(0, network.find(':')); }

std::string check_network(const std::string& text) {
    constexpr std::array<const char*, 5> known{"thread", "uring", "epoll", "sim", "tun"};
    if (std::find(known.begin(), known.end(), kind_of(text)) == known.end()) {
        return "'" + text + "' is no network: there are thread, uring, epoll, sim and tun:NAME,ADDRESS/PREFIX";
    }
    return {};
}

}  // namespace

void network_choice::add_to(arguments& command) {
    command
        .add("--network", asked_,
             "thread, uring, epoll, sim or tun:NAME,ADDRESS/PREFIX[,...] (default: CARDEA_NETWORK, or the best)")
        .checked(check_network, "NAME");
    command.add("--capture", capture_, "Write every packet to FILE, for tshark and Wireshark; on tun and sim")
        .named("FILE");
}

std::string network_choice::name() const {
    const char* from_environment = std::getenv("CARDEA_NETWORK");
    std::string network = !asked_.empty() ? asked_ : from_environment != nullptr ? from_environment : "";
    if (capture_.empty()) return network;
    const std::string kind = kind_of(network);
    if (kind != "tun" && kind != "sim") {
        throw std::invalid_argument("--capture needs packets of Cardea's own, of --network tun:... or sim");
    }
    return network + (network == kind ? ":" : ",") + "capture=" + capture_;
}

std::string network_choice::name_among(std::initializer_list<const char*> networks, const char* command) const {
    std::string network = name();
    const std::string kind = kind_of(network);
    const auto is_kind = [&kind](const char* one) { return kind == one; };
    if (network.empty() || std::any_of(networks.begin(), networks.end(), is_kind)) return network;
    std::string may;
    for (const char* one : networks) may += (may.empty() ? "" : ", ") + std::string(one);
    throw std::invalid_argument(std::string("--network ") + kind + " is not for " + command + ", which runs on " + may);
}

int network_choice::run(const char* command, const std::function<int()>& body) const {
    const std::string network = name_among({"thread", "uring", "epoll", "tun"}, command);
    if (network.empty() || network == "thread") return body();
    return cardea::run({.network = network}, body);
}

}  // namespace cardea_tool
