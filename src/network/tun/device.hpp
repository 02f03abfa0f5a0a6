// A TUN device (the kernel's Documentation/networking/tuntap.rst) with virtio-net headers: packets of up to 64 KiB in
// both directions, checksums left to the other side.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "stack/packet.hpp"

namespace cardea::detail {

class tun_device {
  public:
    /// Attaches to the device of that name, which is made if there is none (and then lasts as long as this). Brings it
    /// up and gives its queue room, where this process may, and waits until the kernel sends to it: mostly
    /// microseconds, never more than a second. Throws std::system_error.
    explicit tun_device(const std::string& name);
    ~tun_device();
    tun_device(const tun_device&) = delete;
    tun_device& operator=(const tun_device&) = delete;

    struct incoming {
        ::cardea::stack::bytes_view bytes;
        ::cardea::stack::packet_meta meta;
    };
    /// The next packet, which is good until the next call; false: none is there.
    bool read(incoming& packet) noexcept;
    /// The device has been deleted, as read() or poll(2) has shown.
    [[nodiscard]] bool is_gone() const noexcept { return gone_; }
    void found_gone() noexcept { gone_ = true; }
    /// False: the device has no room, and the packet is lost, as on any wire.
    bool write(const ::cardea::stack::packet_view& packet) noexcept;

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
    [[nodiscard]] std::uint32_t mtu() const noexcept { return mtu_; }
    /// The device takes large segments and completes checksums.
    [[nodiscard]] bool offloads() const noexcept { return offloads_; }

  private:
    static constexpr std::size_t largest = 10 + 65'535 + 1024;

    void attach(const std::string& name);
    void set_up() noexcept;
    void wait_until_it_runs(int any_socket) const noexcept;

    const std::string name_;
    int descriptor_ = -1;
    std::uint32_t mtu_ = 1500;
    bool offloads_ = false;
    bool gone_ = false;
    std::array<std::byte, largest> room_;
};

}  // namespace cardea::detail
