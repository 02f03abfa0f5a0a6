// A socket of the wrapper: hands every call on to the one beneath, but for faults, and keeps what a call that came too
// late has brought: connections, datagrams. Any thread may call it that may call the one beneath.
#pragma once

#include <cardea/message.hpp>
#include <cardea/network.hpp>
#include <cardea/sync.hpp>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "faulty/wrapping_network.hpp"

namespace cardea::detail {

class wrapping_socket final : public network_socket {
  public:
    explicit wrapping_socket(std::shared_ptr<wrapping_network> of) noexcept : of_(std::move(of)) {}
    ~wrapping_socket() override { close(); }
    /// Once: becomes the wrapper of that.
    void take(std::unique_ptr<network_socket>&& opened, type t) noexcept;
    /// The socket of the network beneath, if this is one of a wrapper's; else itself.
    static network_socket& beneath(network_socket& s) noexcept;

    std::error_code bind(const endpoint& where) noexcept override;
    std::error_code listen(int backlog) noexcept override;
    std::error_code accept(std::unique_ptr<network_socket>& connection, endpoint& client) noexcept override;
    std::error_code connect(const endpoint& server) noexcept override;
    std::error_code begin_connect(const endpoint& server) noexcept override;
    io_result send(const_buffer data) noexcept override;
    io_result recv(mutable_buffer room) noexcept override;
    io_result send_to(const_buffer datagram, const endpoint& to) noexcept override;
    io_result recv_from(mutable_buffer room, endpoint& from, bool& truncated) noexcept override;

    io_result send_vectored(const_buffers pieces) noexcept override;
    io_result recv_vectored(mutable_buffers rooms) noexcept override;
    io_result peek(mutable_buffer room) noexcept override;
    io_result recv_lease(lease& out) noexcept override;
    std::error_code put_back(const_buffer bytes) noexcept override { return inner_->put_back(bytes); }
    // send_file(), splice() and send_batch() are the seam's own: each of their sends and receives may have its fault.

    io_result send_message(const outgoing_message& message) noexcept override;
    io_result recv_message(incoming_message& message) noexcept override;
    std::error_code recv_batch(datagram_batch& into) noexcept override;
    std::error_code recv_error(datagram_error& out) noexcept override { return inner_->recv_error(out); }
    std::error_code set_membership(const group_membership& of, bool member) noexcept override;
    std::error_code peer_credentials(credentials& out) const noexcept override { return inner_->peer_credentials(out); }

    std::error_code shutdown(direction how) noexcept override;
    std::error_code close() noexcept override;
    [[nodiscard]] bool is_open() const noexcept override { return inner_ != nullptr && inner_->is_open(); }
    std::error_code local(endpoint& out) const noexcept override { return inner_->local(out); }
    std::error_code peer(endpoint& out) const noexcept override { return inner_->peer(out); }
    std::error_code set_option(option_id option, option_value value) noexcept override;
    std::error_code get_option(option_id option, option_value& value) const noexcept override {
        return inner_->get_option(option, value);
    }
    std::error_code set_text_option(option_id option, const std::string& value) noexcept override;
    std::error_code get_text_option(option_id option, std::string& value) const noexcept override {
        return inner_->get_text_option(option, value);
    }
    std::error_code info(tcp_info& out) const noexcept override { return inner_->info(out); }
    [[nodiscard]] network* home() const noexcept override;
    std::error_code release(native_socket& out) noexcept override;
    [[nodiscard]] int descriptor() const noexcept override { return inner_->descriptor(); }

  private:
    struct visitor {
        std::unique_ptr<network_socket> socket;
        endpoint client;
    };
    struct datagram {
        std::vector<std::byte> data;
        endpoint who;            // its sender, or where it goes
        std::size_t behind = 0;  // how many go first
        bool truncated = false;
    };

    verdict next(network_call call) noexcept { return of_->plan.next(call, type_); }
    template <class Act>
    std::error_code with_faults(network_call call, Act act) noexcept;
    std::error_code accept_next(std::unique_ptr<network_socket>& connection, endpoint& client) noexcept;
    void keep(std::unique_ptr<network_socket>&& accepted, const endpoint& client) noexcept;
    io_result send_as(const verdict& v, const_buffer data) noexcept;
    io_result send_in_pieces(const verdict& v, const_buffer data) noexcept;
    io_result send_datagram(const verdict& v, const_buffer data, const endpoint* to) noexcept;
    io_result receive_as(const verdict& v, mutable_buffer room) noexcept;
    io_result transmit(const_buffer data, const endpoint* to) noexcept;
    void let_go(bool all) noexcept;
    bool take_kept(mutable_buffer room, endpoint& from, bool& truncated, std::size_t& size) noexcept;
    void count_out() noexcept;

    const std::shared_ptr<wrapping_network> of_;
    std::unique_ptr<network_socket> inner_;
    type type_ = type::stream;
    mutex sending_;  // of a stream: nothing comes between the pieces
    std::mutex guard_;
    bool counted_ = false;  // these are guarded by guard_
    bool ended_ = false;
    std::list<visitor> connections_;  // accepted too late
    std::list<datagram> received_;    // received too late
    std::list<datagram> held_back_;   // to be sent behind others
};

}  // namespace cardea::detail
