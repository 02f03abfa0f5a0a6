// Choosing a network: by name, by environment, or the best that works here, with the reason kept for people to read.
#include "runtime/networks.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

#include "fiber/loop.hpp"
#include "fiber/thread_execution.hpp"
#include "network/epoll/epoll.hpp"
#include "network/stack/host_words.hpp"
#include "network/thread/thread.hpp"
#include "network/tun/tun.hpp"
#include "network/uring/uring.hpp"
#include "sim/lone_host.hpp"

namespace cardea {

namespace detail {

namespace {

struct attempt {
    loop_network made;
    std::string why_not;
};

template <class Make>
attempt try_to(Make make) {
    try {
        return {make(), {}};
    } catch (const std::system_error& e) {
        return {{}, e.what()};
    }
}

template <class Network>
loop_network as_loop_network(std::unique_ptr<Network> made) {
    driver* drives = made.get();
    return {std::move(made), drives};
}

loop_network make_uring(std::string_view) { return as_loop_network(make_uring_network()); }
loop_network make_epoll(std::string_view) { return as_loop_network(make_epoll_network()); }

constexpr std::string_view capture_key = "capture=";

// What follows the colon of a network's name, without its last item "capture=FILE". A file's name may hold anything.
struct split_details {
    std::string_view rest;
    std::shared_ptr<capture_file> capture;
};

split_details split(std::string_view details) {
    std::size_t at = details.starts_with(capture_key) ? 0 : details.find("," + std::string(capture_key));
    if (at == std::string_view::npos) return {details, {}};
    const std::string path(details.substr(details.find('=', at) + 1));
    return {details.substr(0, at), std::make_shared<capture_file>(path)};
}

loop_network make_sim(std::string_view details) {
    const split_details with = split(details);
    ::cardea::stack::host_config config;
    for (std::string_view rest = with.rest; !rest.empty();) {
        const std::size_t comma = std::min(rest.find(','), rest.size());
        if (!take_host_word(rest.substr(0, comma), config)) {
            throw std::invalid_argument("no network 'sim:" + std::string(details) + "'");
        }
        rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    sim::detail::lone_host made = sim::detail::make_lone_host(config, with.capture);
    return {std::move(made.net), made.drives};
}

loop_network make_tun(std::string_view details) {
    const split_details with = split(details);
    tun_made made = make_tun_network(with.rest, with.capture);
    return {std::move(made.net), made.drives};
}

struct kind_of_network {
    std::string_view name;
    bool may_have_details;  // after a colon
    bool one_host;
    loop_network (*make)(std::string_view details);
};

constexpr std::array<kind_of_network, 4> kinds{{
    {"uring", false, false, make_uring},
    {"epoll", false, false, make_epoll},
    {"sim", true, true, make_sim},
    {"tun", true, true, make_tun},
}};

struct chosen {
    const kind_of_network* kind = nullptr;  // nullptr: there is none of that name
    std::string_view details;
};

chosen choose(std::string_view wanted) noexcept {
    const std::size_t colon = std::min(wanted.find(':'), wanted.size());
    for (const kind_of_network& k : kinds) {
        if (k.name != wanted.substr(0, colon) || (colon < wanted.size() && !k.may_have_details)) continue;
        return {&k, wanted.substr(std::min(colon + 1, wanted.size()))};
    }
    return {};
}

std::string_view asked_for(std::string_view name) noexcept {
    if (!name.empty()) return name;
    const char* from_environment = std::getenv("CARDEA_NETWORK");  // NOLINT(concurrency-mt-unsafe)
    return from_environment != nullptr ? from_environment : "";
}

}  // namespace

loop_network make_loop_network(std::string_view name) {
    const std::string_view wanted = asked_for(name);
    if (wanted.empty()) {
        attempt best = try_to([] { return make_uring({}); });
        return best.made.net ? std::move(best.made) : make_epoll({});
    }
    const chosen one = choose(wanted);
    if (one.kind != nullptr) return one.kind->make(one.details);
    throw std::invalid_argument("no network '" + std::string(wanted) +
                                "': there are uring, epoll, sim and tun:NAME,ADDRESS/PREFIX");
}

bool is_one_host(std::string_view name) noexcept {
    const kind_of_network* kind = choose(asked_for(name)).kind;
    return kind != nullptr && kind->one_host;
}

}  // namespace detail

network& thread_network() noexcept {
    // Never destroyed: sockets of static storage may close after it would have been.
    static network* const only = detail::make_thread_network().release();
    return *only;
}

network& this_network() noexcept {
    const detail::loop* here = detail::loop::current();
    if (here == nullptr) {
        network* const wrapper = detail::this_thread_execution().wrapper;
        return wrapper != nullptr ? *wrapper : thread_network();
    }
    const detail::fiber* me = here->running();
    return me != nullptr && me->wrapper != nullptr ? *me->wrapper : here->net();
}

std::vector<network_report> probe_networks() {
    std::vector<network_report> found;
    found.push_back({"thread", true, "blocking system calls; what plain threads use"});
    // A loop already runs here: what can be made can be made beside it.
    detail::attempt uring = detail::try_to([] { return detail::make_uring({}); });
    found.push_back(
        {"uring", uring.made.net != nullptr, uring.made.net ? detail::describe_uring(*uring.made.net) : uring.why_not});
    detail::attempt epoll = detail::try_to([] { return detail::make_epoll({}); });
    found.push_back({"epoll", epoll.made.net != nullptr, epoll.made.net ? "epoll_pwait2(2)" : epoll.why_not});
    found.push_back({"sim", true, "Cardea's own TCP/IP: a simulated host, in virtual time"});
    const detail::tun_outlook tun = detail::look_for_tun();
    found.push_back({"tun", tun.usable, tun.why});
    return found;
}

}  // namespace cardea
