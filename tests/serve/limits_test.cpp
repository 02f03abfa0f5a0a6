// `idle` bounds each call of a handler, `total` the handler; whom they cut off is told to on_error, and to nobody else.
#include <algorithm>
#include <mutex>

#include "running_server.hpp"

using namespace cardea;

class limits : public on_each_network {};

namespace {

class failures {
  public:
    auto recorder() {
        return [this](const endpoint& client, std::exception_ptr why) {
            std::lock_guard held(guard_);
            clients_.push_back(client);
            try {
                std::rethrow_exception(why);
            } catch (const std::system_error& e) {
                codes_.push_back(e.code());
            } catch (...) {
                codes_.emplace_back();
            }
        };
    }
    std::vector<endpoint> clients_;
    std::vector<std::error_code> codes_;

  private:
    std::mutex guard_;
};

}  // namespace

TEST_P(limits, a_silent_peer_is_cut_off_after_idle) {
    failures told;
    serve_options o = options();
    o.idle = std::chrono::milliseconds(50);
    o.on_error = told.recorder();
    running_server server("127.0.0.1:0", echo, o);
    tcp_stream silent = tcp_stream::connect(server.at());
    const endpoint me = silent.local();
    char nothing = 0;
    EXPECT_EQ(silent.recv({&nothing, 1}), 0U);
    EXPECT_EQ(server.stop().handler_failures, 1U);
    ASSERT_EQ(told.codes_.size(), 1U);
    EXPECT_EQ(told.codes_[0], errc::timed_out);
    EXPECT_EQ(told.clients_[0], me);
}

TEST_P(limits, a_slow_sender_that_never_falls_silent_is_cut_off_after_total) {
    failures told;
    serve_options o = options();
    o.idle = std::chrono::seconds(30);
    o.total = std::chrono::milliseconds(100);
    o.on_error = told.recorder();
    running_server server("127.0.0.1:0", echo, o);
    tcp_stream busy = tcp_stream::connect(server.at());
    while (answers(busy)) {
    }
    EXPECT_EQ(server.stop().handler_failures, 1U);
    ASSERT_EQ(told.codes_.size(), 1U);
    EXPECT_EQ(told.codes_[0], errc::timed_out);
}

TEST_P(limits, without_on_error_only_real_failures_are_printed) {
    serve_options o = options();
    o.idle = std::chrono::milliseconds(20);
    testing::internal::CaptureStderr();
    running_server server(
        "127.0.0.1:0",
        [](tcp_stream peer) {
            char first = 0;
            peer.recv_exactly({&first, 1});
            if (first == 't') throw std::runtime_error("it broke");
            if (first == 'i') throw 42;
        },
        o);
    char nothing = 0;
    tcp_stream silent = tcp_stream::connect(server.at());
    EXPECT_EQ(silent.recv({&nothing, 1}), 0U);  // timed_out
    tcp_stream::connect(server.at()).close();   // end_of_stream
    for (const char* what : {"t", "i"}) {
        tcp_stream peer = tcp_stream::connect(server.at());
        peer.send_all(what);
        EXPECT_EQ(peer.recv({&nothing, 1}), 0U);
    }
    EXPECT_EQ(server.stop().handler_failures, 4U);
    const std::string printed = testing::internal::GetCapturedStderr();
    EXPECT_NE(printed.find("cardea: handler for 127.0.0.1:"), std::string::npos) << printed;
    EXPECT_NE(printed.find(": it broke\n"), std::string::npos) << printed;
    EXPECT_NE(printed.find(": an exception that is no std::exception\n"), std::string::npos) << printed;
    EXPECT_EQ(std::count(printed.begin(), printed.end(), '\n'), 2) << printed;
}

INSTANTIATE_TEST_SUITE_P(networks, limits, every_network(), name_of);
