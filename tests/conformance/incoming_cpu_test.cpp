// SO_INCOMING_CPU (socket(7)): it tells by which CPU packets come in, and which listener of a group takes those of
// which.
#include <sched.h>
#include <sys/utsname.h>

#include <sstream>

#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE_OF_KERNELS(incoming_cpu);

bool older_than(int major, int minor) {
    utsname running{};
    ::uname(&running);
    int its_major = 0;
    int its_minor = 0;
    char dot = 0;
    std::istringstream(running.release) >> its_major >> dot >> its_minor;
    return its_major < major || (its_major == major && its_minor < minor);
}

// Keeps this thread on one of its CPUs.
class on_one_cpu {
  public:
    on_one_cpu() {
        CPU_ZERO(&before_);
        ::sched_getaffinity(0, sizeof before_, &before_);
    }
    ~on_one_cpu() { ::sched_setaffinity(0, sizeof before_, &before_); }
    on_one_cpu(const on_one_cpu&) = delete;
    on_one_cpu& operator=(const on_one_cpu&) = delete;

    /// Those it may run on.
    [[nodiscard]] std::vector<int> choices() const {
        std::vector<int> cpus;
        for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
            if (CPU_ISSET(cpu, &before_)) cpus.push_back(static_cast<int>(cpu));
        }
        return cpus;
    }
    static void stay_on(int cpu) {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(static_cast<std::size_t>(cpu), &one);
        ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
    }

  private:
    cpu_set_t before_;
};

TEST_P(incoming_cpu, the_cpu_that_packets_come_in_on_is_told) {
    on_network([] {
        const on_one_cpu placed;
        for (const int cpu : placed.choices()) {
            on_one_cpu::stay_on(cpu);  // over the loopback a packet arrives where it was sent
            two_streams both = connected_pair();
            both.client.send_all("here");
            std::array<char, 4> room{};
            both.server.recv_exactly(room);
            EXPECT_EQ(both.server.get<option::incoming_cpu>(), cpu);
        }
    });
}

TEST_P(incoming_cpu, a_connection_goes_to_the_listener_of_its_cpu) {
    on_network([] {
        const on_one_cpu placed;
        const std::vector<int> cpus = placed.choices();
        if (cpus.size() < 2) GTEST_SKIP() << "needs two CPUs";
        if (older_than(6, 2)) GTEST_SKIP() << "before Linux 6.2 a group of listeners does not look at it";
        std::vector<socket> doors(2);
        for (std::size_t i = 0; i < doors.size(); ++i) {
            doors[i] = socket(family::inet, type::stream);
            doors[i].set(option::reuse_port{});
            doors[i].set(option::incoming_cpu{cpus[i]});
            doors[i].bind(i == 0 ? endpoint::parse("127.0.0.1:0") : doors[0].local());
        }
        for (socket& door : doors) door.listen();
        on_one_cpu::stay_on(cpus[1]);
        std::vector<socket> clients(32);  // all of them there without being sent: once in 2^32
        for (socket& client : clients) {
            client = socket(family::inet, type::stream);
            client.connect(doors[0].local());
        }
        const deadline limit(ages);
        std::error_code ec;
        for (std::size_t i = 0; i < clients.size() && !ec; ++i) doors[1].accept(ec);
        EXPECT_FALSE(ec) << ec.message();
    });
}

}  // namespace
}  // namespace cardea::conformance
