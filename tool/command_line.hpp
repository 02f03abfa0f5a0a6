// The command line: what may stand on it, and reading it. A thin face of CLI11, whose header takes longer to compile
// than the rest of the tool: only command_line.cpp includes it.
#pragma once

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace cardea_tool {

/// An option or a positional argument, while it is described. Each function returns it again.
class option {
  public:
    explicit option(CLI::Option& known) noexcept : known_(&known) {}

    option& required();
    /// --help shows what it is when it is not given.
    option& shows_default();
    /// What --help calls its value.
    option& named(const std::string& value);
    /// `check` returns nothing, or what is wrong; `value` is what --help calls a right one.
    option& checked(const std::function<std::string(const std::string&)>& check, const std::string& value);
    option& one_of(std::initializer_list<const char*> values);
    option& between(std::size_t least, std::size_t most);
    option& existing_directory();

  private:
    CLI::Option* known_;
};

/// What may stand behind the name of a command, or before all of them. A handle: the command_line owns what it says.
/// What is read into must outlive that.
class arguments {
  public:
    explicit arguments(CLI::App& known) noexcept : known_(&known) {}

    arguments command(const std::string& name, const std::string& summary);
    void describe(const std::string& text);
    /// The last lines of --help.
    void end_with(const std::string& text);

    option add(const std::string& name, std::string& value, const std::string& summary);
    option add(const std::string& name, std::vector<std::string>& values, const std::string& summary);
    option add(const std::string& name, unsigned& value, const std::string& summary);
    option add(const std::string& name, std::size_t& value, const std::string& summary);
    void add_flag(const std::string& name, bool& value, const std::string& summary);

    /// Whether the command was on the command line that was read.
    [[nodiscard]] bool given() const;

  private:
    CLI::App* known_;
};

class command_line {
  public:
    /// `version` is what --version prints.
    command_line(const std::string& program, const std::string& version);
    ~command_line();
    command_line(const command_line&) = delete;
    command_line& operator=(const command_line&) = delete;

    [[nodiscard]] arguments before_commands() const;
    [[nodiscard]] std::string help() const;
    /// Reads it. When it asked for help or for the version, prints that and returns the exit code. Throws
    /// std::invalid_argument, which says what makes no sense.
    std::optional<int> read(int argc, const char* const* argv);

  private:
    std::unique_ptr<CLI::App> known_;
};

}  // namespace cardea_tool
