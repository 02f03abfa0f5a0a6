// How many processors this process may run on.
#pragma once

namespace cardea::detail {

/// At least 1.
unsigned usable_cpus() noexcept;

}  // namespace cardea::detail
