// The types of the two services do not mix: a UDP socket is no stream to copy from.
// refused: udp_socket.* to .?(cardea::)?stream_ref
#include <cardea/copy.hpp>
#include <cardea/tcp.hpp>
#include <cardea/udp.hpp>

void use(cardea::udp_socket& door, cardea::tcp_stream& from, cardea::tcp_stream& to) {
#ifdef MISUSE
    cardea::copy(door, to);
    static_cast<void>(from);
#else
    cardea::copy(from, to);
    static_cast<void>(door);
#endif
}
