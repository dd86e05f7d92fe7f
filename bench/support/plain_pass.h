#pragma once
#include <functional>

#include "bench/support/kernel_case.h"

namespace nascent::bench {

// Loops that do nothing but read and write as many bytes as a kernel, on all threads: what memory gives at the time,
// whatever share of a cache is left by others. A level's bandwidth, measured once, supposes that all of it is ours.
std::function<void()> plain_pass(const KernelCase& kernel);

}  // namespace nascent::bench
