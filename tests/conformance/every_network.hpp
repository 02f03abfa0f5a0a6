// The fixture of the conformance suite: one body, run on every network, which must leave nothing behind.
// Here is the one list of the networks: a new one is one more line.
#pragma once

#include <gtest/gtest.h>

#include <cardea/cardea.hpp>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::conformance {

struct network_under_test {
    const char* name;
    /// Its sockets are descriptors of this machine's kernel: limits, signals, namespaces and other programs reach them.
    bool kernel;
    /// What run() is given for it.
    const char* in_full = name;
    /// The routers that a packet to 127.0.0.1 passes.
    int routers = 0;
    /// The size of the packets to it.
    std::size_t mtu = 65'535;
};

inline constexpr network_under_test networks[] = {
    {"thread", true},
    {"uring", true},
    {"epoll", true},
    {"sim", false},
    // A host whose packets for itself cross a link: one with delay, and a TUN device whose kernel sends them back. ::1
    // alone is their true loopback, as all of 127/8 is the one of "sim".
    {"sim_link", false, "sim:loopback=link", 0, 1500},
    {"tun", false, "tun:cardea,10.97.0.2/24,fd97::2/64,loopback=link", 1, 1500},
};

/// Some of them: a case of what only these have does not exist on the others.
template <class Predicate>
std::vector<network_under_test> networks_where(Predicate has_it) {
    std::vector<network_under_test> some;
    for (const network_under_test& one : networks) {
        if (has_it(one)) some.push_back(one);
    }
    return some;
}
inline bool is_kernels(const network_under_test& one) { return one.kernel; }
inline bool is_stacks(const network_under_test& one) { return !one.kernel; }
/// Its time is the machine's: other threads, processes and signals matter to it.
inline bool is_in_real_time(const network_under_test& one) { return !std::string_view(one.name).starts_with("sim"); }
inline bool is_in_virtual_time(const network_under_test& one) { return !is_in_real_time(one); }
/// It has fibers. On plain threads serve() makes loops of its own, which are on another network.
inline bool is_loops(const network_under_test& one) { return std::string_view(one.name) != "thread"; }

/// Tests carry the network's name, not the bytes of its record.
inline void PrintTo(const network_under_test& one, std::ostream* to) { *to << one.name; }

inline std::string name_of(const testing::TestParamInfo<network_under_test>& info) { return info.param.name; }

/// The descriptors that this process has open.
std::size_t open_descriptors();

class every_network : public testing::TestWithParam<network_under_test> {
  protected:
    /// Skips, with the reason, where the network cannot be had.
    void SetUp() override;
    /// Runs `body` on the network under test: on a plain thread of its own, or as the first fiber of a loop. Afterwards
    /// the descriptors, fibers and sockets of before must be all there are.
    void on_network(const std::function<void()>& body) const;
    /// Runs `body` in a loop of the network under test, on this thread. A TUN device is in a network namespace that the
    /// thread is put into, and that ends with it.
    void in_a_loop(const std::function<void()>& body) const;
    [[nodiscard]] bool runs_on_threads() const { return std::string_view(GetParam().name) == "thread"; }
};

}  // namespace cardea::conformance

/// A theme of the suite, on every network.
#define CARDEA_CONFORMANCE(theme)                                                           \
    class theme : public ::cardea::conformance::every_network {};                           \
    INSTANTIATE_TEST_SUITE_P(on, theme, testing::ValuesIn(::cardea::conformance::networks), \
                             ::cardea::conformance::name_of)

/// The same on some networks only.
#define CARDEA_CONFORMANCE_WHERE(theme, has_it)                                                           \
    class theme : public ::cardea::conformance::every_network {};                                         \
    INSTANTIATE_TEST_SUITE_P(on, theme, testing::ValuesIn(::cardea::conformance::networks_where(has_it)), \
                             ::cardea::conformance::name_of)
/// A theme of what only kernels have, on their networks.
#define CARDEA_CONFORMANCE_OF_KERNELS(theme) CARDEA_CONFORMANCE_WHERE(theme, ::cardea::conformance::is_kernels)
/// How the other networks say that they do not have it.
#define CARDEA_CONFORMANCE_OF_STACKS(theme) CARDEA_CONFORMANCE_WHERE(theme, ::cardea::conformance::is_stacks)
/// A theme that needs other threads, processes or signals, where these matter.
#define CARDEA_CONFORMANCE_IN_REAL_TIME(theme) CARDEA_CONFORMANCE_WHERE(theme, ::cardea::conformance::is_in_real_time)
