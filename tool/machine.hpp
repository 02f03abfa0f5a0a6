// What `cardea info` tells of the machine.
#pragma once

#include <string>
#include <vector>

namespace cardea_tool {

struct limit {
    std::string name;
    std::string value;
    std::string meaning;
};

/// "Linux 6.1.0 x86_64".
std::string system_name();
/// "4 (0-3), of 8": those that this process may run on.
std::string processors();
/// The limits that bound a socket program.
std::vector<limit> limits();

}  // namespace cardea_tool
