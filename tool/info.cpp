// cardea info: what this machine offers to Cardea, and what it would choose.
#include <fmt/core.h>

#include <cardea/fiber.hpp>
#include <cardea/network.hpp>
#include <cstdlib>

#include "command.hpp"
#include "machine.hpp"

namespace cardea_tool {

namespace {

/// Asked by making a loop, not by reasoning: what runs is what is reported.
std::string chosen_network(const std::string& asked) {
    try {
        return cardea::run({.network = asked}, [] { return std::string(cardea::this_network().name()); });
    } catch (const std::exception& e) {
        return fmt::format("none: {}", e.what());
    }
}

void print(std::string_view name, std::string_view value) { fmt::print("{:<16}{}\n", name, value); }

int run_info(const network_choice& on) {
    fmt::print("cardea {}\n\n", CARDEA_VERSION);
    print("system", system_name());
    print("CPUs", processors());
    fmt::print("\nNetworks\n");
    for (const auto& network : cardea::probe_networks()) {
        print("  " + network.name, fmt::format("{:<10}{}", network.usable ? "usable" : "not here", network.why));
    }
    const char* set = std::getenv("CARDEA_NETWORK");
    const std::string asked = on.name();
    const std::string reason = asked.empty()                    ? "the best that works; CARDEA_NETWORK is not set"
                               : set != nullptr && asked == set ? fmt::format("CARDEA_NETWORK={}", asked)
                                                                : fmt::format("--network {}", asked);
    print("  in a loop", fmt::format("{:<10}{}", chosen_network(asked), reason));
    print("  outside", fmt::format("{:<10}plain threads block in the system's own calls", "thread"));
    fmt::print("\nLimits\n");
    for (const auto& limit : limits()) {
        print("  " + limit.name, fmt::format("{:<12}{}", limit.value, limit.meaning));
    }
    return done;
}

}  // namespace

command add_info(arguments& all, network_choice& on) {
    auto info = all.command("info", "Show which networks work here, which is chosen and why, and the limits");
    on.add_to(info);
    return {info, [&on] { return run_info(on); }};
}

}  // namespace cardea_tool
