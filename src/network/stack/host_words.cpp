// See host_words.hpp.
#include "network/stack/host_words.hpp"

#include <initializer_list>
#include <stdexcept>
#include <string>
#include <utility>

namespace cardea::detail {

namespace {

template <class T>
void choose(std::string_view word, std::string_view value, T& out,
            std::initializer_list<std::pair<std::string_view, T>> values) {
    std::string known;
    for (const auto& [name, means] : values) {
        if (name == value) {
            out = means;
            return;
        }
        known += known.empty() ? "" : ", ";
        known += name;
    }
    throw std::invalid_argument("'" + std::string(word) + "' in a network's name: there are the values " + known);
}

}  // namespace

bool take_host_word(std::string_view word, ::cardea::stack::host_config& config) {
    namespace tcp = ::cardea::stack::tcp;
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) return false;
    const std::string_view key = word.substr(0, equals);
    const std::string_view value = word.substr(equals + 1);
    if (key == "loopback") {
        choose(word, value, config.own_over_link, {{"inside", false}, {"link", true}});
    } else if (key == "congestion") {
        choose(word, value, config.tcp.congestion,
               {{"cubic", tcp::congestion_algorithm::cubic}, {"newreno", tcp::congestion_algorithm::newreno}});
    } else if (key == "rack") {
        choose(word, value, config.tcp.rack, {{"off", false}, {"on", true}});
    } else if (key == "ecn") {
        choose(word, value, config.tcp.ecn,
               {{"off", tcp::ecn_mode::off}, {"passive", tcp::ecn_mode::passive}, {"active", tcp::ecn_mode::active}});
    } else {
        return false;
    }
    return true;
}

}  // namespace cardea::detail
