// The driver: packets between the device and the stack, on the real clock. One ppoll(2) when there is nothing to do.
#include <poll.h>
#include <sys/epoll.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cardea/descriptor.hpp>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "fiber/loop.hpp"
#include "fiber/wake_event.hpp"
#include "network/kernel_look_up.hpp"
#include "network/kernel_socket.hpp"
#include "network/stack/host_words.hpp"
#include "network/stack/stack_network.hpp"
#include "network/tun/device.hpp"
#include "network/tun/tun.hpp"

namespace cardea::detail {

namespace {

class tun_network final : public stack_network, public driver, private tcpip::packet_sink {
  public:
    tun_network(std::unique_ptr<tun_device> device, const tcpip::host_config& config)
        : stack_network(config, device->name()), device_(std::move(device)) {}
    ~tun_network() override { finish(); }

    [[nodiscard]] const char* name() const noexcept override { return "tun"; }
    [[nodiscard]] std::int64_t now_ns() const noexcept override { return monotonic_ns(); }
    [[nodiscard]] std::int64_t wall_clock_ns() const noexcept override { return realtime_ns(); }
    [[nodiscard]] std::uint64_t random() noexcept override { return kernel_random(); }
    std::error_code resolve(const std::string& host, const std::string& service,
                            std::vector<endpoint>& out) noexcept override {
        const std::error_code failed = stack_network::resolve(host, service, out);
        return failed == errc::name_not_found ? kernel_resolve(host, service, out) : failed;
    }
    std::error_code begin_resolve(const std::string& host, const std::string& service, family only,
                                  std::unique_ptr<address_look_up>& out) noexcept override {
        if (is_localhost(host)) return errc::not_supported;
        return kernel_begin_resolve(host, service, only, out);
    }
    std::error_code resolve_srv(const std::string& name, std::vector<service_record>& out) noexcept override {
        return kernel_resolve_srv(name, out);
    }
    std::error_code reverse(const endpoint& of, std::string& name) noexcept override {
        return kernel_reverse(of, name);
    }

    [[nodiscard]] std::int64_t clock_ns() const noexcept override { return monotonic_ns(); }
    void wait(std::int64_t timeout_ns) noexcept override {
        flush();
        turn(loop::current()->has_ready() ? 0 : timeout_ns);
    }
    void wake_up() noexcept override { wake_.signal(); }
    [[nodiscard]] int pollable() override;
    [[nodiscard]] std::int64_t due_ns() noexcept override { return host().next_deadline(); }
    /// Connections of the host with itself are as they are on a kernel: what a call sends has arrived when it returns.
    void call_done() noexcept override {
        if (talks_to_itself()) host().poll(monotonic_ns(), *this);
    }
    [[nodiscard]] std::size_t open_sockets() const noexcept override { return sockets(); }

  private:
    /// Packets taken from the device before fibers have their turn.
    static constexpr int packets_per_turn = 64;

    void turn(std::int64_t timeout_ns) noexcept;
    void sleep(std::int64_t timeout_ns) noexcept;
    void flush() noexcept;
    void device_is_gone() noexcept;
    void finish() noexcept;
    void emit(const tcpip::packet_view& packet) override {
        note_sent(packet, device_->write(packet) ? "" : "lost: the device has no room");
    }
    void poke() noexcept override { wake_.signal(); }

    std::unique_ptr<tun_device> device_;
    wake_event wake_;
    descriptor looked_at_from_outside_;  // an epoll(7) of the device and of wake_
};

int tun_network::pollable() {
    if (!looked_at_from_outside_) {
        descriptor made(::epoll_create1(EPOLL_CLOEXEC));
        for (const int one : {device_->descriptor(), wake_.descriptor()}) {
            epoll_event event{};
            event.events = EPOLLIN;
            if (::epoll_ctl(made.get(), EPOLL_CTL_ADD, one, &event) != 0) {
                throw std::system_error(errno, std::system_category(), "epoll of a TUN device");
            }
        }
        looked_at_from_outside_ = std::move(made);
    }
    return looked_at_from_outside_.get();
}

// What came in the last turn has been answered and sent by now; the fibers that it woke run after this one.
void tun_network::turn(std::int64_t timeout_ns) noexcept {
    if (timeout_ns != 0) {
        sleep(timeout_ns);
    } else if (looked_at_from_outside_) {
        wake_.drain();  // who looks would find it readable for ever
    }
    tun_device::incoming packet;
    for (int i = 0; i < packets_per_turn && !down() && device_->read(packet); ++i) {
        take_in(packet.bytes, packet.meta);
    }
    if (device_->is_gone()) device_is_gone();
    flush();
}

// A deleted device does not come back: one of the same name is another. Its host goes on alone.
void tun_network::device_is_gone() noexcept {
    if (down()) return;
    std::fprintf(stderr, "cardea: the TUN device '%s' is gone, and with it this host's network\n",
                 device_->name().c_str());
    if (looked_at_from_outside_) {
        ::epoll_ctl(looked_at_from_outside_.get(), EPOLL_CTL_DEL, device_->descriptor(), nullptr);
    }
    go_down(std::make_error_code(std::errc::network_down));
}

void tun_network::sleep(std::int64_t timeout_ns) noexcept {
    if (captured() != nullptr) captured()->flush();
    const std::int64_t due = host().next_deadline();
    if (due != tcpip::never) {
        const std::int64_t until_due = std::max<std::int64_t>(due - monotonic_ns(), 0);
        timeout_ns = timeout_ns < 0 ? until_due : std::min(timeout_ns, until_due);
    }
    constexpr std::int64_t second = 1'000'000'000;
    const timespec limit{timeout_ns / second, timeout_ns % second};
    std::array<pollfd, 2> watched{{{down() ? -1 : device_->descriptor(), POLLIN, 0}, {wake_.descriptor(), POLLIN, 0}}};
    const int n = ::ppoll(watched.data(), watched.size(), timeout_ns < 0 ? nullptr : &limit, nullptr);
    if (n > 0 && (watched[0].revents & (POLLERR | POLLNVAL)) != 0) device_->found_gone();
    if (n > 0 && watched[1].revents != 0) wake_.drain();
}

void tun_network::flush() noexcept {
    collect_abandoned();
    const std::int64_t now = monotonic_ns();
    if (host().next_deadline() <= now) host().poll(now, *this);
}

// run() has ended, its connections may not have: the last bytes and FINs get their time to arrive and be acknowledged.
// When nothing is due in that time, nothing is under way any more: TIME-WAIT and waiting for the peer's FIN take a
// minute, and buffers of idle connections are given back after seconds.
void tun_network::finish() noexcept {
    constexpr std::int64_t longest_ns = 2'000'000'000;
    const std::int64_t limit = monotonic_ns() + longest_ns;
    flush();
    for (std::int64_t now = monotonic_ns(); now < limit && !down(); now = monotonic_ns()) {
        if (host().next_deadline() >= limit) return;
        turn(limit - now);
    }
}

[[noreturn]] void refuse(std::string_view spec, const std::string& why) {
    throw std::invalid_argument("network 'tun:" + std::string(spec) + "': " + why +
                                " (it is tun:NAME,ADDRESS/PREFIX, as tun:tun0,192.0.2.2/24)");
}

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> parts;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t comma = std::min(text.find(',', at), text.size());
        parts.emplace_back(text.substr(at, comma - at));
        at = comma + 1;
    }
    return parts;
}

}  // namespace

tun_made make_tun_network(std::string_view spec, std::shared_ptr<capture_file> capture) {
    const std::vector<std::string> parts = split(spec);
    if (parts.size() < 2) refuse(spec, "an address is missing");
    tcpip::host_config config;
    for (std::size_t i = 1; i < parts.size(); ++i) {
        if (take_host_word(parts[i], config)) continue;
        const std::optional<tcpip::ip_prefix> prefix = tcpip::ip_prefix::parse(parts[i]);
        if (!prefix) refuse(spec, "'" + parts[i] + "' is no address with a prefix");
        config.addresses.push_back(*prefix);
    }
    if (config.addresses.empty()) refuse(spec, "an address is missing");
    auto device = std::make_unique<tun_device>(parts[0]);
    // Taken only while needed. On a shared processor the other side's pauses last milliseconds: with a mebibyte,
    // windows and buffers were full meanwhile, at half the throughput.
    constexpr std::uint32_t buffer = 4 * 1024 * 1024;
    config.mtu = device->mtu();
    config.offload.checksum = config.offload.tso = device->offloads();
    config.seed = kernel_random();
    config.tcp.receive_buffer = config.tcp.send_buffer = buffer;
    auto made = std::make_unique<tun_network>(std::move(device), config);
    if (capture) made->capture(std::move(capture), parts[0]);
    driver* drives = made.get();
    return {std::move(made), drives};
}

}  // namespace cardea::detail
