// A listener has no peer: there is nobody to send to.
// refused: class cardea::tcp_listener.* has no member named .send.|no member named 'send' in 'cardea::tcp_listener'
#include <cardea/tcp.hpp>

void use(cardea::tcp_listener& door) {
#ifdef MISUSE
    door.send("hello");
#else
    door.accept().send("hello");
#endif
}
