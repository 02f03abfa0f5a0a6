// Where time is virtual. A simulated run repeats only if nothing in it sees the machine's clock or its randomness;
// those who read them ask here first.
#pragma once

namespace cardea::detail {

/// While one lives, the thread that made it is in virtual time.
class virtual_time {
  public:
    virtual_time() noexcept;
    ~virtual_time();
    virtual_time(const virtual_time&) = delete;
    virtual_time& operator=(const virtual_time&) = delete;
};

/// Ends the program, saying what was asked for and from where, if the calling thread is in virtual time.
void require_real_time(const char* what) noexcept;

}  // namespace cardea::detail
