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
};

inline constexpr network_under_test networks[] = {
    {"thread", true},
    {"uring", true},
    {"epoll", true},
    {"sim", false},
    {"tun", false, "tun:cardea,10.97.0.2/24,fd97::2/64"},
};

/// Those whose sockets are the kernel's, or the others: a case of what only the ones have does not exist on the others.
inline std::vector<network_under_test> networks_where(bool kernel) {
    std::vector<network_under_test> some;
    for (const network_under_test& one : networks) {
        if (one.kernel == kernel) some.push_back(one);
    }
    return some;
}

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

/// A theme of what only kernels have, on their networks.
#define CARDEA_CONFORMANCE_OF_KERNELS(theme)                                                            \
    class theme : public ::cardea::conformance::every_network {};                                       \
    INSTANTIATE_TEST_SUITE_P(on, theme, testing::ValuesIn(::cardea::conformance::networks_where(true)), \
                             ::cardea::conformance::name_of)

/// How the other networks say that they do not have it.
#define CARDEA_CONFORMANCE_OF_STACKS(theme)                                                              \
    class theme : public ::cardea::conformance::every_network {};                                        \
    INSTANTIATE_TEST_SUITE_P(on, theme, testing::ValuesIn(::cardea::conformance::networks_where(false)), \
                             ::cardea::conformance::name_of)
