// A server that can accept nothing for a while: no descriptors, no memory. It pauses, longer and longer up to a bound,
// tells of it once, and resumes.
#include <gtest/gtest.h>

#include "serving.hpp"
#include "under_faults.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE_WHERE(serving_under_faults, is_loops);
CARDEA_CONFORMANCE_WHERE(serving_in_virtual_time_under_faults, is_in_virtual_time);

// A client is served after accepting has failed twice with `why`.
void serve_after_pauses(faulty_network& net, std::error_code why) {
    net.add(fault::fail(network_call::accept, why).times(2));
    server_beside server([](tcp_stream peer) { peer.send_all("served"); });
    {
        tcp_stream client = tcp_stream::connect(server.at());
        std::array<char, 6> room{};
        client.recv_exactly(room);
    }
    const serve_report report = server.stop();
    EXPECT_EQ(report.accept_pauses, 2U);
    EXPECT_EQ(report.accepted, 1U);
    ASSERT_EQ(server.failures().size(), 1U) << "once for a series";
    EXPECT_EQ(server.failures()[0].code, why);
    EXPECT_EQ(server.failures()[0].about, server.at());
}

TEST_P(serving_under_faults, enobufs_and_enomem_pause_a_server_and_it_resumes) {
    for (const std::errc why : {std::errc::no_buffer_space, std::errc::not_enough_memory}) {
        on_network(with({}, [why](faulty_network& net) { serve_after_pauses(net, std::make_error_code(why)); }));
    }
}

TEST_P(serving_under_faults, emfile_and_enfile_pause_a_server_and_it_resumes) {
    for (const std::errc why : {std::errc::too_many_files_open, std::errc::too_many_files_open_in_system}) {
        on_network(with({}, [why](faulty_network& net) { serve_after_pauses(net, std::make_error_code(why)); }));
        // As the system says it.
        const std::error_code raw(static_cast<int>(why), std::system_category());
        on_network(with({}, [raw](faulty_network& net) { serve_after_pauses(net, raw); }));
    }
}

/// Notes when each accept has failed, on the network's clock.
class accept_failures final : public call_observer {
  public:
    accept_failures() : before_(observe_calls(this)) {}
    ~accept_failures() override { observe_calls(before_); }
    accept_failures(const accept_failures&) = delete;
    accept_failures& operator=(const accept_failures&) = delete;

    void call_begins(const call_event&) noexcept override {}
    void call_ended(const call_event& call) noexcept override {
        if (call.kind == call_kind::accept && call.result && times_.size() < times_.capacity()) {
            times_.push_back(call.end_ns);
        }
    }
    [[nodiscard]] const std::vector<std::int64_t>& times() const { return times_; }

  private:
    static std::vector<std::int64_t> room() {
        std::vector<std::int64_t> times;
        times.reserve(100);
        return times;
    }
    std::vector<std::int64_t> times_ = room();
    call_observer* before_;
};

/// The pauses between the first so many accepts of a server that has no descriptors left.
std::vector<std::chrono::nanoseconds> pauses_for_want_of_descriptors(std::size_t count) {
    const accept_failures seen;
    faulty_network net;
    net.add(fault::fail(network_call::accept, std::make_error_code(std::errc::too_many_files_open_in_system))
                .times(fault::always));
    net.run([&] {
        server_beside server([](tcp_stream) {});
        while (seen.times().size() <= count) cardea::sleep(10ms);
        EXPECT_EQ(server.failures().size(), 1U) << "once for a series";
        EXPECT_GE(server.stop().accept_pauses, count);
    });
    std::vector<std::chrono::nanoseconds> pauses;
    for (std::size_t i = 0; i < count; ++i) pauses.emplace_back(seen.times()[i + 1] - seen.times()[i]);
    return pauses;
}

TEST_P(serving_under_faults, pauses_grow_while_there_are_no_descriptors) {
    on_network([] {
        const auto pauses = pauses_for_want_of_descriptors(3);
        EXPECT_GE(pauses[0], 50ms);
        EXPECT_GE(pauses[1], 100ms);
        EXPECT_GE(pauses[2], 200ms);
    });
}

TEST_P(serving_in_virtual_time_under_faults, pauses_double_up_to_a_second) {
    on_network([] {
        const std::vector<std::chrono::nanoseconds> expected = {50ms, 100ms, 200ms, 400ms, 800ms, 1s, 1s, 1s};
        EXPECT_EQ(pauses_for_want_of_descriptors(expected.size()), expected);
    });
}

}  // namespace
}  // namespace cardea::conformance
