// The textbook's four programs, as the demo runs them: each a plain function that blocks.
#pragma once

#include <cardea/endpoint.hpp>
#include <cardea/sync.hpp>

namespace cardea_tool {

/// How a client learns where its server is: the well-known port is whichever was free.
struct meeting_point {
    cardea::endpoint server;     ///< set by the server before it waits
    cardea::event server_waits;  ///< its accept or recv_from has begun
};

void tcp_server(meeting_point& meet);
void tcp_client(meeting_point& meet);
void udp_server(meeting_point& meet);
void udp_client(meeting_point& meet);

}  // namespace cardea_tool
