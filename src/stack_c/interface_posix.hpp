// The public header of the C interface, with its functions visible: everything else in the library is hidden.
#pragma once

#include <cerrno>
#include <cstdint>
#include <new>

#pragma GCC visibility push(default)
#include <cardea_stack.h>
#pragma GCC visibility pop
