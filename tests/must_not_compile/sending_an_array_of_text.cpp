// Is a char array text up to its NUL, or all of its bytes? Whoever sends one says so.
// refused: (deleted function .*|deleted constructor.*)const_buffer|to .const_buffer. invokes a deleted function
#include <cardea/tcp.hpp>

void use(cardea::tcp_stream& peer, std::size_t n) {
    char line[80];
    line[0] = 'x';
#ifdef MISUSE
    peer.send_all(line);
    static_cast<void>(n);
#else
    peer.send_all({line, n});
#endif
}
