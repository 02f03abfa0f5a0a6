// Runs a body on a network and counts what it left.
#include "every_network.hpp"

#include <filesystem>
#include <thread>

namespace cardea::conformance {

namespace {

// What a test may not let out: it would end the program, and with it the reports of the others.
void report_failures(const std::function<void()>& body) {
    try {
        body();
    } catch (const std::exception& e) {
        ADD_FAILURE() << "the test ended by an exception: " << e.what();
    } catch (const cancelled&) {
        ADD_FAILURE() << "the test was cancelled";
    }
}

void run_in_loop(const char* network, const std::function<void()>& body) {
    run({.network = network}, [&] {
        const loop_statistics before = this_loop_statistics();
        report_failures(body);
        const loop_statistics after = this_loop_statistics();
        EXPECT_EQ(after.fibers, before.fibers) << "fibers were left";
        EXPECT_EQ(after.sockets, before.sockets) << "sockets were left open";
    });
}

}  // namespace

std::size_t open_descriptors() {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
    return count - 1;  // the iterator's own
}

void every_network::on_network(const std::function<void()>& body) const {
    const std::size_t before = open_descriptors();
    // A thread of its own, so that what the library keeps for each thread ends as well.
    std::thread([&] {
        if (runs_on_threads()) {
            report_failures(body);
        } else {
            report_failures([&] { run_in_loop(GetParam().name, body); });
        }
    }).join();
    EXPECT_EQ(open_descriptors(), before) << "descriptors were left open";
}

}  // namespace cardea::conformance
