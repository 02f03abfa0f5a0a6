// The common path in one header: sockets, streams, names, options, deadlines, fibers, serve(). Each power beyond it has
// a header of its own, which a program that uses it includes: datagram, batch, error_queue, multicast (datagrams);
// passing, raw, interfaces (the host's); embed, future, offload (other loops and threads); faulty, sim (tests).
#pragma once

#include <cardea/buffer.hpp>
#include <cardea/buffered.hpp>
#include <cardea/copy.hpp>
#include <cardea/deadline.hpp>
#include <cardea/endpoint.hpp>
#include <cardea/error.hpp>
#include <cardea/fiber.hpp>
#include <cardea/file.hpp>
#include <cardea/framing.hpp>
#include <cardea/ip_option.hpp>
#include <cardea/ladder.hpp>
#include <cardea/lease.hpp>
#include <cardea/lines.hpp>
#include <cardea/names.hpp>
#include <cardea/network.hpp>
#include <cardea/option.hpp>
#include <cardea/serve.hpp>
#include <cardea/socket.hpp>
#include <cardea/stream.hpp>
#include <cardea/stream_ref.hpp>
#include <cardea/sync.hpp>
#include <cardea/tcp.hpp>
#include <cardea/tcp_info.hpp>
#include <cardea/tcp_option.hpp>
#include <cardea/trace.hpp>
#include <cardea/udp.hpp>
#include <cardea/unix.hpp>
