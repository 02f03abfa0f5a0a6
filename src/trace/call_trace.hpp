// Who observes calls. One relaxed load when nobody does.
#pragma once

#include <atomic>
#include <cardea/trace.hpp>

namespace cardea::detail {

extern std::atomic<call_observer*> observer_of_calls;

}  // namespace cardea::detail
