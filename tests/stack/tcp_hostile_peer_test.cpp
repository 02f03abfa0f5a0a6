// A peer that sends anything, near enough to the truth to be taken in, while the application does what it likes: the
// connection neither breaks an invariant nor holds more than it may nor emits what does not parse, and it can be ended.
#include <array>
#include <vector>

#include "tcp_pair.hpp"

namespace cardea::stack::tcp::test {
namespace {

class chaos {
  public:
    explicit chaos(std::uint64_t seed) : random_{seed} {
        config_.receive_buffer = static_cast<std::uint32_t>(1000 + random_.below(100'000));
        config_.send_buffer = static_cast<std::uint32_t>(1000 + random_.below(100'000));
        config_.sack = random_.below(2) == 0;
        config_.timestamps = random_.below(2) == 0;
        config_.window_scaling = random_.below(2) == 0;
        config_.rack = random_.below(2) == 0;
        config_.ecn = random_.below(2) == 0 ? ecn_mode::active : ecn_mode::passive;
        config_.max_send_burst = random_.below(2) == 0 ? 1448 : 65'000;
        config_.nagle = static_cast<nagle_mode>(random_.below(3));
        config_.congestion = random_.below(2) == 0 ? congestion_algorithm::newreno : congestion_algorithm::cubic;
        config_.keepalive = random_.below(4) == 0;
        config_.user_timeout = random_.below(4) == 0 ? 30 * seconds : 0;
    }

    void run() {
        open_parameters p;
        p.tuple = {{ip_address::v4(192, 0, 2, 1), 1}, {ip_address::v4(192, 0, 2, 2), 2}};
        p.config = config_;
        p.iss = ours_ = sequence{static_cast<std::uint32_t>(random_.next())};
        theirs_ = sequence{static_cast<std::uint32_t>(random_.next())};
        if (random_.below(2) == 0) {
            c_ = std::make_unique<connection>(connection::connect(p, now_));
        } else {
            c_ = std::make_unique<connection>(connection::accept(p, made(flag::syn), false, now_));
        }
        sent_end_ = ours_;
        drain();
        if (random_.below(8) != 0) handshake();
        for (int i = 0; i < 400 && !::testing::Test::HasFailure(); ++i) {
            act();
            drain();
        }
        if (c_->current_state() != state::closed) c_->abort(now_);
        drain();
        EXPECT_TRUE(c_->finished());
        EXPECT_EQ(c_->next_deadline(), never);
    }

  private:
    std::uint32_t near() {
        switch (random_.below(4)) {
            case 0:
                return 0;
            case 1:
                return static_cast<std::uint32_t>(random_.below(3000));
            case 2:
                return static_cast<std::uint32_t>(random_.below(200'000));
            default:
                return static_cast<std::uint32_t>(0) - static_cast<std::uint32_t>(random_.below(3000));
        }
    }
    segment made(std::uint8_t flags) {
        segment s;
        s.source_port = 2;
        s.destination_port = 1;
        s.flags = flags;
        s.seq = theirs_;
        s.window = static_cast<std::uint16_t>(random_.next());
        s.options.mss = static_cast<std::uint16_t>(random_.next());
        if (random_.below(2) == 0) s.options.window_shift = static_cast<std::uint8_t>(random_.below(256));
        s.options.sack_permitted = random_.below(2) == 0;
        s.options.has_timestamps = random_.below(2) == 0;
        s.options.ts_value = 1000;
        return s;
    }
    void handshake() {
        segment s = made(c_->current_state() == state::syn_sent ? flag::syn | flag::ack : flag::ack);
        if (!s.has(flag::syn)) s.seq += 1;
        s.ack = ours_ + 1;
        c_->on_segment(s, now_);
        theirs_ += 1;
        drain();
    }
    /// A segment whose numbers are those of the connection, or a little or a lot beside them.
    void inject() {
        segment s;
        s.source_port = 2;
        s.destination_port = 1;
        s.seq = (random_.below(3) == 0 ? theirs_ : next_expected_) + near();
        s.ack = (random_.below(3) == 0 ? ours_ : sent_end_) + (random_.below(3) == 0 ? near() : 0);
        s.flags = random_.below(3) == 0 ? static_cast<std::uint8_t>(random_.next()) : std::uint8_t{flag::ack};
        if (random_.below(10) != 0) s.flags &= static_cast<std::uint8_t>(~(flag::rst | flag::syn));
        if (random_.below(20) != 0) s.flags &= static_cast<std::uint8_t>(~flag::fin);
        s.window = random_.below(5) == 0 ? std::uint16_t{0} : static_cast<std::uint16_t>(random_.next());
        s.urgent = static_cast<std::uint16_t>(random_.next());
        s.options.has_timestamps = random_.below(8) != 0 && config_.timestamps;
        s.options.ts_value = 1000 + static_cast<std::uint32_t>(now_ / milliseconds % 100'000) - near() % 5;
        s.options.ts_echo = static_cast<std::uint32_t>(random_.next());
        s.options.sack_count = s.has(flag::syn) ? std::uint8_t{0} : static_cast<std::uint8_t>(random_.below(4));
        for (auto& b : s.options.sack) {
            b.left = c_->info().unacknowledged != 0
                         ? sent_end_ - static_cast<std::uint32_t>(random_.below(c_->info().unacknowledged + 10))
                         : sent_end_ + near();
            b.right = b.left + near();
        }
        s.ecn = static_cast<ecn_codepoint>(random_.below(4));
        std::size_t const n = random_.below(3) == 0 ? random_.below(payload_.size()) : random_.below(1500);
        if (random_.below(3) != 0) s.payload.first = bytes_view{payload_}.first(n);
        if (n > 1460) s.gso_size = 1460;
        c_->on_segment(s, now_);
    }
    void act() {
        switch (random_.below(24)) {
            case 0:
            case 1:
                c_->send(bytes_view{payload_}.first(random_.below(payload_.size())), now_);
                break;
            case 2:
            case 3:
                c_->recv(std::span{buffer_}.first(random_.below(buffer_.size())), now_);
                break;
            case 4:
                now_ += static_cast<time_ns>(random_.below(5'000)) * milliseconds;
                c_->on_deadline(now_);
                break;
            case 5:
                if (c_->next_deadline() != never) now_ = std::max(now_, c_->next_deadline());
                c_->on_deadline(now_);
                break;
            case 6:
                c_->on_icmp_error(static_cast<icmp_error>(random_.below(8)), sent_end_ - near(), now_);
                break;
            case 7:
                c_->on_path_mtu(static_cast<std::uint32_t>(random_.below(2000)), now_);
                break;
            case 8:
                if (random_.below(8) == 0) c_->shutdown_write(now_);
                if (random_.below(20) == 0) c_->shutdown_read(now_);
                if (random_.below(20) == 0) c_->close(now_);
                break;
            case 9:
                c_->set_cork(random_.below(4) == 0, now_);
                c_->set_quick_ack(random_.below(2) == 0, now_);
                break;
            case 10:
                c_->send_urgent(bytes_view{payload_}.first(random_.below(20)), now_);
                break;
            case 11:
                c_->trim();
                break;
            default:
                inject();
                break;
        }
    }
    void drain() {
        segment s;
        for (int guard = 0; c_->poll_output(now_, s); ++guard) {
            ASSERT_LT(guard, 100'000);
            std::array<std::byte, max_header_bytes> header;
            std::size_t const n = emit(s, ip_address::any_v4(), ip_address::any_v4(), checksum_mode::partial, header);
            auto const back = parse(bytes_view{header}.first(n));
            ASSERT_TRUE(back.has_value());
            ASSERT_LE(s.payload.size(), 65'000U);
            ASSERT_TRUE(s.payload.size() <= 1460 || s.gso_size != 0);
            if (!s.has(flag::rst) && sent_end_ < s.end()) sent_end_ = s.end();
            if (s.has(flag::ack)) next_expected_ = s.ack;
        }
        connection_info const i = c_->info();
        ASSERT_LE(i.readable + i.out_of_order, config_.receive_buffer + (1U << i.receive_shift));
        ASSERT_LE(i.unsent, config_.send_buffer);
        ASSERT_LE(i.unacknowledged, config_.send_buffer + 1);
        ASSERT_LE(i.in_flight, 2 * i.unacknowledged);
        ASSERT_LE(c_->memory(), 2 * (std::size_t{config_.receive_buffer} + config_.send_buffer) + (4U << 20));
    }

    random_stream random_;
    connection_config config_;
    std::unique_ptr<connection> c_;
    time_ns now_ = 1000 * seconds;
    sequence ours_, theirs_, sent_end_, next_expected_;
    std::vector<std::byte> payload_ = std::vector<std::byte>(20'000, std::byte{0x61});
    std::vector<std::byte> buffer_ = std::vector<std::byte>(20'000);
};

TEST(tcp_hostile_peer, breaks_nothing) {
    for (std::uint64_t seed = 1; seed <= 1500; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        chaos{seed}.run();
        if (HasFailure()) return;
    }
}

}  // namespace
}  // namespace cardea::stack::tcp::test
