// What the servers among the examples have in common: they say where they are ready, serve until SIGINT or SIGTERM, and
// run on the network that CARDEA_NETWORK names, as in anywhere.hpp (serve() looks at it itself).
#pragma once

#include <cardea/serve.hpp>
#include <exception>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

/// What main() returns: 1 if the server could not serve, having said why.
template <class Handler>
int serve_anywhere(const char* name, const std::string& where, Handler handler, cardea::serve_options options = {}) {
    try {
        options.on_ready = [name = std::string(name)](const std::vector<cardea::endpoint>& all) {
            std::cout << name + " is ready at " + all.front().to_string() + "\n" << std::flush;
        };
        cardea::serve(where, std::move(handler), options);
        return 0;
    } catch (const std::exception& e) {
        std::cerr << name << ": " << e.what() << '\n';
        return 1;
    }
}
