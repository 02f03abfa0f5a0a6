// See race.hpp.
#include "names/race.hpp"

namespace cardea::detail {

std::vector<endpoint> interleaved(const std::vector<endpoint>& in) {
    return in.empty() ? in : interleaved(in, in.front().family());
}

std::vector<endpoint> interleaved(const std::vector<endpoint>& in, family first) {
    std::vector<endpoint> firsts;
    std::vector<endpoint> others;
    for (const endpoint& e : in) (e.family() == first ? firsts : others).push_back(e);
    std::vector<endpoint> out;
    for (std::size_t i = 0; i < std::max(firsts.size(), others.size()); ++i) {
        if (i < firsts.size()) out.push_back(firsts[i]);
        if (i < others.size()) out.push_back(others[i]);
    }
    return out;
}

}  // namespace cardea::detail
