// What goes wrong and how a program learns of it: cardea::error, cardea::errc, cardea::cancelled.
#pragma once

#include <cardea/endpoint.hpp>
#include <cstddef>
#include <memory>
#include <string_view>
#include <system_error>

namespace cardea {

/// Cardea's own error codes; the system's come as they are (std::system_category, comparable with std::errc).
enum class errc {
    timed_out = 1,     ///< a deadline passed (equivalent to std::errc::timed_out)
    cancelled,         ///< somebody asked: only seen through an std::error_code&; throwing calls throw `cancelled`
    closed,            ///< this socket was closed, before the call or while it waited
    bad_address,       ///< text that is no address
    end_of_stream,     ///< the peer closed before recv_exactly had all it wanted
    wrong_network,     ///< the socket lives on another loop or another kind of network
    not_supported,     ///< this network has no such thing
    name_not_found,    ///< no such host name
    name_unavailable,  ///< the name could not be looked up now (EAI_AGAIN)
    no_runtime,        ///< the call needs a loop: call it inside run()
    not_offered,       ///< the domain says that it does not have this service (RFC 2782, the target ".")
    too_long,          ///< a line, a frame or a message is longer than the bound that was given for it
    malformed,         ///< the peer sent what the format forbids
};

const std::error_category& category() noexcept;  ///< Of Cardea's own codes: "cardea".
inline std::error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), category()}; }  ///< As a code.

/// What every throwing call throws when it fails: which operation, between which endpoints, after how many bytes.
/// what() reads "connect to [::1]:9: Connection refused". Copies do not throw.
class error : public std::system_error {
  public:
    /// `operation` must be a string literal, or live as long as the program.
    error(std::error_code code, const char* operation, const endpoint& local = {}, const endpoint& peer = {},
          std::size_t bytes_done = 0);
    /// With a remark behind the endpoints: "recv line from [::1]:9 (the bound is 1000 bytes): ...".
    error(std::error_code code, const char* operation, const endpoint& local, const endpoint& peer,
          std::size_t bytes_done, std::string_view remark);
    /// With the whole text before the cause given: "bind *:http".
    error(std::error_code code, const char* operation, std::string_view text);

    /// "connect", "recv", ...
    [[nodiscard]] const char* operation() const noexcept { return operation_; }
    [[nodiscard]] const endpoint& local() const noexcept { return ends_->local; }
    [[nodiscard]] const endpoint& peer() const noexcept { return ends_->peer; }
    /// How many bytes this call had moved before it failed (send_all, recv_exactly).
    [[nodiscard]] std::size_t bytes_done() const noexcept { return bytes_done_; }

  private:
    struct ends {
        endpoint local;
        endpoint peer;
    };
    const char* operation_;
    std::size_t bytes_done_ = 0;
    std::shared_ptr<const ends> ends_;
};

/// Thrown by a blocking call of a fiber (or a scope's thread) that somebody cancelled; unwinds it. Deliberately not a
/// std::exception. Whoever swallows it meets it again at the next blocking call.
class cancelled {};

}  // namespace cardea

template <>
struct std::is_error_code_enum<cardea::errc> : std::true_type {};
