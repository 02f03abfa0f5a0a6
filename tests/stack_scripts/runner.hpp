// Runs a packet script against a stack of its own, through cardea_stack.h alone. docs/packet-scripts.md is the grammar.
#pragma once

#include <string>

namespace script {

/// What went wrong, as "NAME:LINE: MESSAGE"; empty when the script came to its end and everything was as it says.
/// `name`: of the script, for messages. `trace`: every packet is printed as it passes.
std::string run(std::string const& name, std::string const& text, bool trace = false);

}  // namespace script
