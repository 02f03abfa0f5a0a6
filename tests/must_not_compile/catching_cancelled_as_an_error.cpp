// A cancellation is no std::exception, or `catch (const std::exception&)` would swallow it.
// refused: cardea::cancelled
#include <cardea/error.hpp>
#include <exception>

#ifdef MISUSE
const std::exception& view(const cardea::cancelled& asked) { return asked; }
#else
const std::exception& view(const cardea::error& failure) { return failure; }
#endif
