// Runs a piece of a test in a process of its own, where it may lower limits and filter system calls.
#pragma once

#include <functional>
#include <string>

namespace cardea::conformance {

/// What `work` returned in a forked child; "(died ...)" if it did not return. No other thread may run.
std::string in_own_process(const std::function<std::string()>& work);

/// From now on io_uring_setup(2) fails with `error` in this thread if it asks for more than `entries` entries.
/// False: no filter can be had here.
bool refuse_io_uring(int error, unsigned entries);

}  // namespace cardea::conformance
