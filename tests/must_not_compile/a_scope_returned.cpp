// What a scope's fibers refer to lies in the block of the scope: it cannot outlive that.
// refused: (use of deleted function|call to deleted constructor).*scope
#include <cardea/fiber.hpp>
#include <utility>

void use() {
    cardea::scope both;
#ifdef MISUSE
    cardea::scope elsewhere(std::move(both));
#else
    both.join();
#endif
}
