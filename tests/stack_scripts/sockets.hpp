// The socket calls of a script, made through cardea_stack.h: by names of sockets instead of descriptors, with results
// compared with what the script says.
#pragma once

#include <cardea_stack.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "text.hpp"

namespace script {

/// What came of a call, in the words of scripts: "0", "ECONNREFUSED", "192.0.2.1:80", "in,out".
struct result {
    ssize_t value = 0;
    int error = 0;
    std::string text;  ///< when it is not a number
    std::string data;  ///< of a receiving call
    std::string from;  ///< where a datagram came from
};
std::string show(result const& r);

/// Whether a result is what follows "=" in the script; without that anything but an error.
bool matches(result const& r, std::vector<std::string> const& expected);

/// "5, not 4"; in bytes when the script named some.
std::string contrast(result const& r, std::vector<std::string> const& expected);

/// A call that has begun as a blocking one.
struct blocked_call {
    ~blocked_call();
    std::string verb, socket, new_name;
    cardea_stack_call* call = nullptr;
    std::vector<std::uint8_t> buffer;
};

class sockets {
  public:
    explicit sockets(cardea_stack* stack) : stack_{stack} {}

    static bool is_call(std::string const& verb);
    /// Makes a call that does not wait. `new_name`: of the socket that it opens.
    result call(std::string const& verb, words& w, std::string const& new_name);
    std::unique_ptr<blocked_call> begin(std::string const& verb, words& w, std::string const& new_name);
    result finish(blocked_call& b);
    /// "info NAME field=value...": fails when one is not so.
    void check_info(words& w);

    bool sends_pattern = true;     ///< until the script sends a text
    bool receives_pattern = true;  ///< until the peer does

  private:
    struct entry {
        int fd = -1;
        std::uint64_t sent = 0, received = 0;  ///< where the pattern goes on
    };
    using handler = result (sockets::*)(words&);

    static std::map<std::string, handler, std::less<>> const& handlers();
    entry& take_socket(words& w);
    void name(std::string const& new_name, ssize_t fd);
    std::vector<std::uint8_t> payload(words& w, entry& e);
    result received(entry& e, ssize_t n, std::vector<std::uint8_t> const& buffer, bool peek, bool datagram);

    result socket(words& w);
    result bind(words& w);
    result listen(words& w);
    result accept(words& w);
    result connect(words& w);
    result send(words& w);
    result recv(words& w);
    result sendto(words& w);
    result recvfrom(words& w);
    result shutdown(words& w);
    result close(words& w);
    result abort(words& w);
    result setsockopt(words& w);
    result getsockopt(words& w);
    result poll(words& w);
    result getsockname(words& w);
    result getpeername(words& w);

    cardea_stack* stack_;
    std::map<std::string, entry, std::less<>> open_;
};

/// "in,out" and back, in poll(2)'s bits.
short read_events(std::string const& word);
std::string show_events(short events);
/// "ECONNREFUSED"; a number for an error that has no name here.
std::string error_name(int error);
/// The number of a system's error by its name, or -1.
int error_number(std::string const& name);
int read_message_flag(std::string const& word);
struct option_name {
    char const* name;
    int level, option;
};
option_name const& find_option(std::string const& name);

}  // namespace script
