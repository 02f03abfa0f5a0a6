// Peer: echo on Asio's callbacks, one thread. The concurrency hint says that one thread runs everything, which takes
// Asio's own locks away; concrete executor types spare the type-erased one. Standalone Asio only.
#include <asio.hpp>
#include <memory>
#include <vector>

#include "common.hpp"

namespace {

using executor = asio::io_context::executor_type;
using tcp = asio::ip::tcp;
using stream = asio::basic_stream_socket<tcp, executor>;
using acceptor = asio::basic_socket_acceptor<tcp, executor>;

class session : public std::enable_shared_from_this<session> {
  public:
    session(stream socket, std::size_t buffer_bytes) : socket_(std::move(socket)), buffer_(buffer_bytes) {}

    void read() {
        socket_.async_read_some(asio::buffer(buffer_),
                                [self = shared_from_this()](const std::error_code& error, std::size_t length) {
                                    if (!error) self->write(length);
                                });
    }

  private:
    void write(std::size_t length) {
        asio::async_write(socket_, asio::buffer(buffer_, length),
                          [self = shared_from_this()](const std::error_code& error, std::size_t) {
                              if (!error) self->read();
                          });
    }

    stream socket_;
    std::vector<char> buffer_;
};

void accept_next(acceptor& listener, std::size_t buffer_bytes) {
    listener.async_accept([&listener, buffer_bytes](const std::error_code& error, stream socket) {
        if (!error) {
            socket.set_option(tcp::no_delay(true));
            std::make_shared<session>(std::move(socket), buffer_bytes)->read();
        }
        accept_next(listener, buffer_bytes);
    });
}

}  // namespace

int main(int argc, char** argv) {
    auto arguments = bench::start(argc, argv);
    asio::io_context context(ASIO_CONCURRENCY_HINT_UNSAFE);
    acceptor listener(context, tcp::endpoint(asio::ip::address_v4::loopback(), arguments.port));
    bench::announce(listener.local_endpoint().port());
    accept_next(listener, arguments.buffer_bytes);
    context.run();
}
