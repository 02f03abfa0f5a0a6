// A buffer that is gone after the call: what was received could not be read. A view of one that stays may be temporary.
// refused: no matching (member )?function for call to .*recv
#include <cardea/tcp.hpp>
#include <span>
#include <string>

void use(cardea::tcp_stream& peer, std::string& room) {
#ifdef MISUSE
    peer.recv(std::string(80, '\0'));
    static_cast<void>(room);
#else
    peer.recv(std::span<char>(room));
    peer.recv(cardea::mutable_buffer(room));
    peer.recv(room);
    peer.send(std::string("sent from a temporary, which lives as long as the call"));
#endif
}
