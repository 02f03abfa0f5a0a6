// The seam's own answers: what a network that lacks a power says.
#include <cardea/network.hpp>

namespace cardea {

std::error_code network_socket::set_text_option(option_id, const std::string&) noexcept { return errc::not_supported; }
std::error_code network_socket::get_text_option(option_id, std::string&) const noexcept { return errc::not_supported; }
std::error_code network_socket::info(tcp_info&) const noexcept { return errc::not_supported; }

}  // namespace cardea
