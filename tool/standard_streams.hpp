// Standard input and output as connect and listen need them, and what is known of the terminal.
#pragma once

#include <atomic>
#include <cardea/buffer.hpp>
#include <cstddef>
#include <optional>

namespace cardea_tool {

/// Standard input, which one thread reads and another can stop. One per process.
class input {
  public:
    input();
    ~input();
    input(const input&) = delete;
    input& operator=(const input&) = delete;

    /// Blocks until there is something. 0: its end, or stop() was called and nothing more lies ready. Throws
    /// std::system_error.
    std::size_t read(cardea::mutable_buffer room);
    /// From now on read() takes what lies ready and does not wait. Any thread.
    void stop() noexcept;
    /// From now on read() gives 0. Any thread.
    void abandon() noexcept;
    /// Undoes both, for the next connection. Nobody may be reading.
    void resume() noexcept;
    [[nodiscard]] bool ended() const noexcept { return ended_; }

  private:
    bool ready(bool wait);
    int wake_read_ = -1;
    int wake_write_ = -1;
    std::atomic<bool> ended_ = false;
    std::atomic<bool> abandoned_ = false;
};

/// Writes all of it to standard output at once. Throws std::system_error.
void write_output(cardea::const_buffer data);

/// Columns of the terminal that standard output is; nullopt: it is none.
std::optional<std::size_t> terminal_columns() noexcept;

}  // namespace cardea_tool
