// TCP sockets of two hosts: opening, data both ways, closing, and the errors of the kernel.
#include <gtest/gtest.h>

#include "host_pair.hpp"
#include "stack/tcp/connection.hpp"

namespace cardea::stack {
namespace {

using namespace test;

class host_tcp : public ::testing::TestWithParam<bool> {
  protected:
    ip_version family() const { return GetParam() ? ip_version::v6 : ip_version::v4; }
    std::string_view b() const { return GetParam() ? "2001:db8::2" : "192.0.2.2"; }

    std::unique_ptr<socket> listening(std::uint16_t port, std::uint32_t backlog = 5) {
        auto s = net.b->open_tcp(family());
        EXPECT_EQ(s->bind(at(b(), port)), error::ok);
        EXPECT_EQ(s->listen(backlog, net.now), error::ok);
        return s;
    }
    struct ends {
        std::unique_ptr<socket> client, server;
    };
    ends connected(socket& listener) {
        ends e;
        e.client = net.a->open_tcp(family());
        EXPECT_EQ(e.client->connect(listener.local(), net.now), error::einprogress);
        net.settle();
        auto accepted = listener.accept(net.now);
        EXPECT_EQ(accepted.problem, error::ok);
        e.server = std::move(accepted.connection);
        EXPECT_EQ(accepted.peer, e.client->local());
        return e;
    }
    host_pair net;
};

std::string read_all(socket& s, time_ns now) {
    std::string all;
    std::array<std::byte, 4096> buffer;
    for (;;) {
        auto const r = s.recv(buffer, 0, now);
        if (r.problem != error::ok) return all + "<" + name(r.problem) + ">";
        if (r.size == 0) return all + "<eof>";
        all += text(bytes_view{buffer}.first(r.size));
    }
}

TEST_P(host_tcp, buffers_set_on_a_listener_after_listen_are_those_of_what_it_accepts) {
    auto const listener = listening(80);
    EXPECT_EQ(listener->set_option(socket_option::send_buffer, 4'000'000, net.now), error::ok);
    EXPECT_EQ(listener->set_option(socket_option::receive_buffer, 8192, net.now), error::ok);
    auto const [client, server] = connected(*listener);
    std::int64_t size = 0;
    EXPECT_EQ(server->get_option(socket_option::send_buffer, size, net.now), error::ok);
    EXPECT_EQ(size, 4'000'000);
    EXPECT_EQ(server->connection()->writable(), 4'000'000U);
    EXPECT_NE(server->readiness() & ready::writable, 0U);
    EXPECT_EQ(server->connection()->config().receive_buffer, 8192U);
}

TEST_P(host_tcp, connect_accept_and_talk_both_ways) {
    auto const listener = listening(80);
    auto const [client, server] = connected(*listener);
    EXPECT_EQ(client->connect(listener->local(), net.now), error::ok);
    EXPECT_EQ(client->connect(listener->local(), net.now), error::eisconn);
    EXPECT_EQ(client->remote(), listener->local());
    EXPECT_EQ(server->local(), listener->local());
    EXPECT_EQ(client->send(payload("hello"), 0, net.now).size, 5U);
    net.settle();
    EXPECT_EQ(read_all(*server, net.now), "hello<EAGAIN>");
    EXPECT_EQ(server->send(payload("world"), 0, net.now).size, 5U);
    net.settle();
    EXPECT_EQ(read_all(*client, net.now), "world<EAGAIN>");
}

TEST_P(host_tcp, half_close_lets_the_other_direction_go_on) {
    auto const listener = listening(80);
    auto const [client, server] = connected(*listener);
    client->send(payload("request"), 0, net.now);
    EXPECT_EQ(client->shutdown(shutdown_mode::write, net.now), error::ok);
    EXPECT_EQ(client->send(payload("more"), 0, net.now).problem, error::epipe);
    net.settle();
    EXPECT_EQ(read_all(*server, net.now), "request<eof>");
    server->send(payload("reply"), 0, net.now);
    server->close(net.now);
    net.settle();
    EXPECT_EQ(read_all(*client, net.now), "reply<eof>");
    EXPECT_EQ(net.b->counters().connections, 0U);
    client->close(net.now);
    EXPECT_EQ(net.a->counters().connections, 1U);  // TIME-WAIT
    net.run_for(seconds(61));
    EXPECT_EQ(net.a->counters().connections, 0U);
    EXPECT_EQ(net.a->next_deadline(), never);
    EXPECT_EQ(net.b->next_deadline(), never);
}

TEST_P(host_tcp, a_port_nobody_listens_on_refuses) {
    auto client = net.a->open_tcp(family());
    EXPECT_EQ(client->connect(at(b(), 80), net.now), error::einprogress);
    net.settle();
    std::int64_t e = 0;
    EXPECT_EQ(client->get_option(socket_option::pending_error, e, net.now), error::ok);
    EXPECT_EQ(static_cast<error>(e), error::econnrefused);
    EXPECT_EQ(net.a->counters().connections, 0U);
}

TEST_P(host_tcp, a_refused_socket_may_try_again) {
    auto client = net.a->open_tcp(family());
    EXPECT_EQ(client->connect(at(b(), 80), net.now), error::einprogress);
    EXPECT_EQ(client->connect(at(b(), 80), net.now), error::ealready);
    net.settle();
    EXPECT_EQ(client->connect(at(b(), 80), net.now), error::econnrefused);
    EXPECT_EQ(client->connect(at(b(), 80), net.now), error::einprogress);
    net.settle();
    EXPECT_EQ(read_all(*client, net.now), "<ECONNREFUSED>");  // told here: connect() has something else to say
    EXPECT_EQ(client->connect(at(b(), 80), net.now), error::econnaborted);
    auto const listener = listening(80);
    EXPECT_EQ(client->connect(at(b(), 80), net.now), error::einprogress);
    net.settle();
    EXPECT_EQ(client->connect(at(b(), 80), net.now), error::ok);
}

TEST_P(host_tcp, a_reset_is_reported_once_and_then_the_answer_is_stable) {
    auto const listener = listening(80);
    auto const [client, server] = connected(*listener);
    server->set_option(socket_option::linger_ms, 0, net.now);
    server->close(net.now);
    net.settle();
    EXPECT_EQ(read_all(*client, net.now), "<ECONNRESET>");
    EXPECT_EQ(read_all(*client, net.now), "<eof>");
    EXPECT_EQ(client->send(payload("x"), 0, net.now).problem, error::epipe);
}

TEST_P(host_tcp, closing_the_listener_resets_what_was_not_accepted) {
    auto listener = listening(80);
    auto client = net.a->open_tcp(family());
    client->connect(listener->local(), net.now);
    net.settle();
    EXPECT_NE(listener->readiness() & ready::readable, 0U);
    listener->close(net.now);
    net.settle();
    EXPECT_EQ(read_all(*client, net.now), "<ECONNRESET>");
    EXPECT_EQ(net.b->counters().connections, 0U);
    EXPECT_EQ(net.b->counters().sockets, 0U);
}

TEST_P(host_tcp, a_megabyte_arrives_whole_through_a_lossy_link) {
    auto const listener = listening(80);
    auto const [client, server] = connected(*listener);
    std::uint32_t n = 0;
    net.pass = [&n](bool, packet&) { return ++n % 41 != 0; };
    std::string sent(1'000'000, '\0');
    for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 31 + i / 251);
    std::string got;
    std::size_t at = 0;
    for (int rounds = 0; rounds < 20'000 && got.size() < sent.size(); ++rounds) {
        auto const r = client->send(payload(std::string_view{sent}.substr(at)), 0, net.now);
        at += r.size;
        net.run_for(milliseconds(10));
        std::array<std::byte, 65'536> buffer;
        for (io_result i; (i = server->recv(buffer, 0, net.now)).size != 0;)
            got += text(bytes_view{buffer}.first(i.size));
    }
    EXPECT_TRUE(got == sent);
}

TEST_P(host_tcp, calls_in_the_wrong_state_fail_as_the_kernel_says) {
    auto s = net.a->open_tcp(family());
    EXPECT_EQ(s->send(payload("x"), 0, net.now).problem, error::epipe);
    EXPECT_EQ(read_all(*s, net.now), "<ENOTCONN>");
    EXPECT_EQ(s->shutdown(shutdown_mode::both, net.now), error::enotconn);
    EXPECT_EQ(s->accept(net.now).problem, error::einval);
    auto const listener = listening(80);
    EXPECT_EQ(listener->accept(net.now).problem, error::eagain);
    EXPECT_EQ(listener->connect(at(b(), 81), net.now), error::eisconn);
    auto const opening = net.a->open_tcp(family());
    EXPECT_EQ(opening->connect(at(b(), 80), net.now), error::einprogress);
    EXPECT_EQ(opening->send(payload("x"), 0, net.now).problem, error::eagain);
    s->close(net.now);
    s->close(net.now);
    EXPECT_EQ(s->send(payload("x"), 0, net.now).problem, error::ebadf);
}

TEST_P(host_tcp, a_host_talks_to_itself_over_loopback) {
    auto const family_loopback = at(GetParam() ? "::1" : "127.0.0.1", 7);
    auto listener = net.a->open_tcp(family());
    ASSERT_EQ(listener->bind(family_loopback), error::ok);
    ASSERT_EQ(listener->listen(1, net.now), error::ok);
    auto client = net.a->open_tcp(family());
    EXPECT_EQ(client->connect(family_loopback, net.now), error::einprogress);
    net.settle();
    auto accepted = listener->accept(net.now);
    ASSERT_EQ(accepted.problem, error::ok);
    client->send(payload("inside"), 0, net.now);
    net.settle();
    EXPECT_EQ(read_all(*accepted.connection, net.now), "inside<EAGAIN>");
    EXPECT_TRUE(net.log.empty());
}

INSTANTIATE_TEST_SUITE_P(versions, host_tcp, ::testing::Bool(), [](auto const& p) { return p.param ? "v6" : "v4"; });

}  // namespace
}  // namespace cardea::stack
