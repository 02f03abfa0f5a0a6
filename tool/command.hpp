// The subcommands of the tool. Each has a file of its own and is made known to the command line by its add function.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace cardea_tool {

/// A subcommand: what the command line knows of it, and what it does. `run` returns the exit code, or throws.
struct command {
    CLI::App* known = nullptr;
    std::function<int()> run;
};

/// Exit codes.
inline constexpr int done = 0;
inline constexpr int failed = 1;
inline constexpr int misused = 2;

command add_demo(CLI::App& app);
command add_serve(CLI::App& app);
command add_connect(CLI::App& app);
command add_listen(CLI::App& app);
command add_info(CLI::App& app);

}  // namespace cardea_tool
