// The listen queue: SYN queue, accept queue, their bounds, cookies past them (RFC 4987), and that nothing stays behind.
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <string>
#include <vector>

#include "stack/tcp/listener.hpp"

namespace cardea::stack::tcp::test {
namespace {

constexpr secret_key secret{7, 11};

four_tuple client(std::uint16_t port) {
    return {{ip_address::v4(192, 0, 2, 1), 80}, {ip_address::v4(198, 51, 100, 7), port}};
}

segment syn_from(std::uint16_t port, std::uint32_t isn = 1000) {
    segment s;
    s.source_port = port;
    s.destination_port = 80;
    s.seq = sequence{isn};
    s.flags = flag::syn;
    s.window = 65535;
    s.options.mss = 1460;
    s.options.sack_permitted = true;
    s.options.window_shift = 7;
    s.options.has_timestamps = true;
    s.options.ts_value = 100;
    return s;
}

segment ack_of(segment const& syn_ack, std::uint32_t isn = 1000) {
    segment s;
    s.source_port = syn_ack.destination_port;
    s.destination_port = 80;
    s.seq = sequence{isn + 1};
    s.ack = syn_ack.seq + 1;
    s.flags = flag::ack;
    s.window = 500;
    s.options.has_timestamps = syn_ack.options.has_timestamps;
    s.options.ts_value = 101;
    s.options.ts_echo = syn_ack.options.ts_value;
    return s;
}

struct queue {
    explicit queue(listener_config const& c = {}, observer* watcher = nullptr) : l{c, secret, watcher} {}
    listener l;
    time_ns now = 1000 * seconds;

    std::deque<std::pair<four_tuple, segment>> output() {
        std::deque<std::pair<four_tuple, segment>> out;
        four_tuple t;
        segment s;
        while (l.poll_output(now, t, s)) out.emplace_back(t, s);
        return out;
    }
    segment syn(std::uint16_t port) {
        EXPECT_TRUE(l.on_segment(client(port), syn_from(port), now).handled);
        auto const out = output();
        EXPECT_EQ(out.size(), 1U);
        return out.empty() ? segment{} : out.front().second;
    }
    std::shared_ptr<connection> open(std::uint16_t port) {
        segment const reply = syn(port);
        return l.on_segment(client(port), ack_of(reply), now).established;
    }
};

TEST(tcp_listen_queue, completes_a_handshake) {
    queue q;
    segment const reply = q.syn(5);
    EXPECT_EQ(reply.flags, flag::syn | flag::ack);
    EXPECT_EQ(reply.ack, sequence{1001});
    EXPECT_EQ(reply.options.mss, 1460);
    EXPECT_TRUE(reply.options.sack_permitted);
    EXPECT_TRUE(reply.options.window_shift.has_value());
    EXPECT_EQ(reply.options.ts_echo, 100U);
    EXPECT_EQ(q.l.info().pending, 1U);
    EXPECT_FALSE(q.l.acceptable());
    auto const made = q.l.on_segment(client(5), ack_of(reply), q.now).established;
    ASSERT_TRUE(made);
    EXPECT_EQ(made->current_state(), state::established);
    EXPECT_EQ(made->info().send_window, 500U << 7);
    EXPECT_EQ(q.l.info().pending, 0U);
    EXPECT_EQ(q.l.next_deadline(), never);
    EXPECT_EQ(q.l.accept(), made);
    EXPECT_EQ(q.l.accept(), nullptr);
}

TEST(tcp_listen_queue, data_with_the_last_ack_is_kept) {
    queue q;
    segment ack = ack_of(q.syn(5));
    std::array<std::byte, 10> data{};
    ack.payload.first = data;
    auto const made = q.l.on_segment(client(5), ack, q.now).established;
    ASSERT_TRUE(made);
    EXPECT_EQ(made->readable(), 10U);
}

TEST(tcp_listen_queue, syn_ack_is_resent_with_backoff_and_given_up) {
    listener_config c;
    c.syn_ack_retries = 3;
    queue q{c};
    segment const first = q.syn(5);
    time_ns wait = 1 * seconds;
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(q.l.next_deadline(), q.now + wait);
        q.now += wait;
        q.l.on_deadline(q.now);
        auto const out = q.output();
        ASSERT_EQ(out.size(), 1U);
        EXPECT_EQ(out[0].second.seq, first.seq);
        wait *= 2;
    }
    q.now += wait;
    q.l.on_deadline(q.now);
    EXPECT_TRUE(q.output().empty());
    EXPECT_EQ(q.l.info().pending, 0U);
    EXPECT_EQ(q.l.next_deadline(), never);
}

TEST(tcp_listen_queue, repeated_syn_gets_the_same_answer) {
    queue q;
    segment const first = q.syn(5);
    segment const again = q.syn(5);
    EXPECT_EQ(again.seq, first.seq);
    EXPECT_EQ(q.l.info().pending, 1U);
}

TEST(tcp_listen_queue, full_accept_queue_holds_new_clients_back) {
    listener_config c;
    c.backlog = 1;  // and one more, as on Linux
    queue q{c};
    segment const early = q.syn(9);
    ASSERT_TRUE(q.open(1));
    ASSERT_TRUE(q.open(2));
    // The third SYN is dropped; an ACK that completes an older handshake is too, and can come again.
    EXPECT_TRUE(q.l.on_segment(client(3), syn_from(3), q.now).handled);
    EXPECT_TRUE(q.output().empty());
    EXPECT_EQ(q.l.on_segment(client(9), ack_of(early), q.now).established, nullptr);
    EXPECT_EQ(q.l.info().pending, 1U);
    EXPECT_EQ(q.l.info().overflows, 2U);
    ASSERT_TRUE(q.l.accept());
    EXPECT_TRUE(q.l.on_segment(client(9), ack_of(early), q.now).established);
}

TEST(tcp_listen_queue, full_accept_queue_can_reset_instead) {
    listener_config c;
    c.backlog = 0;
    c.reset_on_overflow = true;
    queue q{c};
    segment const early = q.syn(9);
    ASSERT_TRUE(q.open(1));
    EXPECT_EQ(q.l.on_segment(client(9), ack_of(early), q.now).established, nullptr);
    auto const out = q.output();
    ASSERT_EQ(out.size(), 1U);
    EXPECT_TRUE(out[0].second.has(flag::rst));
    EXPECT_EQ(q.l.info().pending, 0U);
}

TEST(tcp_listen_queue, backlog_of_zero_admits_one) {
    listener_config c;
    c.backlog = 0;
    queue q{c};
    EXPECT_TRUE(q.open(1));
    EXPECT_TRUE(q.l.on_segment(client(2), syn_from(2), q.now).handled);
    EXPECT_TRUE(q.output().empty());
}

TEST(tcp_listen_queue, reset_ends_a_pending_handshake) {
    queue q;
    q.syn(5);
    segment r;
    r.flags = flag::rst;
    r.seq = sequence{5000};
    q.l.on_segment(client(5), r, q.now);
    EXPECT_EQ(q.l.info().pending, 1U);  // not the exact number
    r.seq = sequence{1001};
    q.l.on_segment(client(5), r, q.now);
    EXPECT_EQ(q.l.info().pending, 0U);
    EXPECT_EQ(q.l.next_deadline(), never);
}

TEST(tcp_listen_queue, wrong_ack_of_a_pending_handshake_is_reset) {
    queue q;
    segment ack = ack_of(q.syn(5));
    ack.ack += 1;
    EXPECT_EQ(q.l.on_segment(client(5), ack, q.now).established, nullptr);
    auto const out = q.output();
    ASSERT_EQ(out.size(), 1U);
    EXPECT_EQ(out[0].second.flags, flag::rst);
    EXPECT_EQ(out[0].second.seq, ack.ack);
    EXPECT_EQ(q.l.info().pending, 1U);
}

TEST(tcp_listen_queue, strays_are_left_to_the_host) {
    queue q;
    segment s;
    s.flags = flag::ack;
    EXPECT_FALSE(q.l.on_segment(client(5), s, q.now).handled);  // to be answered by a reset
    s.flags = flag::syn | flag::ack;
    EXPECT_FALSE(q.l.on_segment(client(5), s, q.now).handled);
    s.flags = flag::rst;
    EXPECT_TRUE(q.l.on_segment(client(5), s, q.now).handled);
    s.flags = 0;
    EXPECT_TRUE(q.l.on_segment(client(5), s, q.now).handled);
    EXPECT_TRUE(q.output().empty());
}

TEST(tcp_listen_queue, hard_icmp_error_ends_the_handshake_it_quotes) {
    queue q;
    segment const reply = q.syn(5);
    q.l.on_icmp_error(client(5), icmp_error::port_unreachable, reply.seq + 1, q.now);
    EXPECT_EQ(q.l.info().pending, 1U);
    q.l.on_icmp_error(client(5), icmp_error::port_unreachable, reply.seq, q.now);
    EXPECT_EQ(q.l.info().pending, 0U);
}

TEST(tcp_listen_queue, soft_icmp_error_ends_no_handshake) {
    queue q;
    segment const reply = q.syn(5);
    for (auto const kind : {icmp_error::host_unreachable, icmp_error::network_unreachable, icmp_error::time_exceeded,
                            icmp_error::parameter_problem, icmp_error::source_quench})
        q.l.on_icmp_error(client(5), kind, reply.seq, q.now);
    EXPECT_EQ(q.l.info().pending, 1U);
    EXPECT_TRUE(q.l.on_segment(client(5), ack_of(reply), q.now).established);
}

TEST(tcp_listen_queue, closing_resets_what_is_pending) {
    queue q;
    segment const reply = q.syn(5);
    q.l.close(q.now);
    auto const out = q.output();
    ASSERT_EQ(out.size(), 1U);
    EXPECT_EQ(out[0].second.flags, flag::rst | flag::ack);
    EXPECT_EQ(out[0].second.seq, reply.seq + 1);
    EXPECT_EQ(q.l.next_deadline(), never);
}

TEST(tcp_listen_queue, number_given_for_a_reopened_tuple_is_used) {
    queue q;
    q.l.on_segment(client(5), syn_from(5), q.now, sequence{12345});
    EXPECT_EQ(q.output().at(0).second.seq, sequence{12345});
}

TEST(tcp_listen_queue, flood_is_bounded_and_answered_by_cookies) {
    listener_config c;
    c.syn_backlog = 16;
    queue q{c};
    for (std::uint16_t port = 1; port <= 5000; ++port) {
        q.l.on_segment(client(port), syn_from(port), q.now);
        q.output();
    }
    EXPECT_EQ(q.l.info().pending, 16U);
    EXPECT_EQ(q.l.info().cookies_sent, 5000U - 16);
    auto const made = q.open(6000);  // and a real client still gets in
    ASSERT_TRUE(made);
    EXPECT_EQ(q.l.info().cookies_accepted, 1U);
    EXPECT_TRUE(made->info().sack);
    EXPECT_TRUE(made->info().window_scaling);
    EXPECT_EQ(made->info().send_shift, 7);
    EXPECT_EQ(made->info().peer_mss, 1460U);
    // After the flood nothing stays.
    for (int i = 0; i < 100 && q.l.next_deadline() != never; ++i) {
        q.now = q.l.next_deadline();
        q.l.on_deadline(q.now);
        q.output();
    }
    EXPECT_EQ(q.l.info().pending, 0U);
}

TEST(tcp_listen_queue, answers_wait_in_a_bounded_queue) {
    listener_config c;
    c.cookies = cookie_mode::always;
    queue q{c};
    for (std::uint16_t port = 1; port <= 1000; ++port) q.l.on_segment(client(port), syn_from(port), q.now);
    EXPECT_LE(q.output().size(), 64U);
}

TEST(tcp_listen_queue, cookie_without_timestamps_offers_only_what_it_can_keep) {
    listener_config c;
    c.cookies = cookie_mode::always;
    queue q{c};
    segment syn = syn_from(5);
    syn.options.has_timestamps = false;
    q.l.on_segment(client(5), syn, q.now);
    segment const reply = q.output().at(0).second;
    EXPECT_FALSE(reply.options.sack_permitted);
    EXPECT_FALSE(reply.options.window_shift.has_value());
    auto const made = q.l.on_segment(client(5), ack_of(reply), q.now).established;
    ASSERT_TRUE(made);
    EXPECT_EQ(made->info().send_window, 500U);
}

TEST(tcp_listen_queue, cookie_is_good_for_its_client_and_its_time_only) {
    listener_config c;
    c.cookies = cookie_mode::always;
    queue q{c};
    segment const ack = ack_of(q.syn(5));
    EXPECT_FALSE(q.l.on_segment(client(6), ack, q.now).established);
    segment forged = ack;
    forged.ack += 1;
    EXPECT_FALSE(q.l.on_segment(client(5), forged, q.now).established);
    forged = ack;
    forged.seq += 1;
    EXPECT_FALSE(q.l.on_segment(client(5), forged, q.now).established);
    EXPECT_GE(q.l.info().cookies_failed, 3U);
    q.now += 2 * syn_cookies::period;
    EXPECT_FALSE(q.l.on_segment(client(5), ack, q.now).handled);
    q.now -= syn_cookies::period;
    EXPECT_TRUE(q.l.on_segment(client(5), ack, q.now).established);
}

TEST(tcp_listen_queue, no_cookie_is_believed_when_none_was_sent) {
    queue q;
    syn_cookies const cookies{secret};
    segment reply;
    reply.seq = cookies.make(client(5), syn_from(5), q.now);
    reply.destination_port = 5;
    EXPECT_FALSE(q.l.on_segment(client(5), ack_of(reply), q.now).handled);
}

TEST(tcp_listen_queue, watcher_hears_of_pending_handshakes) {
    struct recorder : observer {
        std::string heard;
        void pending(four_tuple const&, state from, state to, time_ns) override {
            heard += std::string{name(from)} + ">" + name(to) + " ";
        }
        void state_changed(connection const&, state, state to, time_ns) override {
            heard += std::string{name(to)} + " ";
        }
    } r;
    queue q{{}, &r};
    q.open(5);
    EXPECT_EQ(r.heard, "LISTEN>SYN-RECEIVED SYN-RECEIVED ESTABLISHED ");
}

}  // namespace
}  // namespace cardea::stack::tcp::test
