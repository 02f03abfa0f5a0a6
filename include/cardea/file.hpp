// A disk file to be sent: `peer.send_file(file::open("picture.png"));`.
#pragma once

#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

namespace cardea {

/// A file open for reading. Move-only; the destructor closes. Opening and asking for the size may wait for the disk,
/// and a loop with them: a server that must not keeps its files open.
class file {
  public:
    file() noexcept = default;
    /// Takes over a descriptor of something that can be read at an offset (pread(2)).
    explicit file(int descriptor) noexcept : descriptor_(descriptor) {}
    file(file&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    file& operator=(file&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~file() { close(); }

    /// open(2), read-only. Throws cardea::error naming the path.
    static file open(const std::string& path);
    static file open(const std::string& path, std::error_code& ec) noexcept;
    [[nodiscard]] std::uint64_t size() const;
    [[nodiscard]] std::uint64_t size(std::error_code& ec) const noexcept;
    void close() noexcept;
    [[nodiscard]] bool is_open() const noexcept { return descriptor_ >= 0; }
    [[nodiscard]] int native_handle() const noexcept { return descriptor_; }

  private:
    int descriptor_ = -1;
};

}  // namespace cardea
