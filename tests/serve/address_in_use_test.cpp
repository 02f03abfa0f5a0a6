// An address that somebody has is refused, another server's that shares it among its threads too; and what was opened
// before the refusal is closed again.
#include "running_server.hpp"

using namespace cardea;

class address_in_use : public on_each_network {
  protected:
    template <class Handler>
    void expect_refused(const addresses& where, Handler handler, unsigned threads, const std::string& named) {
        serve_options o = options(threads);
        bool ready = false;
        o.on_ready = [&](const std::vector<endpoint>&) { ready = true; };
        try {
            serve(where, handler, o);
            ADD_FAILURE() << "it was served";
        } catch (const error& e) {
            EXPECT_EQ(e.code(), std::errc::address_in_use) << e.what();
            EXPECT_NE(std::string(e.what()).find(named), std::string::npos) << e.what();
        }
        EXPECT_FALSE(ready);
    }
};

namespace {
const auto ignore_datagrams = [](udp_socket&, const_buffer, const endpoint&) {};
}

TEST_P(address_in_use, a_plain_listener_has_it) {
    const tcp_listener owner("127.0.0.1:0");
    const std::string where = owner.local().to_string();
    for (const unsigned threads : {1U, 3U}) expect_refused(where, echo, threads, "listen on " + where);
}

TEST_P(address_in_use, another_server_shares_it_among_its_threads) {
    running_server owner("127.0.0.1:0", echo, options(3));
    const std::string where = owner.at().to_string();
    for (const unsigned threads : {1U, 3U}) expect_refused(where, echo, threads, where);
    tcp_stream peer = tcp_stream::connect(owner.at());
    EXPECT_TRUE(answers(peer));
}

TEST_P(address_in_use, another_udp_server_shares_it_among_its_threads) {
    running_server owner("127.0.0.1:0", ignore_datagrams, options(3));
    const std::string where = owner.at().to_string();
    for (const unsigned threads : {1U, 3U}) expect_refused(where, ignore_datagrams, threads, "bind " + where);
}

TEST_P(address_in_use, a_unix_name_has_a_listener) {
    const std::string where = "unix:@cardea-test-in-use-" + GetParam();
    running_server owner(where, echo, options(2));
    expect_refused(where, echo, 2, where);
}

TEST_P(address_in_use, what_was_opened_before_the_refusal_is_closed) {
    const tcp_listener owner("127.0.0.1:0");
    endpoint free;
    {
        const tcp_listener for_a_moment("127.0.0.1:0");
        free = for_a_moment.local();
    }
    expect_refused({free.to_string(), owner.local().to_string()}, echo, 3, owner.local().to_string());
    EXPECT_NO_THROW(tcp_listener{free});
}

TEST_P(address_in_use, the_address_is_free_when_the_server_has_ended) {
    endpoint where;
    {
        running_server first("127.0.0.1:0", echo, options(3));
        where = first.at();
    }
    running_server second(where.to_string(), echo, options(3));
    EXPECT_EQ(second.at(), where);
}

INSTANTIATE_TEST_SUITE_P(networks, address_in_use, every_network(), name_of);
