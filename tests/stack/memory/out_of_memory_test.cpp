// Every allocation of the stack fails in its turn, once, while two hosts talk: by TCP with losses, by UDP in fragments,
// to a port where nobody listens. A call may say ENOMEM or ENOBUFS and is then made again; a packet may be as if lost;
// nothing else may come of it: the streams are what was sent, everything ends, nothing is left allocated.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <vector>

#include "counted_allocations.hpp"
#include "host_pair.hpp"
#include "stack/tcp/connection.hpp"

namespace cardea::stack {
namespace {

using namespace test;

constexpr std::size_t each_way = 40'000;

std::byte byte_at(bool from_client, std::size_t n) {
    return static_cast<std::byte>(n * 7 + (n >> 8) + (from_client ? 1 : 2));
}

bool is_shortage(error e) { return e == error::enomem || e == error::enobufs; }

/// Two hosts; only what they allocate can fail, not what the test does.
class conversation {
  public:
    conversation() {
        auto ca = config_of("192.0.2.1/24", "2001:db8::1/64", 1);
        auto cb = config_of("192.0.2.2/24", "2001:db8::2/64", 2);
        for (auto* c : {&ca, &cb}) c->tcp.receive_buffer = c->tcp.send_buffer = 20'000;
        a_.emplace(ca);
        b_.emplace(cb);
    }

    void run();
    std::size_t calls_failed = 0;

  private:
    template <typename F>
    auto call(F&& f) {
        within_stack now;
        return f();
    }
    /// Again until there is memory, as a program would.
    template <typename F>
    error insist(F&& f) {
        error e = call(f);
        for (int tries = 0; is_shortage(e) && tries < 3; ++tries) ++calls_failed, e = call(f);
        return e;
    }
    void emit(bool from_a);
    void step(time_ns most);
    void open();
    void talk_by_udp();
    bool talk();
    void finish();
    bool move(cardea::stack::socket& s, bool client, std::size_t& sent, std::size_t& received);

    struct on_wire {
        time_ns when;
        bool from_a;
        packet p;
    };
    std::optional<host> a_, b_;
    std::deque<on_wire> wire_;
    time_ns now_ = 0;
    std::size_t packets_ = 0;
    std::unique_ptr<cardea::stack::socket> listener_, client_, server_;
    std::size_t client_sent_ = 0, client_received_ = 0, server_sent_ = 0, server_received_ = 0;
};

void conversation::emit(bool from_a) {
    // The sink is the test's: what it allocates cannot fail.
    class sink final : public packet_sink {
      public:
        void emit(packet_view const& p) override {
            inside = false;
            packets.emplace_back(p);
            inside = true;
        }
        std::vector<packet> packets;
    } out;
    {
        within_stack here;
        (from_a ? *a_ : *b_).poll(now_, out);
    }
    for (auto& p : out.packets)
        if (++packets_ % 23 != 0) wire_.push_back({now_ + milliseconds(5), from_a, std::move(p)});
}

void conversation::step(time_ns most) {
    emit(true), emit(false);
    auto next = std::min({now_ + most, std::max(now_, a_->next_deadline()), std::max(now_, b_->next_deadline())});
    if (!wire_.empty()) next = std::min(next, wire_.front().when);
    now_ = next;
    while (!wire_.empty() && wire_.front().when <= now_) {
        auto const f = std::move(wire_.front());
        wire_.pop_front();
        within_stack here;
        (f.from_a ? *b_ : *a_).ingress(f.p.bytes, f.p.meta, now_);
    }
}

std::unique_ptr<cardea::stack::socket> opened(host& h, bool stream, std::size_t& failed) {
    for (;; ++failed) {
        within_stack here;
        try {
            return stream ? h.open_tcp(ip_version::v6) : h.open_udp(ip_version::v6);
        } catch (std::bad_alloc const&) {
            continue;
        }
    }
}

void conversation::open() {
    listener_ = opened(*b_, true, calls_failed);
    ASSERT_EQ(insist([&] { return listener_->bind({ip_address::any_v6(), 80}); }), error::ok);
    ASSERT_EQ(insist([&] { return listener_->listen(5, now_); }), error::ok);
    client_ = opened(*a_, true, calls_failed);
    ASSERT_EQ(insist([&] { return client_->connect(at("2001:db8::2", 80), now_); }), error::einprogress);
    for (int i = 0; i < 10'000 && !server_; ++i) {
        step(milliseconds(10));
        auto came = call([&] { return listener_->accept(now_); });
        if (is_shortage(came.problem)) ++calls_failed;
        server_ = std::move(came.connection);
    }
    ASSERT_TRUE(server_);
}

bool conversation::move(cardea::stack::socket& s, bool client, std::size_t& sent, std::size_t& received) {
    std::vector<std::byte> data(std::min<std::size_t>(each_way - sent, 6000));
    for (std::size_t i = 0; i < data.size(); ++i) data[i] = byte_at(client, sent + i);
    auto const r = call([&] { return s.send({data, {}}, 0, now_); });
    if (is_shortage(r.problem)) ++calls_failed;
    if (r.problem == error::ok) sent += r.size;
    std::vector<std::byte> room(3000);
    auto const got = call([&] { return s.recv(room, 0, now_); });
    for (std::size_t i = 0; i < got.size; ++i)
        if (room[i] != byte_at(!client, received + i)) return false;
    received += got.size;
    return true;
}

/// The streams, with losses; and datagrams in fragments meanwhile.
bool conversation::talk() {
    for (int i = 0; i < 20'000 && std::min(client_received_, server_received_) < each_way; ++i) {
        if (!move(*client_, true, client_sent_, client_received_)) return false;
        if (!move(*server_, false, server_sent_, server_received_)) return false;
        step(milliseconds(5));
    }
    return client_received_ == each_way && server_received_ == each_way;
}

void conversation::talk_by_udp() {
    auto const one = opened(*a_, false, calls_failed);
    auto const other = opened(*b_, false, calls_failed);
    ASSERT_EQ(insist([&] { return other->bind({ip_address::any_v6(), 53}); }), error::ok);
    std::vector<std::byte> const data(4000, std::byte{7});
    std::vector<std::byte> room(5000);
    bool came = false;
    for (int i = 0; i < 20 && !came; ++i) {
        auto const r = call([&] { return one->send_to({data, {}}, at("2001:db8::2", 53), now_); });
        if (is_shortage(r.problem)) ++calls_failed;
        for (int k = 0; k < 4; ++k) step(milliseconds(10));
        receive_info info;
        auto const got = call([&] { return other->recv_from(room, info, 0, now_); });
        came = got.problem == error::ok && got.size == data.size();
    }
    EXPECT_TRUE(came);
    call([&] { return one->send_to({data, {}}, at("192.0.2.2", 9), now_); });  // nobody is there
    for (int k = 0; k < 4; ++k) step(milliseconds(10));
}

void conversation::finish() {
    for (auto* s : {&client_, &server_, &listener_}) {
        within_stack here;
        (*s)->close(now_);
    }
    for (int i = 0; i < 10'000; ++i) {
        auto const none = a_->counters().connections + b_->counters().connections == 0;
        if (none && wire_.empty() && std::min(a_->next_deadline(), b_->next_deadline()) == never) break;
        step(seconds(200));
    }
    for (auto* h : {&*a_, &*b_}) {
        EXPECT_EQ(h->counters().connections, 0U);
        EXPECT_EQ(h->counters().sockets, 0U);
        EXPECT_EQ(h->counters().tcp_memory, 0U);
        EXPECT_EQ(h->counters().udp_memory, 0U);
        EXPECT_EQ(h->counters().reassembly_bytes, 0U);
        EXPECT_EQ(h->next_deadline(), never);
    }
}

void conversation::run() {
    open();
    if (::testing::Test::HasFatalFailure()) return;
    talk_by_udp();
    ASSERT_TRUE(talk()) << "received " << client_received_ << " and " << server_received_ << " of " << each_way;
    finish();
}

TEST(out_of_memory, every_allocation_may_fail) {
    std::size_t calls_failed = 0;
    bool reached = true;
    long k = 0;
    for (; reached; ++k) {
        long const before = alive;
        {
            conversation c;
            until_failure = k;
            c.run();
            reached = until_failure < 0;
            until_failure = -1;
            calls_failed += c.calls_failed;
        }
        ASSERT_EQ(alive, before) << "left over after allocation " << k << " failed";
        ASSERT_FALSE(::testing::Test::HasFailure()) << "allocation " << k;
    }
    EXPECT_GT(k, 50);  // there was something to fail
    RecordProperty("allocations", static_cast<int>(k));
    EXPECT_GT(calls_failed, 10U);
}

}  // namespace
}  // namespace cardea::stack
