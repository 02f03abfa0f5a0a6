// Runs a body on a network and counts what it left.
#include "every_network.hpp"

#include <sched.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <thread>

#include "mirror.hpp"

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

void leaving_nothing(const std::function<void()>& body) {
    const loop_statistics before = this_loop_statistics();
    report_failures(body);
    const loop_statistics after = this_loop_statistics();
    EXPECT_EQ(after.fibers, before.fibers) << "fibers were left";
    EXPECT_EQ(after.sockets, before.sockets) << "sockets were left open";
}

void enter_new_namespace() {
    if (::unshare(CLONE_NEWNET) != 0) throw std::system_error(errno, std::system_category(), "unshare");
}

// Found out by having one for a moment.
std::string why_no_tun() {
    std::string why;
    std::thread([&why] {
        try {
            enter_new_namespace();
            run({.network = "tun:cardea,10.97.0.2/24"}, [] {});
        } catch (const std::exception& e) {
            why = e.what();
        }
    }).join();
    return why;
}

}  // namespace

std::size_t open_descriptors() {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
    return count - 1;  // the iterator's own
}

void every_network::SetUp() {
    if (GetParam().name == std::string_view("tun")) {
        const std::string why_not = why_no_tun();
        if (!why_not.empty()) GTEST_SKIP() << "a TUN device in a namespace of its own needs root: " << why_not;
    }
}

void every_network::in_a_loop(const std::function<void()>& body) const {
    if (GetParam().name != std::string_view("tun")) return run({.network = GetParam().in_full}, body);
    enter_new_namespace();
    run({.network = GetParam().in_full}, [&] {
        make_mirror_of("cardea");  // the network has made the device
        body();
    });
}

void every_network::on_network(const std::function<void()>& body) const {
    const std::size_t before = open_descriptors();
    // A thread of its own, so that what the library keeps for each thread ends as well.
    std::thread([&] {
        if (runs_on_threads()) {
            report_failures(body);
        } else {
            report_failures([&] { in_a_loop([&] { leaving_nothing(body); }); });
        }
    }).join();
    EXPECT_EQ(open_descriptors(), before) << "descriptors were left open";
}

}  // namespace cardea::conformance
