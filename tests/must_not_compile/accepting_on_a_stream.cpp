// A connection accepts nobody.
// refused: class cardea::tcp_stream.* has no member named .accept.|no member named 'accept' in 'cardea::tcp_stream'
#include <cardea/tcp.hpp>

void use(cardea::tcp_stream& peer) {
#ifdef MISUSE
    peer.accept();
#else
    peer.send("hello");
#endif
}
