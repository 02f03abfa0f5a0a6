// The runner can fail, and says what it should: each script of failing/ fails with the message at its top, and no
// expectation of any script can be left out unnoticed.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "runner.hpp"

namespace script {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files(char const* folder) {
    std::vector<fs::path> all;
    for (auto const& entry : fs::directory_iterator{folder})
        if (entry.path().extension() == ".pkt") all.push_back(entry.path());
    std::sort(all.begin(), all.end());
    return all;
}

std::vector<std::string> lines_of(fs::path const& file) {
    std::ifstream in{file};
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

std::string join(std::vector<std::string> const& lines) {
    std::string text;
    for (auto const& l : lines) text += l + '\n';
    return text;
}

/// What the lines that begin with "#!" say.
std::string announced(std::vector<std::string> const& lines) {
    std::string text;
    for (auto const& l : lines)
        if (l.rfind("#! ", 0) == 0) text += (text.empty() ? "" : "\n") + l.substr(3);
    return text;
}

class stack_script_failing : public testing::TestWithParam<fs::path> {};

TEST_P(stack_script_failing, with_the_message_at_its_top) {
    auto const lines = lines_of(GetParam());
    auto const wanted = announced(lines);
    ASSERT_FALSE(wanted.empty()) << "the file does not say how it fails";
    EXPECT_EQ(run_text(GetParam().filename().string(), join(lines)), wanted);
}

std::string name_of(testing::TestParamInfo<fs::path> const& info) { return info.param.stem().string(); }

INSTANTIATE_TEST_SUITE_P(scripts, stack_script_failing, testing::ValuesIn(files(FAILING_SCRIPTS)), name_of);

/// A line without its event, so that only its time is left; empty when it expects no packet.
std::string without_packet(std::string const& line) {
    std::istringstream in{line};
    std::string time, word;
    in >> word;
    if (!word.empty() && (word[0] == '+' || word[0] == '@')) time = word, in >> word;
    return word.substr(0, word.find(':')) == "out" ? time + " nothing" : "";
}

class stack_script_strict : public testing::TestWithParam<fs::path> {};

TEST_P(stack_script_strict, no_expected_packet_can_be_left_out) {
    auto const lines = lines_of(GetParam());
    for (std::size_t i = 0; i < lines.size(); ++i) {
        auto const rest = without_packet(lines[i]);
        if (rest.empty()) continue;
        auto without = lines;
        without[i] = rest;
        EXPECT_NE(run_text(GetParam().string(), join(without)), "") << "without: " << lines[i];
    }
}

INSTANTIATE_TEST_SUITE_P(scripts, stack_script_strict, testing::ValuesIn(files(SCRIPTS)), name_of);

}  // namespace
}  // namespace script
