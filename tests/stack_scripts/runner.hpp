// Runs a packet script against a stack of its own, through cardea_stack.h alone. docs/packet-scripts.md is the grammar.
#pragma once

#include <string>

namespace script {

/// What went wrong, as "PATH:LINE: MESSAGE"; empty when the script came to its end and everything was as it says.
/// `trace`: every event is printed as it passes.
std::string run(std::string const& path, bool trace = false);

/// The same of a script that is no file, and so has no folder to include from.
std::string run_text(std::string const& name, std::string const& text);

}  // namespace script
