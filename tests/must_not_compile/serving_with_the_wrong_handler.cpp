// A handler takes a stream or a datagram's socket; what takes neither is refused where serve() is called.
// refused: no matching function for call to .serve
#include <cardea/serve.hpp>

void use() {
#ifdef MISUSE
    cardea::serve("*:7", [](int) {});
#else
    cardea::serve("*:7", [](cardea::tcp_stream) {});
#endif
}
