// A file descriptor that is owned: what arrives through a Unix socket, and whatever else must not leak.
#pragma once

#include <utility>

namespace cardea {

/// Owns one descriptor of this process and closes it at the end. Move-only, a value otherwise; no call blocks or
/// throws.
class descriptor {
  public:
    descriptor() noexcept = default;
    /// From now on `owned` is closed here.
    explicit descriptor(int owned) noexcept : number_(owned) {}
    descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    descriptor& operator=(descriptor&& other) noexcept {
        if (this != &other) {
            close();
            number_ = std::exchange(other.number_, -1);
        }
        return *this;
    }
    ~descriptor() { close(); }

    /// -1: none.
    [[nodiscard]] int get() const noexcept { return number_; }
    [[nodiscard]] explicit operator bool() const noexcept { return number_ >= 0; }
    /// Lets go: the caller closes it.
    [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }
    /// close(2). Twice is harmless.
    void close() noexcept;

  private:
    int number_ = -1;
};

}  // namespace cardea
