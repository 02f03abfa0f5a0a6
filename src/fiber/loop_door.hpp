// The way into a loop from outside: shared by its handles, cut off when the loop ends.
#pragma once

#include <mutex>

#include "fiber/loop.hpp"

namespace cardea::detail {

struct loop::door {
    std::mutex guard;
    loop* inside = nullptr;
};

}  // namespace cardea::detail
