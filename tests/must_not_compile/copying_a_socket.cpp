// A socket is one end of one connection: it is moved, not copied.
// refused: (use of deleted function|call to (implicitly-)?deleted (copy )?constructor).*socket
#include <cardea/socket.hpp>

void use(cardea::socket& mine) {
#ifdef MISUSE
    cardea::socket yours = mine;
#else
    cardea::socket yours = std::move(mine);
#endif
    yours.close();
}
