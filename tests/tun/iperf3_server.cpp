// A server that the iperf3 program takes for its own kind, on whatever network CARDEA_NETWORK names: its TCP and UDP
// tests, either way and both at once, with parallel streams. iperf3.hpp has the protocol.
//     iperf3_server ADDRESS TESTS        ends after so many tests
#include "iperf3.hpp"

#include <algorithm>
#include <cmath>

namespace {

using namespace cardea;
using namespace cardea::iperf3;
using namespace std::chrono_literals;

struct parameters {
    explicit parameters(const json& j)
        : udp(j.value("udp", false)),
          parallel(j.value("parallel", 1U)),
          reverse(j.value("reverse", false)),
          both_ways(j.value("bidirectional", false)),
          block(j.value("len", std::size_t{128} * 1024)),
          bits_per_second(j.value("bandwidth", std::uint64_t{0})),
          wide_counters(j.value("udp_counters_64bit", 0) != 0) {}

    [[nodiscard]] std::size_t to_receive() const { return reverse && !both_ways ? 0 : parallel; }
    [[nodiscard]] std::size_t to_send() const { return reverse || both_ways ? parallel : 0; }

    bool udp;
    unsigned parallel;
    bool reverse;
    bool both_ways;
    std::size_t block;
    std::uint64_t bits_per_second;
    bool wide_counters;
};

/// The header of a datagram: when it was sent, and which one of its stream it is.
constexpr std::size_t count_at = 8;

class test {
  public:
    test(tcp_listener& listener, udp_socket& door) : listener_(listener), door_(door) {}

    void perform() {
        const deadline limit{patience};
        control_connection control{listener_.accept()};
        control.say(state::parameters);
        const parameters wanted{control.hear_json()};
        control.say(state::create_streams);
        for (std::size_t i = 0; i < wanted.to_receive() + wanted.to_send(); ++i) {
            streams_.push_back(wanted.udp ? meet_datagrams() : meet(control.id()));
            streams_.back().sends = i >= wanted.to_receive();
        }
        control.say(state::test_start);
        control.say(state::test_running);
        const auto began = clock_type::now();
        transfer(wanted, control);
        const double length = seconds(clock_type::now() - began);
        for (auto& s : streams_) s.tcp.close();
        control.say(state::exchange_results);
        control.hear_json();
        control.say(results(streams_, length));
        control.say(state::display_results);
        if (control.hear() != state::done) throw std::runtime_error("the client does not say that it is done");
    }

    [[nodiscard]] const std::deque<stream_of_test>& streams() const { return streams_; }

  private:
    stream_of_test meet(const cookie& wanted) {
        for (;;) {
            stream_of_test s;
            s.tcp = listener_.accept();
            cookie theirs;
            s.tcp.recv_exactly(theirs);
            if (theirs == wanted) return s;
            const auto no = static_cast<std::byte>(state::denied);
            s.tcp.send_all({&no, 1});
        }
    }
    /// The number that the client's datagram has is of one version of iperf3 or another; so is the answer.
    stream_of_test meet_datagrams() {
        std::array<std::byte, 4> greeting;
        const received got = door_.recv_from(greeting);
        door_.send_to("6789", got.from);
        stream_of_test s;
        s.udp_peer = got.from;
        return s;
    }

    void transfer(const parameters& wanted, control_connection& control) {
        scope all;
        for (auto& s : streams_) {
            if (wanted.udp && s.sends) all.spawn([&] { send_datagrams(s, wanted); });
            if (!wanted.udp) {
                all.spawn([&] { s.sends ? send(s, wanted) : receive(s); });
            }
        }
        if (wanted.udp) all.spawn([&] { receive_datagrams(wanted); });
        if (const state said = control.hear(); said != state::test_end) {
            throw std::runtime_error(said == state::client_terminates ? "the client gave up" : "the client is odd");
        }
        all.cancel();
    }
    static void send(stream_of_test& s, const parameters& wanted) {
        const std::vector<std::byte> block(wanted.block, std::byte{'i'});
        std::error_code ended;
        while (!ended) s.bytes += s.tcp.send(block, ended);
    }
    void receive_datagrams(const parameters& wanted) {
        std::vector<std::byte> room(65'536);
        std::error_code ended;
        while (!ended) {
            const received got = door_.recv_from(room, ended);
            if (ended) return;
            const auto s = std::find_if(streams_.begin(), streams_.end(), [&](const stream_of_test& candidate) {
                return !candidate.sends && candidate.udp_peer == got.from;
            });
            if (s != streams_.end()) take(*s, room.data(), got.size, wanted.wide_counters ? 8 : 4);
        }
    }
    static void take(stream_of_test& s, const std::byte* datagram, std::size_t size, std::size_t counter_size) {
        if (size < count_at + counter_size) return;
        const std::uint64_t number = big_endian(datagram + count_at, counter_size);
        s.bytes += size;
        if (number > s.packets) {
            s.lost += number - s.packets - 1;
            s.packets = number;
        } else if (s.lost > 0) {
            --s.lost;  // it was only late
        }
        const double sent =
            static_cast<double>(big_endian(datagram, 4)) + static_cast<double>(big_endian(datagram + 4, 4)) / 1e6;
        // RFC 3550 section 6.4.1. The clocks need not agree: only differences count.
        const double transit = seconds(clock_type::now().time_since_epoch()) - sent;
        if (s.last_transit) s.jitter += (std::abs(transit - *s.last_transit) - s.jitter) / 16;
        s.last_transit = transit;
    }
    void send_datagrams(stream_of_test& s, const parameters& wanted) {
        const std::size_t counter_size = wanted.wide_counters ? 8 : 4;
        std::vector<std::byte> datagram(std::max(wanted.block, count_at + counter_size), std::byte{'u'});
        const std::chrono::duration<double> each(wanted.bits_per_second == 0
                                                     ? 0.0
                                                     : 8.0 * static_cast<double>(datagram.size()) /
                                                           static_cast<double>(wanted.bits_per_second));
        const auto began = clock_type::now();
        std::error_code ended;
        while (!ended) {
            const auto due = began + std::chrono::duration_cast<clock_type::duration>(each * s.packets);
            if (const auto early = due - clock_type::now(); early > 0s) sleep(early);
            const auto now = clock_type::now().time_since_epoch();
            const auto whole = std::chrono::duration_cast<std::chrono::seconds>(now);
            put_big_endian(datagram.data(), whole.count(), 4);
            put_big_endian(datagram.data() + 4,
                           std::chrono::duration_cast<std::chrono::microseconds>(now - whole).count(), 4);
            put_big_endian(datagram.data() + count_at, ++s.packets, counter_size);
            s.bytes += door_.send_to(datagram, s.udp_peer, ended);
        }
    }

    tcp_listener& listener_;
    udp_socket& door_;
    std::deque<stream_of_test> streams_;
};

}  // namespace

int main(int argc, char** argv) {
    try {
        const std::string where = argc > 1 ? argv[1] : "*:5201";
        const int tests = argc > 2 ? std::stoi(argv[2]) : 1;
        run([&] {
            tcp_listener listener(where);
            udp_socket door = udp_socket::bind(where);
            std::puts("ready");
            std::fflush(stdout);
            for (int i = 0; i < tests; ++i) {
                test t(listener, door);
                t.perform();
                print(t.streams());
            }
        });
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "iperf3_server: %s\n", e.what());
        return 1;
    }
}
