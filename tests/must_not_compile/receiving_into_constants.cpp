// What is constant is no room for what comes.
// refused: mutable_buffer
#include <cardea/udp.hpp>
#include <string>

void use(cardea::udp_socket& door, const std::string& given) {
#ifdef MISUSE
    door.recv(given);
#else
    std::string room(given);
    door.recv(room);
#endif
}
