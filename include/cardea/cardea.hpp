// Everything Cardea offers, in one header.
#pragma once

#include <cardea/buffer.hpp>
#include <cardea/deadline.hpp>
#include <cardea/endpoint.hpp>
#include <cardea/error.hpp>
#include <cardea/fiber.hpp>
#include <cardea/ip_option.hpp>
#include <cardea/ladder.hpp>
#include <cardea/lease.hpp>
#include <cardea/names.hpp>
#include <cardea/network.hpp>
#include <cardea/option.hpp>
#include <cardea/serve.hpp>
#include <cardea/socket.hpp>
#include <cardea/stream.hpp>
#include <cardea/sync.hpp>
#include <cardea/tcp.hpp>
#include <cardea/tcp_info.hpp>
#include <cardea/tcp_option.hpp>
#include <cardea/trace.hpp>
#include <cardea/udp.hpp>
#include <cardea/unix.hpp>
