// The link module: carries packets between two TUN devices, in two network namespaces, with the faults of a bad link.
// Every packet draws its fate from a seeded generator, so the same packets in the same order fare the same.
//     link NAMESPACE DEVICE NAMESPACE DEVICE [delay=MILLISECONDS] [jitter=MILLISECONDS] [loss=PERCENT]
//          [duplicate=PERCENT] [reorder=PERCENT] [seed=NUMBER] [mtu=BYTES]
// A namespace is the path of its file. jitter: each packet's delay grows by up to that, so packets overtake each other;
// reorder: so many are held back until a few later ones have passed. Until SIGTERM; then it says what it has done.
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <queue>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace {

constexpr std::int64_t millisecond = 1'000'000;
constexpr std::size_t queue_bound = 100'000;  // packets on their way; what is more is lost
constexpr int reads_per_turn = 64;

volatile std::sig_atomic_t told_to_end = 0;

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::system_category(), what); }

std::int64_t now_ns() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

struct conditions {
    double delay = 0, jitter = 0, loss = 0, duplicate = 0, reorder = 0, seed = 1, mtu = 1500;
};

/// splitmix64 (Steele, Lea, Flood 2014).
class generator {
  public:
    explicit generator(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15U;
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31U);
    }
    /// From 0 to less than 1.
    double fraction() { return static_cast<double>(next() >> 11U) * 0x1p-53; }

  private:
    std::uint64_t state_;
};

class tun {
  public:
    tun(const std::string& name_space, const std::string& name, int mtu) {
        const int space = ::open(name_space.c_str(), O_RDONLY | O_CLOEXEC);
        if (space < 0 || setns(space, CLONE_NEWNET) != 0) fail(name_space);
        ::close(space);
        descriptor_ = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
        if (descriptor_ < 0) fail("/dev/net/tun");
        ifreq request = named(name);
        request.ifr_flags = IFF_TUN | IFF_NO_PI;
        if (ioctl(descriptor_, TUNSETIFF, &request) != 0) fail(name);
        const int any = socket(AF_INET, SOCK_DGRAM, 0);
        request = named(name);
        request.ifr_mtu = mtu;
        if (ioctl(any, SIOCSIFMTU, &request) != 0) fail("mtu of " + name);
        request = named(name);
        request.ifr_qlen = 10'000;
        ioctl(any, SIOCSIFTXQLEN, &request);
        request = named(name);
        ioctl(any, SIOCGIFFLAGS, &request);
        request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
        if (ioctl(any, SIOCSIFFLAGS, &request) != 0) fail("bringing up " + name);
        ::close(any);
    }
    [[nodiscard]] int descriptor() const { return descriptor_; }

  private:
    static ifreq named(const std::string& name) {
        ifreq request{};
        std::memcpy(request.ifr_name, name.data(), std::min<std::size_t>(name.size(), IFNAMSIZ - 1));
        return request;
    }
    int descriptor_ = -1;
};

struct packet {
    std::int64_t due = 0;
    std::uint64_t serial = 0;
    int to = 0;
    std::vector<std::byte> bytes;
};
struct later {
    bool operator()(const packet& a, const packet& b) const {
        return a.due != b.due ? a.due > b.due : a.serial > b.serial;
    }
};

class link_module {
  public:
    link_module(const std::array<int, 2>& ends, const conditions& c)
        : ends_(ends), conditions_(c), random_(static_cast<std::uint64_t>(c.seed)) {}

    void carry() {
        while (told_to_end == 0) {
            sleep();
            for (int from = 0; from < 2; ++from) take_in(from);
            deliver(now_ns());
        }
    }
    void report() const {
        std::printf("carried %llu lost %llu duplicated %llu reordered %llu overflowed %llu\n", carried_, lost_,
                    duplicated_, reordered_, overflowed_);
    }

  private:
    void sleep() {
        std::int64_t wait = 100 * millisecond;  // a signal that came just before is seen then
        if (!on_the_way_.empty()) wait = std::clamp<std::int64_t>(on_the_way_.top().due - now_ns(), 0, wait);
        const timespec limit{0, wait};
        std::array<pollfd, 2> watched{{{ends_[0], POLLIN, 0}, {ends_[1], POLLIN, 0}}};
        ppoll(watched.data(), watched.size(), &limit, nullptr);
    }
    void take_in(int from) {
        for (int i = 0; i < reads_per_turn; ++i) {
            const ssize_t n = read(ends_[static_cast<std::size_t>(from)], room_.data(), room_.size());
            if (n <= 0) return;
            admit(1 - from, static_cast<std::size_t>(n));
        }
    }
    // Every packet draws the same number of times: changing one fault does not change what the others do.
    void admit(int to, std::size_t size) {
        const bool lost = random_.fraction() * 100 < conditions_.loss;
        const bool twice = random_.fraction() * 100 < conditions_.duplicate;
        const bool held_back = random_.fraction() * 100 < conditions_.reorder;
        const double first = random_.fraction();
        const double second = random_.fraction();
        if (lost) {
            ++lost_;
            return;
        }
        constexpr double holding_back_ms = 3;
        reordered_ += held_back ? 1 : 0;
        queue(to, size, first * conditions_.jitter + (held_back ? holding_back_ms : 0));
        if (!twice) return;
        ++duplicated_;
        queue(to, size, second * conditions_.jitter);
    }
    void queue(int to, std::size_t size, double extra_ms) {
        if (on_the_way_.size() >= queue_bound) {
            ++overflowed_;
            return;
        }
        packet p;
        p.due = now_ns() + static_cast<std::int64_t>((conditions_.delay + extra_ms) * millisecond);
        p.serial = ++serial_;
        p.to = to;
        p.bytes.assign(room_.begin(), room_.begin() + static_cast<std::ptrdiff_t>(size));
        on_the_way_.push(std::move(p));
    }
    void deliver(std::int64_t now) {
        while (!on_the_way_.empty() && on_the_way_.top().due <= now) {
            const packet& p = on_the_way_.top();
            const int to = ends_[static_cast<std::size_t>(p.to)];
            if (write(to, p.bytes.data(), p.bytes.size()) >= 0) ++carried_;
            on_the_way_.pop();
        }
    }

    std::array<int, 2> ends_;
    conditions conditions_;
    generator random_;
    std::priority_queue<packet, std::vector<packet>, later> on_the_way_;
    std::array<std::byte, 65'536> room_{};
    std::uint64_t serial_ = 0;
    unsigned long long carried_ = 0, lost_ = 0, duplicated_ = 0, reordered_ = 0, overflowed_ = 0;
};

conditions read_conditions(int argc, char** argv, int first) {
    conditions c;
    const std::map<std::string, double*> known{
        {"delay", &c.delay},     {"jitter", &c.jitter}, {"loss", &c.loss}, {"duplicate", &c.duplicate},
        {"reorder", &c.reorder}, {"seed", &c.seed},     {"mtu", &c.mtu},
    };
    for (int i = first; i < argc; ++i) {
        const std::string word = argv[i];
        const std::size_t equals = word.find('=');
        const auto it = known.find(word.substr(0, equals));
        if (equals == std::string::npos || it == known.end()) throw std::invalid_argument("what is '" + word + "'?");
        *it->second = std::stod(word.substr(equals + 1));
    }
    return c;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        if (argc < 5) throw std::invalid_argument("link NAMESPACE DEVICE NAMESPACE DEVICE [CONDITION=VALUE...]");
        struct sigaction end {};
        end.sa_handler = [](int) { told_to_end = 1; };
        sigaction(SIGTERM, &end, nullptr);
        const conditions c = read_conditions(argc, argv, 5);
        const tun a(argv[1], argv[2], static_cast<int>(c.mtu));
        const tun b(argv[3], argv[4], static_cast<int>(c.mtu));
        std::puts("ready");
        std::fflush(stdout);
        link_module carrier({a.descriptor(), b.descriptor()}, c);
        carrier.carry();
        carrier.report();
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "link: %s\n", e.what());
        return 1;
    }
}
