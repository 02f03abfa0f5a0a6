// Metrics as text for Prometheus: every line is of its format, and the numbers are the metrics'. Whether a Prometheus
// reads it is tested with the example that serves it.
#include <gtest/gtest.h>

#include <cardea/error.hpp>
#include <cardea/metrics.hpp>
#include <string>

using namespace cardea;

namespace {

metrics made_up() {
    metrics m;
    m.open_sockets = 3;
    m.bytes_sent = 12345;
    m.calls[static_cast<std::size_t>(call_kind::recv)] = {7, 99};
    m.failures.push_back({call_kind::recv, errc::timed_out, 2});
    m.loops.push_back(
        {.number = 4, .network = "epoll", .fibers = 9, .sockets = 8, .switches = 1, .waits = 1, .turns = {}});
    m.turns.counts[0] = 5;
    m.turns.counts[1] = 1;
    m.turns.counts[21] = 1;
    m.turns.sum = std::chrono::milliseconds(1500);
    m.turns.longest = std::chrono::milliseconds(1250);
    return m;
}

}  // namespace

TEST(prometheus, has_a_line_for_each_number) {
    const std::string text = to_prometheus(made_up());
    for (const char* line : {
             "# TYPE cardea_open_sockets gauge\ncardea_open_sockets 3\n",
             "# TYPE cardea_sent_bytes_total counter\ncardea_sent_bytes_total 12345\n",
             "cardea_calls_total{call=\"recv\"} 7\n",
             "cardea_call_failures_total{call=\"recv\",category=\"cardea\",code=\"1\",error=\"",
             "cardea_loop_fibers{loop=\"4\",network=\"epoll\"} 9\n",
             "cardea_loop_latency_seconds_bucket{le=\"1.024e-06\"} 5\n",
             "cardea_loop_latency_seconds_bucket{le=\"2.048e-06\"} 6\n",
             "cardea_loop_latency_seconds_bucket{le=\"+Inf\"} 7\n",
             "cardea_loop_latency_seconds_sum 1.5\ncardea_loop_latency_seconds_count 7\n",
             "cardea_loop_latency_longest_seconds 1.25\n",
         }) {
        EXPECT_NE(text.find(line), std::string::npos) << line << "is not in\n" << text;
    }
}
