// Peer: echo on libuv, one thread. Built twice: as the guide teaches it (uv_write with a request and buffer of its
// own for each write), and with uv_try_write first, which needs neither unless the socket is full. libuv only.
#include <uv.h>

#include <vector>

#include "common.hpp"

namespace {

constexpr bool try_first = CARDEA_BENCH_TRY_WRITE;

std::vector<char> shared_buffer;  // for try_first: what is not sent at once is copied

struct write_request {
    uv_write_t request;
    char* bytes;
};

uv_stream_t* stream_of(uv_tcp_t* tcp) { return reinterpret_cast<uv_stream_t*>(tcp); }

void drop(uv_stream_t* stream) {
    auto* handle = reinterpret_cast<uv_handle_t*>(stream);
    if (uv_is_closing(handle)) return;
    uv_close(handle, [](uv_handle_t* closed) { delete reinterpret_cast<uv_tcp_t*>(closed); });
}

void provide(uv_handle_t*, std::size_t, uv_buf_t* buffer) {
    auto length = static_cast<unsigned>(shared_buffer.size());
    *buffer = uv_buf_init(try_first ? shared_buffer.data() : static_cast<char*>(std::malloc(length)), length);
}

void on_written(uv_write_t* request, int status) {
    auto* write = reinterpret_cast<write_request*>(request);
    if (status < 0) drop(request->handle);
    std::free(write->bytes);
    delete write;
}

/// Takes ownership of `bytes`, which came from malloc.
void write_later(uv_stream_t* stream, char* bytes, std::size_t length) {
    auto* write = new write_request{{}, bytes};
    uv_buf_t buffer = uv_buf_init(bytes, static_cast<unsigned>(length));
    if (int error = uv_write(&write->request, stream, &buffer, 1, on_written); error < 0) {
        std::free(bytes);
        delete write;
        drop(stream);
    }
}

void try_write(uv_stream_t* stream, char* bytes, std::size_t length) {
    uv_buf_t buffer = uv_buf_init(bytes, static_cast<unsigned>(length));
    int result = uv_try_write(stream, &buffer, 1);
    if (result < 0 && result != UV_EAGAIN) return drop(stream);
    auto sent = result < 0 ? std::size_t{0} : static_cast<std::size_t>(result);
    if (sent == length) return;
    auto* rest = static_cast<char*>(std::malloc(length - sent));
    std::memcpy(rest, bytes + sent, length - sent);
    write_later(stream, rest, length - sent);
}

void on_read(uv_stream_t* stream, ssize_t got, const uv_buf_t* buffer) {
    if (try_first) {
        if (got > 0) try_write(stream, buffer->base, static_cast<std::size_t>(got));
    } else {
        if (got > 0) {
            write_later(stream, buffer->base, static_cast<std::size_t>(got));
        } else {
            std::free(buffer->base);
        }
    }
    if (got < 0) drop(stream);
}

void on_connection(uv_stream_t* listener, int status) {
    if (status < 0) return;
    auto* tcp = new uv_tcp_t;
    uv_tcp_init(listener->loop, tcp);
    if (uv_accept(listener, stream_of(tcp)) < 0) return drop(stream_of(tcp));
    uv_tcp_nodelay(tcp, 1);
    uv_read_start(stream_of(tcp), provide, on_read);
}

void check(int result, const char* what) {
    if (result < 0) bench::die(what, -result);
}

}  // namespace

int main(int argc, char** argv) {
    auto arguments = bench::start(argc, argv);
    shared_buffer.resize(arguments.buffer_bytes);
    uv_loop_t* loop = uv_default_loop();
    uv_tcp_t listener;
    check(uv_tcp_init(loop, &listener), "uv_tcp_init");
    sockaddr_in address{};
    check(uv_ip4_addr("127.0.0.1", arguments.port, &address), "uv_ip4_addr");
    check(uv_tcp_bind(&listener, reinterpret_cast<const sockaddr*>(&address), 0), "uv_tcp_bind");
    check(uv_listen(stream_of(&listener), SOMAXCONN, on_connection), "uv_listen");
    int length = sizeof address;
    check(uv_tcp_getsockname(&listener, reinterpret_cast<sockaddr*>(&address), &length), "uv_tcp_getsockname");
    bench::announce(ntohs(address.sin_port));
    uv_run(loop, UV_RUN_DEFAULT);
}
