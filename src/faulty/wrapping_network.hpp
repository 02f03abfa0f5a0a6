// The wrapper: a network that hands every call on to the one beneath it, but for the faults of its plan.
#pragma once

#include <atomic>
#include <cardea/network.hpp>
#include <cstddef>
#include <memory>

#include "faulty/fault_plan.hpp"

namespace cardea::detail {

class wrapping_socket;

/// What is due before a call is handed on: the delay, the failure.
std::error_code before(const verdict& v) noexcept;
/// The call has succeeded: cancels its caller, if that is planned.
void after(const verdict& v) noexcept;

/// Shared by whoever made it and by its sockets.
class wrapping_network final : public network, public std::enable_shared_from_this<wrapping_network> {
  public:
    explicit wrapping_network(network& beneath) noexcept : beneath_(beneath) {}

    [[nodiscard]] const char* name() const noexcept override { return beneath_.name(); }
    std::error_code open(family f, type t, int protocol, std::unique_ptr<network_socket>& out) noexcept override;
    std::error_code open_pair(family f, type t, int protocol, std::unique_ptr<network_socket>& one,
                              std::unique_ptr<network_socket>& other) noexcept override;
    std::error_code adopt(native_socket&& from, std::unique_ptr<network_socket>& out) noexcept override;
    [[nodiscard]] std::int64_t now_ns() const noexcept override { return beneath_.now_ns(); }
    [[nodiscard]] std::int64_t wall_clock_ns() const noexcept override { return beneath_.wall_clock_ns(); }
    [[nodiscard]] std::uint64_t random() noexcept override { return beneath_.random(); }
    std::error_code resolve(const std::string& host, const std::string& service,
                            std::vector<endpoint>& out) noexcept override;
    std::error_code begin_resolve(const std::string& host, const std::string& service, family only,
                                  std::unique_ptr<address_look_up>& out) noexcept override;
    std::error_code await_connect(const std::vector<network_socket*>& begun, std::int64_t until_ns, std::size_t& which,
                                  std::error_code& outcome) noexcept override;
    std::error_code resolve_srv(const std::string& name, std::vector<service_record>& out) noexcept override;
    std::error_code reverse(const endpoint& of, std::string& name) noexcept override;
    [[nodiscard]] std::uint32_t interface_index(const std::string& name) const noexcept override {
        return beneath_.interface_index(name);
    }
    std::error_code list_interfaces(std::vector<network_interface>& out) noexcept override {
        return beneath_.list_interfaces(out);
    }
    std::error_code await_interfaces(std::uint64_t& seen) noexcept override { return beneath_.await_interfaces(seen); }

    /// A socket of this network for one of the network beneath; nullptr: no memory.
    std::unique_ptr<wrapping_socket> blank() noexcept;

    fault_plan plan;
    std::atomic<std::size_t> open_sockets{0};

  private:
    network& beneath_;
};

}  // namespace cardea::detail
