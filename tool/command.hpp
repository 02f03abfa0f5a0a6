// The subcommands of the tool. Each has a file of its own and is made known to the command line by its add function.
#pragma once

#include <functional>

#include "command_line.hpp"
#include "network_choice.hpp"

namespace cardea_tool {

/// A subcommand: what the command line knows of it, and what it does. `run` returns the exit code, or throws.
struct command {
    arguments known;
    std::function<int()> run;
};

/// Exit codes.
inline constexpr int done = 0;
inline constexpr int failed = 1;
inline constexpr int misused = 2;

// `on` is what the command line says of the network, once it has been read. It outlives the commands.
command add_demo(arguments& all, network_choice& on);
command add_serve(arguments& all, network_choice& on);
command add_connect(arguments& all, network_choice& on);
command add_listen(arguments& all, network_choice& on);
command add_info(arguments& all, network_choice& on);

}  // namespace cardea_tool
