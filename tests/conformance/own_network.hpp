// A network namespace of a test's own, made of commands: for what needs a wire, narrow paths or packet filters.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace cardea::conformance {

/// Runs a shell command quietly; whether it succeeded.
bool does(const std::string& command);

/// The same; what it said if it failed, else nothing. `lacks`: it failed because this machine does not have what it
/// asks for, or does not allow it, whoever asks.
std::string complaint_of(const std::string& command, bool& lacks);

/// Moves this thread, and those it will make, to an empty network with a loopback. Says what this machine lacks for
/// that, which may be the right; empty: nothing. What fails for other reasons fails the test.
std::string enter_own_network();

/// The body of a test, in such a network after those commands; skipped where there can be none, with the reason. A
/// command that fails although it may be run and has what it needs fails the test.
template <class Body>
auto in_own_network(std::initializer_list<const char*> commands, Body body) {
    return [commands = std::vector<const char*>(commands), body] {
        const std::string missing = enter_own_network();
        if (!missing.empty()) GTEST_SKIP() << missing;
        for (const char* command : commands) {
            bool lacks = false;
            const std::string complaint = complaint_of(command, lacks);
            if (lacks) GTEST_SKIP() << "refused here: " << command << ": " << complaint;
            ASSERT_EQ(complaint, "") << command;
        }
        body();
    };
}

}  // namespace cardea::conformance
