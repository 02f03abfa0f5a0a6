// The recorder keeps what it saw: beginnings with their ends, in order, up to its bound, from any thread.
#include <gtest/gtest.h>

#include <cardea/ladder.hpp>
#include <string>
#include <thread>
#include <vector>

namespace {

using cardea::call_event;
using cardea::call_kind;
using cardea::call_recorder;

call_event event(call_kind kind, std::uint64_t socket, const char* who, std::int64_t begin_ns) {
    call_event e;
    e.kind = kind;
    e.socket = socket;
    e.who = who;
    e.begin_ns = begin_ns;
    return e;
}

TEST(call_recorder, an_end_finds_its_beginning) {
    call_recorder recorder;
    auto waiting = event(call_kind::recv, 1, "a", 10);
    auto other = event(call_kind::recv, 1, "b", 10);
    recorder.call_begins(waiting);
    recorder.call_begins(other);
    waiting.bytes = 7;
    waiting.end_ns = 30;
    recorder.call_ended(waiting);

    const auto records = recorder.records();
    ASSERT_EQ(records.size(), 2U);
    EXPECT_TRUE(records[0].ended);
    EXPECT_EQ(records[0].who, "a");
    EXPECT_EQ(records[0].bytes, 7U);
    EXPECT_EQ(records[0].end_ns, 30);
    EXPECT_EQ(records[0].begin_order, 1U);
    EXPECT_EQ(records[0].end_order, 3U);
    EXPECT_FALSE(records[1].ended);
}

TEST(call_recorder, a_socket_learns_its_number_and_endpoints_by_the_end) {
    call_recorder recorder;
    auto made = event(call_kind::socket, 0, "a", 10);
    recorder.call_begins(made);
    made.socket = 9;
    made.local = cardea::endpoint::loopback(cardea::family::inet, 80);
    recorder.call_ended(made);
    EXPECT_EQ(recorder.records().at(0).socket, 9U);
    EXPECT_EQ(recorder.records().at(0).local, made.local);
}

TEST(call_recorder, what_does_not_fit_is_counted_and_its_end_ignored) {
    call_recorder recorder(2);
    for (std::int64_t i = 0; i < 5; ++i) {
        const auto call = event(call_kind::send, 1, "a", i);
        recorder.call_begins(call);
        recorder.call_ended(call);
    }
    EXPECT_EQ(recorder.records().size(), 2U);
    EXPECT_EQ(recorder.dropped(), 3U);
}

TEST(call_recorder, threads_record_at_once) {
    constexpr int threads = 4;
    constexpr int calls = 200;
    call_recorder recorder(threads * calls);
    std::vector<std::thread> all;
    for (int t = 0; t < threads; ++t) {
        all.emplace_back([&recorder, name = std::to_string(t)] {
            for (int i = 0; i < calls; ++i) {
                const auto call = event(call_kind::send, 1, name.c_str(), i);
                recorder.call_begins(call);
                recorder.call_ended(call);
            }
        });
    }
    for (auto& thread : all) thread.join();
    const auto records = recorder.records();
    EXPECT_EQ(records.size(), static_cast<std::size_t>(threads * calls));
    for (const auto& record : records) EXPECT_TRUE(record.ended);
}

}  // namespace
