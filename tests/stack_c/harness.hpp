// A stack that frees itself, for tests of the C interface.
#pragma once

#include <arpa/inet.h>
#include <cardea_stack.h>
#include <netinet/in.h>

#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

namespace stack_c_test {

struct freeing {
    void operator()(cardea_stack* s) const { cardea_stack_free(s); }
    void operator()(cardea_stack_config* c) const { cardea_stack_config_free(c); }
};
using stack_ptr = std::unique_ptr<cardea_stack, freeing>;
using config_ptr = std::unique_ptr<cardea_stack_config, freeing>;

inline stack_ptr make_stack(std::initializer_list<std::pair<char const*, char const*>> settings = {}) {
    config_ptr const config{cardea_stack_config_new()};
    cardea_stack_config_set(config.get(), "address", "192.0.2.1/24");
    cardea_stack_config_set(config.get(), "address", "2001:db8::1/64");
    for (auto const& [name, value] : settings) cardea_stack_config_set(config.get(), name, value);
    return stack_ptr{cardea_stack_new(config.get())};
}

inline sockaddr_in address(char const* text, in_port_t port) {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(port);
    inet_pton(AF_INET, text, &a.sin_addr);
    return a;
}
inline sockaddr const* generic(sockaddr_in const& a) { return reinterpret_cast<sockaddr const*>(&a); }

}  // namespace stack_c_test
