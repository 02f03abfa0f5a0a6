// The two loads. Each runs to its end, prints the window's line, and ends the process with an error if an answer is
// wrong or never comes.
#pragma once

#include "options.hpp"

namespace load {

void run_echo(const options& wanted);
void run_churn(const options& wanted);

}  // namespace load
