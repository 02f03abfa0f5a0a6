// See race.hpp.
#include "names/race.hpp"

#include <utility>

namespace cardea::detail {

std::vector<endpoint> interleaved(std::vector<endpoint> in) {
    if (in.empty()) return in;
    const family first = in.front().family();
    std::vector<endpoint> others;
    std::vector<endpoint> out;
    const auto kept =
        std::stable_partition(in.begin(), in.end(), [&](const endpoint& e) { return e.family() == first; });
    others.assign(kept, in.end());
    in.erase(kept, in.end());
    for (std::size_t i = 0; i < std::max(in.size(), others.size()); ++i) {
        if (i < in.size()) out.push_back(in[i]);
        if (i < others.size()) out.push_back(others[i]);
    }
    return out;
}

}  // namespace cardea::detail
