// Five what?
// refused: deadline\(std::chrono::nanoseconds|from .int. to .std::chrono::nanoseconds
#include <cardea/deadline.hpp>

void use() {
#ifdef MISUSE
    cardea::deadline within{5};
#else
    cardea::deadline within{std::chrono::seconds(5)};
#endif
}
