// A network namespace of a test's own, made of commands: for what needs a wire, narrow paths or packet filters.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace cardea::conformance {

/// Runs a shell command quietly; whether it succeeded.
bool does(const std::string& command);

/// Moves this thread, and those it will make, to an empty network with a loopback. Says what is missing for that;
/// empty: nothing.
std::string enter_own_network();

/// The body of a test, in such a network after those commands; skipped where there can be none, with the reason.
template <class Body>
auto in_own_network(std::initializer_list<const char*> commands, Body body) {
    return [commands = std::vector<const char*>(commands), body] {
        const std::string missing = enter_own_network();
        if (!missing.empty()) GTEST_SKIP() << missing;
        for (const char* command : commands) {
            if (!does(command)) GTEST_SKIP() << "refused here: " << command;
        }
        body();
    };
}

}  // namespace cardea::conformance
