// Choosing a network: by name, by environment, or the best that works here, with the reason kept for people to read.
#include "runtime/networks.hpp"

#include <cstdlib>
#include <stdexcept>
#include <system_error>

#include "fiber/loop.hpp"
#include "network/epoll/epoll.hpp"
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

loop_network make_uring() { return as_loop_network(make_uring_network()); }
loop_network make_epoll() { return as_loop_network(make_epoll_network()); }

loop_network make_sim() {
    sim::detail::lone_host made = sim::detail::make_lone_host();
    return {std::move(made.net), made.drives};
}

constexpr std::string_view tun_prefix = "tun:";

loop_network make_tun(std::string_view spec) {
    tun_made made = make_tun_network(spec);
    return {std::move(made.net), made.drives};
}

std::string_view asked_for(std::string_view name) {
    if (!name.empty()) return name;
    const char* from_environment = std::getenv("CARDEA_NETWORK");  // NOLINT(concurrency-mt-unsafe)
    return from_environment != nullptr ? from_environment : "";
}

}  // namespace

loop_network make_loop_network(std::string_view name) {
    const std::string_view wanted = asked_for(name);
    if (wanted == "uring") return make_uring();
    if (wanted == "epoll") return make_epoll();
    if (wanted == "sim") return make_sim();
    if (wanted.starts_with(tun_prefix)) return make_tun(wanted.substr(tun_prefix.size()));
    if (!wanted.empty()) {
        throw std::invalid_argument("no network '" + std::string(wanted) +
                                    "': there are uring, epoll, sim and tun:NAME,ADDRESS/PREFIX");
    }
    attempt best = try_to(make_uring);
    return best.made.net ? std::move(best.made) : make_epoll();
}

}  // namespace detail

network& thread_network() noexcept {
    // Never destroyed: sockets of static storage may close after it would have been.
    static network* const only = detail::make_thread_network().release();
    return *only;
}

network& this_network() noexcept {
    const detail::loop* here = detail::loop::current();
    return here != nullptr ? here->net() : thread_network();
}

std::vector<network_report> probe_networks() {
    std::vector<network_report> found;
    found.push_back({"thread", true, "blocking system calls; what plain threads use"});
    // A loop already runs here: what can be made can be made beside it.
    detail::attempt uring = detail::try_to(detail::make_uring);
    found.push_back(
        {"uring", uring.made.net != nullptr, uring.made.net ? detail::describe_uring(*uring.made.net) : uring.why_not});
    detail::attempt epoll = detail::try_to(detail::make_epoll);
    found.push_back({"epoll", epoll.made.net != nullptr, epoll.made.net ? "epoll_pwait2(2)" : epoll.why_not});
    return found;
}

}  // namespace cardea
