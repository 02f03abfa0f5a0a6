// Peer: echo on Asio's C++20 coroutines, one thread, one coroutine per connection. The same hint and concrete executor
// types as the callback peer. Standalone Asio only.
#include <asio.hpp>
#include <vector>

#include "common.hpp"

namespace {

using executor = asio::io_context::executor_type;
using tcp = asio::ip::tcp;
using token = asio::use_awaitable_t<executor>;
using stream = token::as_default_on_t<asio::basic_stream_socket<tcp, executor>>;
using acceptor = token::as_default_on_t<asio::basic_socket_acceptor<tcp, executor>>;
using task = asio::awaitable<void, executor>;

task echo(stream socket, std::size_t buffer_bytes) {
    try {
        std::vector<char> buffer(buffer_bytes);
        for (;;) {
            std::size_t length = co_await socket.async_read_some(asio::buffer(buffer));
            co_await asio::async_write(socket, asio::buffer(buffer, length));
        }
    } catch (const std::system_error&) {
        // End of stream, or a reset: either way the conversation is over.
    }
}

task serve(acceptor listener, std::size_t buffer_bytes) {
    for (;;) {
        stream socket(co_await listener.async_accept());
        socket.set_option(tcp::no_delay(true));
        asio::co_spawn(listener.get_executor(), echo(std::move(socket), buffer_bytes), asio::detached);
    }
}

}  // namespace

int main(int argc, char** argv) {
    auto arguments = bench::start(argc, argv);
    asio::io_context context(ASIO_CONCURRENCY_HINT_UNSAFE);
    acceptor listener(context, tcp::endpoint(asio::ip::address_v4::loopback(), arguments.port));
    bench::announce(listener.local_endpoint().port());
    asio::co_spawn(context.get_executor(), serve(std::move(listener), arguments.buffer_bytes), asio::detached);
    context.run();
}
