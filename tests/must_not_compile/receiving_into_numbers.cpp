// Bytes are no numbers: in whose order would they be?
// refused: mutable_buffer
#include <array>
#include <cardea/tcp.hpp>

void use(cardea::tcp_stream& peer) {
#ifdef MISUSE
    std::array<int, 4> room;
#else
    std::array<unsigned char, 16> room;
#endif
    peer.recv(room);
}
