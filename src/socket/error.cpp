// The words of what goes wrong: category "cardea", and cardea::error's text. Uses the standard library only.
#include <algorithm>
#include <array>
#include <cardea/error.hpp>
#include <string>
#include <type_traits>

#include "socket/visible.hpp"

namespace cardea {

namespace {

static_assert(std::is_nothrow_copy_constructible_v<error>, "throwing copies it");

class cardea_category final : public std::error_category {
  public:
    [[nodiscard]] const char* name() const noexcept override { return "cardea"; }

    [[nodiscard]] std::string message(int value) const override {
        switch (static_cast<errc>(value)) {
            case errc::timed_out:
                return "timed out: the deadline passed";
            case errc::cancelled:
                return "cancelled";
            case errc::closed:
                return "the socket is closed";
            case errc::bad_address:
                return "not an address";
            case errc::end_of_stream:
                return "the peer closed before everything had come";
            case errc::wrong_network:
                return "the socket belongs to another loop or network";
            case errc::not_supported:
                return "not supported by this socket or network";
            case errc::name_not_found:
                return "no such host name";
            case errc::name_unavailable:
                return "the name cannot be looked up now";
            case errc::no_runtime:
                return "needs a loop: call it inside run()";
            case errc::not_offered:
                return "the domain does not offer this service";
            case errc::too_long:
                return "longer than the bound allows";
            case errc::malformed:
                return "the peer sent what the format forbids";
        }
        return "unknown cardea error " + std::to_string(value);
    }

    [[nodiscard]] std::error_condition default_error_condition(int value) const noexcept override {
        switch (static_cast<errc>(value)) {
            case errc::timed_out:
                return std::errc::timed_out;
            case errc::cancelled:
                return std::errc::operation_canceled;
            case errc::closed:
                return std::errc::bad_file_descriptor;
            case errc::bad_address:
                return std::errc::invalid_argument;
            case errc::not_supported:
                return std::errc::not_supported;
            case errc::too_long:
                return std::errc::message_size;
            case errc::name_unavailable:
                return std::errc::resource_unavailable_try_again;
            case errc::end_of_stream:
            case errc::wrong_network:
            case errc::name_not_found:
            case errc::no_runtime:
            case errc::not_offered:
            case errc::malformed:
                break;  // std::errc has nothing that says it
        }
        return {value, *this};
    }
};

constexpr std::size_t longest_text = 400;

/// Which end an operation is about, and the word between.
struct wording {
    std::string_view operation;
    std::string_view joint;
    bool about_peer;
};
constexpr std::array wordings{
    wording{"connect", " to ", true},      wording{"send", " to ", true},
    wording{"send_all", " to ", true},     wording{"send_to", " ", true},
    wording{"recv", " from ", true},       wording{"recv_exactly", " from ", true},
    wording{"recv_from", " ", true},       wording{"accept", " on ", false},
    wording{"listen", " on ", false},      wording{"bind", " ", false},
    wording{"send_file", " to ", true},    wording{"peek", " from ", true},
    wording{"recv until", " from ", true}, wording{"recv line", " from ", true},
    wording{"recv frame", " from ", true}, wording{"send frame", " to ", true},
    wording{"flush", " to ", true},        wording{"put_back", " to ", true},
};
constexpr wording otherwise{"", " with ", true};

/// An unnamed Unix socket tells nobody anything.
bool tells(const endpoint& e) { return e.is_ip() || (e.family() == family::local && !e.name().empty()); }

std::string text_of(const char* operation, const endpoint& local, const endpoint& peer, std::size_t bytes_done,
                    std::string_view remark = {}) {
    const auto* const found =
        std::find_if(wordings.begin(), wordings.end(), [&](const wording& w) { return w.operation == operation; });
    const wording& words = found != wordings.end() ? *found : otherwise;
    std::string out = operation;
    if (words.about_peer && tells(peer)) {
        out.append(words.joint).append(peer.to_string());
    } else if (tells(local)) {
        out.append(words.about_peer ? " on " : words.joint).append(local.to_string());
    } else if (tells(peer)) {
        out.append(" with ").append(peer.to_string());
    }
    if (!remark.empty()) {
        out.append(" (").append(remark).append(")");
    } else if (bytes_done > 0) {
        out += " (after " + std::to_string(bytes_done) + " bytes)";
    }
    return detail::visible(out, longest_text);
}

bool between(unsigned char c, unsigned low, unsigned high) noexcept { return c >= low && c <= high; }

/// How many bytes the character at the front has, if it is well-formed UTF-8 (RFC 3629 4) and no control; else 0.
std::size_t shown_as_is(std::string_view text) noexcept {
    const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    const auto first = static_cast<unsigned char>(at(0));
    const auto second = static_cast<unsigned char>(at(1));
    if (first < 0x80) return between(first, 0x20, 0x7e) ? 1 : 0;
    // The second byte keeps C1 controls (U+0080-U+009F), overlong forms, surrogates and beyond U+10FFFF out.
    const unsigned low = first == 0xc2 || first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    const unsigned high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    const std::size_t size = between(first, 0xc2, 0xdf)   ? 2
                             : between(first, 0xe0, 0xef) ? 3
                             : between(first, 0xf0, 0xf4) ? 4
                                                          : 0;
    if (size == 0 || !between(second, low, high)) return 0;
    for (std::size_t i = 2; i < size; ++i) {
        if (!between(static_cast<unsigned char>(at(i)), 0x80, 0xbf)) return 0;
    }
    return size;
}

}  // namespace

std::string detail::visible(std::string_view text, std::size_t limit) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    while (!text.empty()) {
        if (out.size() >= limit) return out + "...";
        const std::size_t size = shown_as_is(text);
        if (size == 0) {
            const auto byte = static_cast<unsigned char>(text.front());
            out.append("\\x").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
        } else {
            out.append(text.substr(0, size));
        }
        text.remove_prefix(std::max<std::size_t>(size, 1));
    }
    return out;
}

const std::error_category& category() noexcept {
    static const cardea_category only;
    return only;
}

error::error(std::error_code code, const char* operation, const endpoint& local, const endpoint& peer,
             std::size_t bytes_done)
    : std::system_error(code, text_of(operation, local, peer, bytes_done)),
      operation_(operation),
      bytes_done_(bytes_done),
      ends_(std::make_shared<const ends>(ends{local, peer})) {}

error::error(std::error_code code, const char* operation, const endpoint& local, const endpoint& peer,
             std::size_t bytes_done, std::string_view remark)
    : std::system_error(code, text_of(operation, local, peer, bytes_done, remark)),
      operation_(operation),
      bytes_done_(bytes_done),
      ends_(std::make_shared<const ends>(ends{local, peer})) {}

error::error(std::error_code code, const char* operation, std::string_view text)
    : std::system_error(code, detail::visible(text, longest_text)), operation_(operation) {
    static const ends none;
    ends_ = std::shared_ptr<const ends>(std::shared_ptr<const ends>(), &none);  // owns nothing, allocates nothing
}

}  // namespace cardea
