#pragma once
#include "bench/support/kernel_case.h"

namespace nascent::bench {

std::function<void()> prepare_block(const Block& block, Face face);

}  // namespace nascent::bench
