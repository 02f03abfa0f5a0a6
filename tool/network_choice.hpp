// Which network a command runs on: --network, or CARDEA_NETWORK; and the capture of what its packets are.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>

#include "command_line.hpp"

namespace cardea_tool {

class network_choice {
  public:
    /// Makes --network and --capture known to a command.
    void add_to(arguments& command);

    /// What was asked for, in full: "tun:tun0,192.0.2.2/24,capture=FILE"; empty: nothing. Throws std::invalid_argument
    /// when a capture is asked for where none can be made.
    [[nodiscard]] std::string name() const;
    /// The same for a command that runs on some networks only, by the names before the colon. Throws
    /// std::invalid_argument for another.
    [[nodiscard]] std::string name_among(std::initializer_list<const char*> networks, const char* command) const;
    /// Runs `body` where plain threads block, unless a network for loops was asked for: then in a loop on that.
    /// For `command`, which needs peers.
    int run(const char* command, const std::function<int()>& body) const;

  private:
    std::string asked_;
    std::string capture_;
};

}  // namespace cardea_tool
