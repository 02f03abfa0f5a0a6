// See observed.hpp.
#include "socket/observed.hpp"

#include <string>

namespace cardea::detail {

void describe_call(const activity& call, std::string& to) {
    const auto& c = static_cast<const what_is_called&>(call);
    to += to_string(c.kind);
    const network_socket* s = c.impl->get();
    endpoint local;
    if (s != nullptr && s->is_open() && !s->local(local)) to += " on " + local.unmapped().to_string();
    if (c.peer != nullptr && *c.peer != endpoint()) to += ", peer " + c.peer->unmapped().to_string();
    to += ", socket " + std::to_string(c.socket);
}

void describe_splice(const activity& step, std::string& to) {
    const auto& s = static_cast<const what_is_spliced&>(step);
    to += "splice: ";
    describe_call(s.from, to);
    to += "; ";
    describe_call(s.to, to);
}

}  // namespace cardea::detail
