// Text may be no address, and reading it may fail: that is said, not implied.
// refused: could not convert .* to .cardea::endpoint.|no viable conversion from .* to .*.cardea::endpoint.
#include <cardea/endpoint.hpp>

cardea::endpoint use() {
#ifdef MISUSE
    return "192.0.2.1:80";
#else
    return cardea::endpoint::parse("192.0.2.1:80");
#endif
}
