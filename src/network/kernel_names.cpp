// Names by the system's own resolver (getaddrinfo(3)), so that Cardea sees what every other program on the host sees.
#include <netdb.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <new>
#include <utility>

#include "fiber/offload.hpp"
#include "network/kernel_socket.hpp"

namespace cardea::detail {

namespace {

struct look_up {
    std::string host;
    std::string service;
    int failure = 0;
    int system_error = 0;
    std::vector<endpoint> found;
};

void ask(look_up& l) try {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;  // one entry per address
    addrinfo* list = nullptr;
    l.failure = ::getaddrinfo(l.host.c_str(), l.service.c_str(), &hints, &list);
    l.system_error = errno;
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(list, ::freeaddrinfo);
    if (l.failure != 0) return;
    for (const addrinfo* a = list; a != nullptr; a = a->ai_next) {
        l.found.push_back(endpoint::from_native(a->ai_addr, a->ai_addrlen));
    }
} catch (const std::bad_alloc&) {
    l.failure = EAI_MEMORY;
}

std::error_code as_error(const look_up& l) noexcept {
    switch (l.failure) {
        case 0:
            return l.found.empty() ? std::error_code(errc::name_not_found) : std::error_code();
        case EAI_NONAME:
        case EAI_NODATA:
        case EAI_SERVICE:
            return errc::name_not_found;
        case EAI_MEMORY:
            return std::make_error_code(std::errc::not_enough_memory);
        case EAI_SYSTEM:
            return system_error_code(l.system_error);
        default:
            return errc::name_unavailable;
    }
}

}  // namespace

std::error_code kernel_resolve(const std::string& host, const std::string& service,
                               std::vector<endpoint>& out) noexcept {
    try {
        auto l = std::make_shared<look_up>();
        l->host = host;
        // The table of services is Cardea's own: no /etc/services is needed.
        const std::uint16_t port = well_known_port(service);
        l->service = port != 0 ? std::to_string(port) : service;
        if (const std::error_code interrupted = offload([l] { ask(*l); })) return interrupted;
        out = std::move(l->found);
        return out.empty() ? as_error(*l) : std::error_code();
    } catch (const std::bad_alloc&) {
        return std::make_error_code(std::errc::not_enough_memory);
    }
}

}  // namespace cardea::detail
