// What CLI11 does of it.
#include "command_line.hpp"

#include <CLI/CLI.hpp>
#include <stdexcept>

namespace cardea_tool {

option& option::required() {
    known_->required();
    return *this;
}

option& option::shows_default() {
    known_->capture_default_str();
    return *this;
}

option& option::named(const std::string& value) {
    known_->type_name(value);
    return *this;
}

option& option::checked(const std::function<std::string(const std::string&)>& check, const std::string& value) {
    known_->check(check, value);
    return *this;
}

option& option::one_of(std::initializer_list<const char*> values) {
    known_->check(CLI::IsMember(std::vector<std::string>(values.begin(), values.end())));
    return *this;
}

option& option::between(std::size_t least, std::size_t most) {
    known_->check(CLI::Range(least, most));
    return *this;
}

option& option::existing_directory() {
    known_->check(CLI::ExistingDirectory);
    return *this;
}

arguments arguments::command(const std::string& name, const std::string& summary) {
    return arguments(*known_->add_subcommand(name, summary));
}

void arguments::describe(const std::string& text) { known_->description(text); }

void arguments::end_with(const std::string& text) { known_->footer(text); }

option arguments::add(const std::string& name, std::string& value, const std::string& summary) {
    return option(*known_->add_option(name, value, summary));
}

option arguments::add(const std::string& name, std::vector<std::string>& values, const std::string& summary) {
    return option(*known_->add_option(name, values, summary));
}

option arguments::add(const std::string& name, unsigned& value, const std::string& summary) {
    return option(*known_->add_option(name, value, summary));
}

option arguments::add(const std::string& name, std::size_t& value, const std::string& summary) {
    return option(*known_->add_option(name, value, summary));
}

void arguments::add_flag(const std::string& name, bool& value, const std::string& summary) {
    known_->add_flag(name, value, summary);
}

bool arguments::given() const { return known_->parsed(); }

command_line::command_line(const std::string& program, const std::string& version)
    : known_(std::make_unique<CLI::App>("", program)) {
    known_->set_version_flag("--version", version, "Print the version and exit");
    known_->set_help_flag("-h,--help", "Print this help and exit; also after a command");
    known_->require_subcommand(0, 1);  // that there is one at all is seen by who runs it, and knows their names
}

command_line::~command_line() = default;

arguments command_line::before_commands() const { return arguments(*known_); }

std::string command_line::help() const { return known_->help(); }

std::optional<int> command_line::read(int argc, const char* const* argv) {
    try {
        known_->parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        if (e.get_exit_code() == 0) return known_->exit(e);  // help and version
        throw std::invalid_argument(std::string(e.what()) + " (see cardea --help)");
    }
    return std::nullopt;
}

}  // namespace cardea_tool
