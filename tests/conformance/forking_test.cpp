// A child of fork(2) has none of its parent's threads, and does what needs helper threads all the same.
#include <unistd.h>

#include <cardea/names.hpp>
#include <cardea/offload.hpp>

#include "every_network.hpp"
#include "own_process.hpp"
#include "sanitizers.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE_OF_KERNELS(forking);

// All that helper threads do.
std::string looked_up_and_offloaded() {
    const std::vector<endpoint> found = resolve("localhost:80");
    return std::string(found.empty() ? "nothing" : "found") +
           (offload([] { return 3; }) == 3 ? ", done" : ", not done");
}

TEST_P(forking, a_child_looks_names_up_and_offloads_with_threads_of_its_own) {
    if (under_tsan) GTEST_SKIP() << "ThreadSanitizer ends a forked child that makes threads";
    on_network([] { EXPECT_EQ(looked_up_and_offloaded(), "found, done"); });  // the parent's idle threads are there now
    const std::string said = in_own_process([this] {
        ::alarm(static_cast<unsigned>(ages.count()));  // or it would wait for ever
        std::string text;
        if (runs_on_threads()) {
            text = looked_up_and_offloaded();
        } else {
            in_a_loop([&] { text = looked_up_and_offloaded(); });
        }
        return text;
    });
    EXPECT_EQ(said, "found, done");
}

TEST_P(forking, a_childs_child_does_so_too) {
    if (under_tsan) GTEST_SKIP() << "ThreadSanitizer ends a forked child that makes threads";
    const std::string said = in_own_process([] {
        ::alarm(static_cast<unsigned>(ages.count()));
        const std::string mine = looked_up_and_offloaded();
        return mine + "; " + in_own_process([] {
                   ::alarm(static_cast<unsigned>(ages.count()));
                   return looked_up_and_offloaded();
               });
    });
    EXPECT_EQ(said, "found, done; found, done");
}

}  // namespace
}  // namespace cardea::conformance
