// A capture file that hosts of the stack write what they send and receive to: pcapng, an interface for each host.
// One thread.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "stack/pcapng.hpp"

namespace cardea::detail {

class capture_file final : private ::cardea::stack::byte_sink {
  public:
    /// Begins a new file. Throws std::system_error.
    explicit capture_file(const std::string& path);
    ~capture_file();
    capture_file(const capture_file&) = delete;
    capture_file& operator=(const capture_file&) = delete;

    /// The result names it in packet().
    std::uint32_t add_host(std::string_view name) { return writer_.add_interface(name); }
    /// The comment is `fate` and `why`, and what a device was to do for the packet: that is done in the file.
    void packet(std::uint32_t host, std::int64_t when_ns, const ::cardea::stack::packet_view& what,
                ::cardea::stack::packet_direction way, std::string_view fate, std::string_view why = {}) noexcept;
    /// What has been written is to be seen by readers of the file.
    void flush() noexcept;

  private:
    void write(::cardea::stack::bytes_view bytes) override;
    void give_up() noexcept;

    std::string path_;
    std::FILE* file_;  // nullptr: the disk was full, or something of the kind, and that has been said
    ::cardea::stack::pcapng_writer writer_;
};

}  // namespace cardea::detail
