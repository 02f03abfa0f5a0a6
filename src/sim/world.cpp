// The public face of a world: making hosts and links, and one run of it.
#include <cardea/fiber.hpp>
#include <cardea/sim.hpp>
#include <deque>
#include <exception>
#include <stdexcept>
#include <utility>
#include <vector>

#include "fiber/loop.hpp"
#include "fiber/scope_state.hpp"
#include "fiber/thread_execution.hpp"
#include "fiber/virtual_time.hpp"
#include "sim/simulation.hpp"

namespace cardea::sim {

namespace detail {

struct host_state {
    std::string name;
    std::size_t index = 0;
    std::unique_ptr<sim_network> net;
    std::vector<std::function<void()>> programs;
};

/// Hosts get 10.0.0.N and fd00::N, one network for all.
struct world_state {
    explicit world_state(std::uint64_t s) noexcept : seed(s) {}

    host_state& add(std::string_view name);
    void start_programs(cardea::detail::loop& on, cardea::detail::scope_state& root);

    static constexpr std::size_t most_hosts = 250;

    std::uint64_t seed;
    std::shared_ptr<cardea::detail::capture_file> capture;
    simulation engine;
    directory names;
    std::deque<host_state> states;
    std::deque<std::unique_ptr<sim::host>> hosts;
    bool has_run = false;
};

host_state& world_state::add(std::string_view name) {
    if (states.size() == most_hosts) throw std::length_error("a world has at most 250 hosts");
    const auto number = static_cast<std::uint8_t>(states.size() + 1);
    constexpr std::uint8_t v4_length = 24;
    constexpr std::uint8_t v6_length = 64;
    const auto v4 = stack::ip_address::v4(10, 0, 0, number);
    const auto v6 = stack::ip_address::v6({0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, number});
    stack::host_config config;
    config.addresses = {{v4, v4_length}, {v6, v6_length}};
    config.seed = draws(seed, std::string("host ").append(name)).next();
    host_state& made = states.emplace_back();
    made.name = name;
    made.net = std::make_unique<sim_network>(engine, config, names);
    if (capture) made.net->capture(capture, name);
    made.index = engine.add(*made.net, {v4, v6});
    names.hosts[made.name] = {{endpoint::inet6(v6.bytes, 0), endpoint::inet({10, 0, 0, number}, 0)}, {}};
    return made;
}

void world_state::start_programs(cardea::detail::loop& on, cardea::detail::scope_state& root) {
    for (host_state& h : states) {
        for (auto& program : h.programs) {
            const auto& how = cardea::detail::callable_of<std::function<void()>>;
            on.start({.name = h.name}, root, how, &program).net = h.net.get();
        }
        h.programs.clear();
    }
}

}  // namespace detail

const std::string& host::name() const noexcept { return state_.name; }

endpoint host::address(family f, std::uint16_t port) const noexcept {
    const auto number = static_cast<std::uint8_t>(state_.index + 1);
    if (f == family::inet) return endpoint::inet({10, 0, 0, number}, port);
    return endpoint::inet6({0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, number}, port);
}

void host::run(std::function<void()> program) { state_.programs.push_back(std::move(program)); }

world::world(seed s) : state_(std::make_unique<detail::world_state>(s.value)) {}

world::~world() = default;

sim::host& world::host(std::string_view name) {
    for (const auto& h : state_->hosts) {
        if (h->name() == name) return *h;
    }
    detail::host_state& made = state_->add(name);
    state_->hosts.push_back(std::unique_ptr<sim::host>(new sim::host(made)));
    return *state_->hosts.back();
}

void world::link(sim::host& a, sim::host& b, const link_options& how) {
    const auto one_way = [&](const sim::host& from, const sim::host& to) {
        const detail::draws luck(state_->seed, "link " + from.name() + " " + to.name());
        state_->engine.connect(from.state_.index, {to.state_.index, how.delay.count(), how.loss, luck});
    };
    one_way(a, b);
    one_way(b, a);
}

void world::capture(const std::string& path) {
    state_->capture = std::make_shared<cardea::detail::capture_file>(path);
    for (detail::host_state& h : state_->states) h.net->capture(state_->capture, h.name);
}

void world::name(std::string_view name, std::vector<endpoint> addresses) {
    state_->names.hosts.insert_or_assign(std::string(name), detail::named_host{std::move(addresses), {}});
}

void world::name(std::string_view name, std::vector<endpoint> addresses, const answer_times& after) {
    state_->names.hosts.insert_or_assign(std::string(name), detail::named_host{std::move(addresses), after});
}

void world::service(std::string_view name, std::vector<service_record> servers) {
    state_->names.services.insert_or_assign(std::string(name), std::move(servers));
}

report world::run() {
    if (std::exchange(state_->has_run, true)) throw std::logic_error("a world runs once");
    report r;
    if (state_->states.empty()) return r;
    detail::simulation& engine = state_->engine;
    for (detail::host_state& h : state_->states) h.net->move_here();
    const cardea::detail::virtual_time until_the_end;
    cardea::detail::loop here(engine, *state_->states.front().net);
    cardea::detail::scope_state root(cardea::detail::this_thread_execution());
    here.root = &root;
    engine.on_standstill([&] {
        if (root.cancelled) return false;
        r.programs_stopped = root.alive;
        root.cancel();
        return true;
    });
    auto first = [&] { state_->start_programs(here, root); };
    here.start({.name = "world"}, root, cardea::detail::callable_of<decltype(first)>, &first);
    here.run();
    r.elapsed = std::chrono::nanoseconds(engine.clock_ns());
    // Connections that programs have closed come to their end: the last acknowledgements, TIME-WAIT.
    constexpr std::int64_t longest_ns = 600'000'000'000;
    engine.drain(longest_ns);
    engine.on_standstill({});
    if (state_->capture) state_->capture->flush();
    r.digest = engine.digest();
    r.packets_sent = engine.packets_sent();
    r.packets_lost = engine.packets_lost();
    if (root.first_failure) std::rethrow_exception(root.first_failure);
    return r;
}

}  // namespace cardea::sim
