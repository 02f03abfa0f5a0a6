// The load generator's command line. Standard library only.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace load {

enum class kind {
    echo,         // connections stay; messages go round
    churn_reset,  // connect, one echo, close with a reset
    churn_fin,    // connect, one echo, half-close, wait for the server's end, close
};

struct options {
    kind what = kind::echo;
    std::uint16_t port = 0;
    std::size_t connections = 64;
    std::size_t size = 64;       // bytes per message
    std::size_t in_flight = 1;   // messages per connection not yet answered
    double seconds = 1;          // length of the measured window
    double warm_up = 0.2;        // seconds before it that do not count
    std::uint64_t messages = 0;  // ends the window at this many instead, if not 0
    pid_t server = 0;            // whose CPU time to read, if not 0
};

/// Ends the process with a message if the command line makes no sense.
options parse(int argc, char** argv);

}  // namespace load
