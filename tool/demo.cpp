// cardea demo: the textbook's exchanges over TCP and UDP, really made, and the ladder of what happened.
#include <fmt/core.h>

#include <cardea/deadline.hpp>
#include <cardea/fiber.hpp>
#include <cardea/ladder.hpp>
#include <cardea/network.hpp>
#include <chrono>
#include <memory>

#include "command.hpp"
#include "demo_programs.hpp"
#include "standard_streams.hpp"

namespace cardea_tool {

namespace {

struct demo_options {
    std::size_t width = 0;
    bool ascii = false;
};

using program = void (*)(meeting_point&);

/// Nothing in it takes long: if it does, say so instead of hanging.
constexpr std::chrono::seconds time_for_it{20};

/// Records the calls made while it lives, and lets the client come only when the server waits for it, so that the
/// waiting can be seen.
class recording final : public cardea::call_observer {
  public:
    explicit recording(meeting_point& point) : point_(point), before_(cardea::observe_calls(this)) {}
    ~recording() override { cardea::observe_calls(before_); }
    recording(const recording&) = delete;
    recording& operator=(const recording&) = delete;

    void call_begins(const cardea::call_event& call) noexcept override {
        calls_.call_begins(call);
        const bool awaits_client = call.kind == cardea::call_kind::accept || call.kind == cardea::call_kind::recv_from;
        if (awaits_client) point_.server_waits.set();
    }
    void call_ended(const cardea::call_event& call) noexcept override { calls_.call_ended(call); }
    [[nodiscard]] std::vector<cardea::call_record> records() const { return calls_.records(); }

  private:
    meeting_point& point_;
    cardea::call_recorder calls_;
    cardea::call_observer* before_;
};

void meet(meeting_point& point, program server, program client) {
    const cardea::deadline within(time_for_it);
    cardea::scope both;
    both.spawn({.name = "server"}, [&] { server(point); });
    both.spawn({.name = "client"}, [&] {
        point.server_waits.wait();
        client(point);
    });
    both.join();
}

void show(const demo_options& options, const char* service, program server, program client) {
    meeting_point point;
    std::vector<cardea::call_record> calls;
    {
        const recording on(point);
        meet(point, server, client);
        calls = on.records();
    }
    const auto width = options.width != 0 ? options.width : terminal_columns().value_or(80);
    fmt::print("{}, two {} on the {} network\n\n{}\n", service, cardea::this_fiber::on_loop() ? "fibers" : "threads",
               cardea::this_network().name(), cardea::draw_ladder(calls, {.width = width, .ascii = options.ascii}));
}

int run_demo(const demo_options& options, const network_choice& on) {
    const std::string network = on.name();
    const auto both = [&options] {
        fmt::print("A client sends a sentence, a server answers in capitals. Time runs downwards.\n");
        fmt::print("A bar of {} is a call that waits.\n\n", options.ascii ? ":" : "┆");
        show(options, "TCP, the connection-oriented service", tcp_server, tcp_client);
        show(options, "UDP, the connectionless service", udp_server, udp_client);
    };
    // On threads there is no loop to make.
    if (network == "thread") {
        both();
    } else {
        cardea::run({.network = network}, both);
    }
    return done;
}

}  // namespace

command add_demo(arguments& all, network_choice& on) {
    auto options = std::make_shared<demo_options>();
    auto demo = all.command("demo", "Show a TCP and a UDP exchange call by call, from both sides");
    demo.describe(
        "Starts a TCP and a UDP server and a client for each on free loopback ports, and draws what\n"
        "their socket calls did: the textbook's ladder.");
    on.add_to(demo);
    demo.add("--width", options->width, "Columns (default: the terminal's, or 80)").between(60, 400);
    demo.add_flag("--ascii", options->ascii, "Draw with 7-bit characters only");
    return {demo, [options, &on] { return run_demo(*options, on); }};
}

}  // namespace cardea_tool
