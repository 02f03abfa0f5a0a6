// Dumps: what every fiber of the process waits for, as text. For a program that hangs.
#pragma once

#include <iosfwd>
#include <memory>

namespace cardea {

/// Writes a line for each loop of the process, and one for each of its fibers: its name, whether it runs, is ready or
/// waits, since when, for which call on which socket with which peer, and how much time its deadline leaves.
///
/// Any thread or fiber may call it. The caller's own loop is looked at as it stands; every other one is asked, and
/// answers when its running fiber next gives way. One that does not within a second is said to be busy: one of its
/// fibers keeps it to itself. A fiber's loop goes on meanwhile; a deadline or a cancellation of the caller's ends the
/// wait, not the dump. Throws what the stream throws, and std::bad_alloc.
///
/// In a debugger, where nothing runs: docs/debugging.md.
void dump(std::ostream& to);

/// As long as it lives, SIGQUIT (Ctrl-\) makes the process dump() to standard error and go on. One at a time; a
/// second one throws std::logic_error. A thread of its own waits for the signal, so that a program whose loops
/// all hang answers, too. Afterwards the signal is whose it was before. Throws std::system_error.
class dump_on_quit {
  public:
    dump_on_quit();
    ~dump_on_quit();
    dump_on_quit(const dump_on_quit&) = delete;
    dump_on_quit& operator=(const dump_on_quit&) = delete;

  private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace cardea
