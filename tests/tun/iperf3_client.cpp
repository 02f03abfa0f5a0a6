// A client of the iperf3 program's server, on whatever network CARDEA_NETWORK names: TCP, either way, with parallel
// streams. iperf3.hpp has the protocol.
//     iperf3_client ADDRESS send|receive BYTES STREAMS        BYTES: of all streams together
// Says for each stream what it has counted, and then what the server has.
#include "iperf3.hpp"

#include <algorithm>
#include <random>

namespace {

using namespace cardea;
using namespace cardea::iperf3;

constexpr std::size_t block = std::size_t{128} * 1024;

cookie new_cookie() {
    constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz234567";  // as iperf3's own; a NUL ends it
    cookie c{};
    std::random_device chance;
    for (std::size_t i = 0; i + 1 < c.size(); ++i) c[i] = static_cast<std::byte>(alphabet[chance() % alphabet.size()]);
    return c;
}

class client {
  public:
    client(std::string where, bool sends, std::uint64_t bytes, unsigned parallel)
        : where_(std::move(where)), sends_(sends), bytes_(bytes), parallel_(parallel), id_(new_cookie()) {}

    void perform() {
        const deadline limit{patience};
        control_connection control{tcp_stream::connect(where_), id_};
        expect(control, state::parameters);
        json wanted{{"tcp", true},
                    {"omit", 0},
                    {"time", 0},
                    {"num", bytes_},
                    {"blockcount", 0},
                    {"len", block},
                    {"parallel", parallel_},
                    {"pacing_timer", 1000},
                    {"client_version", "3.12"}};
        if (!sends_) wanted["reverse"] = true;
        control.say(wanted);
        expect(control, state::create_streams);
        for (unsigned i = 0; i < parallel_; ++i) {
            stream_of_test& s = streams_.emplace_back();
            s.sends = sends_;
            s.tcp = tcp_stream::connect(where_);
            s.tcp.send_all(id_);
        }
        expect(control, state::test_start);
        expect(control, state::test_running);
        const auto began = clock_type::now();
        transfer();
        const double length = seconds(clock_type::now() - began);
        control.say(state::test_end);
        if (!sends_)
            drain(control);
        else
            expect(control, state::exchange_results);
        control.say(results(streams_, length));
        theirs_ = control.hear_json();
        expect(control, state::display_results);
        control.say(state::done);
    }
    void print_all() const {
        print(streams_);
        for (const auto& s : theirs_.at("streams")) {
            std::printf("server %llu\n", static_cast<unsigned long long>(s.at("bytes").get<std::uint64_t>()));
        }
    }

  private:
    static void expect(control_connection& control, state wanted) {
        const state said = control.hear();
        if (said == wanted) return;
        throw std::runtime_error("the server says " + std::to_string(static_cast<int>(said)) + " for " +
                                 std::to_string(static_cast<int>(wanted)));
    }
    void transfer() {
        scope all;
        for (auto& s : streams_) all.spawn([&] { sends_ ? send(s) : receive_until_enough(s, all); });
        all.join();
    }
    /// Whoever finds that it is not enough yet sends another block.
    void send(stream_of_test& s) {
        const std::vector<std::byte> data(block, std::byte{'i'});
        while (moved_ < bytes_) {
            moved_ += block;
            s.tcp.send_all(data);
            s.bytes += block;
        }
    }
    /// The server divides what it sends among the streams as they take it: no more than the sum is agreed upon. When it
    /// has come, the others wait for what never will.
    void receive_until_enough(stream_of_test& s, scope& all) {
        std::vector<std::byte> room(2 * block);
        while (moved_ < bytes_) {
            const std::size_t n = s.tcp.recv(room);
            if (n == 0) throw std::runtime_error("the server ended a stream");
            s.bytes += n;
            moved_ += n;
        }
        all.cancel();
    }
    /// The server may wait in a call that sends, and sees that the test has ended when that returns.
    void drain(control_connection& control) {
        scope all;
        for (auto& s : streams_) all.spawn([&s] { receive(s); });
        expect(control, state::exchange_results);
        all.cancel();
    }

    std::string where_;
    bool sends_;
    std::uint64_t bytes_;
    unsigned parallel_;
    cookie id_;
    std::uint64_t moved_ = 0;
    std::deque<stream_of_test> streams_;
    json theirs_;
};

}  // namespace

int main(int argc, char** argv) {
    try {
        if (argc != 5) throw std::invalid_argument("iperf3_client ADDRESS send|receive BYTES STREAMS");
        client c(argv[1], std::string(argv[2]) == "send", std::stoull(argv[3]),
                 static_cast<unsigned>(std::stoul(argv[4])));
        run([&] { c.perform(); });
        c.print_all();
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "iperf3_client: %s\n", e.what());
        return 1;
    }
}
