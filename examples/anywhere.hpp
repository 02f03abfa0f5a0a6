// Where an example runs: on its plain thread, as the textbook has it; or, if CARDEA_NETWORK names a network, as the
// first fiber of a loop on that: CARDEA_NETWORK=tun:tun0,192.0.2.2/24 makes the program a host of its own.
#pragma once

#include <cardea/fiber.hpp>
#include <cstdlib>
#include <exception>
#include <iostream>

/// What main() returns: 1 if the program failed, having said why.
template <class Program>
int run_anywhere(const char* name, Program program) {
    try {
        if (std::getenv("CARDEA_NETWORK") != nullptr) {
            cardea::run(program);
        } else {
            program();
        }
        return 0;
    } catch (const std::exception& e) {
        std::cerr << name << ": " << e.what() << '\n';
        return 1;
    }
}
