// A simulated host makes no threads, whatever its file is like: their timing would make one run differ from the next.
#include <gtest/gtest.h>

#include <cardea/cardea.hpp>
#include <filesystem>
#include <iterator>
#include <string>

#include "own_process.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

std::size_t threads() {
    const std::filesystem::directory_iterator all("/proc/self/task");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

TEST(simulated_files, one_that_cannot_be_read_without_waiting_is_read_where_it_is_sent) {
    const std::string said = in_own_process([] {
        return run({.network = "sim"}, [] {
            const std::size_t before = threads();
            two_streams both = connected_pair();
            // A file of proc(5) does not say what of it is in memory.
            const std::uint64_t sent = both.client.send_file(file::open("/proc/version"), 0, 10);
            return std::to_string(sent) + " bytes, threads made: " + std::to_string(threads() - before);
        });
    });
    EXPECT_EQ(said, "10 bytes, threads made: 0");
}

}  // namespace
}  // namespace cardea::conformance
