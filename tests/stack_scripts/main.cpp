// stack_script [--trace] FILE...: runs packet scripts; says what failed, and fails if one did.
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>

#include "runner.hpp"

int main(int count, char** arguments) {
    bool trace = false;
    int failed = 0;
    int ran = 0;
    for (int i = 1; i < count; ++i) {
        std::string const path = arguments[i];
        if (path == "--trace") {
            trace = true;
            continue;
        }
        std::ifstream file{path};
        std::string const text{std::istreambuf_iterator<char>{file}, {}};
        auto const problem = file ? script::run(path, text, trace) : path + ": cannot be read";
        if (!problem.empty()) std::cerr << problem << '\n';
        failed += problem.empty() ? 0 : 1;
        ++ran;
    }
    if (ran == 0) std::cerr << "usage: stack_script [--trace] FILE...\n";
    return failed == 0 && ran != 0 ? 0 : 1;
}
