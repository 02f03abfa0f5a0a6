// A deadline bounds the block that it stands in: it cannot leave that.
// refused: (use of deleted function|call to deleted constructor).*deadline
#include <cardea/deadline.hpp>
#include <utility>

void use() {
    cardea::deadline within{std::chrono::seconds(5)};
#ifdef MISUSE
    cardea::deadline elsewhere(std::move(within));
#else
    within.expire_in(std::chrono::seconds(10));
#endif
}
