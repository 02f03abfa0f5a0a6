// A TCP socket, with the calls, options and errors of tcp(7): a listener, or one end of a connection, or neither yet.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "stack/socket/port_table.hpp"
#include "stack/socket/socket.hpp"
#include "stack/socket/tcp_layer.hpp"

namespace cardea::stack {

class tcp_socket final : public socket {
  public:
    tcp_socket(host_core& core, ip_version family);
    ~tcp_socket() override;

    bool is_stream() const override { return true; }
    error bind(endpoint const& local) override;
    error connect(endpoint const& peer, time_ns now) override;
    error listen(std::uint32_t backlog, time_ns now) override;
    accept_result accept(time_ns now) override;
    io_result send(payload_view const& data, unsigned flags, time_ns now) override;
    io_result recv(std::span<std::byte> into, unsigned flags, time_ns now) override;
    io_result send_to(payload_view const& data, endpoint const& peer, time_ns now) override;
    io_result recv_from(std::span<std::byte> into, receive_info& info, unsigned flags, time_ns now) override;
    error shutdown(shutdown_mode how, time_ns now) override;
    void close(time_ns now) override;
    void abort(time_ns now) override;
    error set_option(socket_option o, std::int64_t value, time_ns now) override;
    error get_option(socket_option o, std::int64_t& value, time_ns now) override;
    endpoint local() const override;
    std::optional<endpoint> remote() const override;
    unsigned readiness() const override;

    payload_view readable_bytes() const override;
    void consume(std::size_t n, time_ns now) override;
    tcp::connection const* connection() const override { return record_ ? record_->connection.get() : nullptr; }
    tcp::listener const* listener() const override { return listener_ ? &listener_->listener : nullptr; }

    // --- The layer's side

    listener_record* listening() const { return listener_.get(); }
    void on_event() { announce(); }

  private:
    static constexpr std::int64_t no_linger = -1;

    tcp::connection& conn() const { return *record_->connection; }
    port_entry entry(bool listening) const;
    error bind_inward(endpoint const& e);
    error connect_again();
    error open(endpoint const& peer, time_ns now);
    error begin_to_listen(std::uint32_t backlog);
    accept_result take_accepted(time_ns now);
    void adopt_connection(std::shared_ptr<tcp_record> r);
    void inherit(tcp_socket const& from, time_ns now);
    error take_failure();
    io_result cannot_send();
    error set_tcp_option(socket_option o, std::int64_t value, time_ns now, bool& known);
    error get_tcp_option(socket_option o, std::int64_t& value, time_ns now, bool& known);
    void apply_keepalive(time_ns now);
    void apply_ip_fields();
    void touch();
    void let_go(time_ns now, bool reset);

    tcp::connection_config config_;
    bound_address bound_;
    std::uint16_t port_ = 0;  ///< bound by bind() or listen(); 0 with an ephemeral port of connect()
    std::shared_ptr<tcp_record> record_;
    std::shared_ptr<listener_record> listener_;
    std::int64_t linger_ms_ = no_linger;
    bool cork_ = false;
    bool connect_reported_ = false;  ///< connect() has said that the connection stands
    bool failure_reported_ = false;
    bool write_shut_ = false;
    bool read_shut_ = false;
};

}  // namespace cardea::stack
