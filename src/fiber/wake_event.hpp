// A descriptor that another thread can make readable: how a sleeping loop or thread is woken (eventfd(2)).
#pragma once

namespace cardea::detail {

class wake_event {
  public:
    /// Throws std::system_error when no descriptor is to be had.
    wake_event();
    ~wake_event();
    wake_event(const wake_event&) = delete;
    wake_event& operator=(const wake_event&) = delete;

    /// Makes it readable. Any thread; async-signal-safe.
    void signal() const noexcept;
    /// Makes it unreadable again.
    void drain() const noexcept;
    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

  private:
    int descriptor_;
};

}  // namespace cardea::detail
