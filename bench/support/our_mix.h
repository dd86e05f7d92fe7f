#pragma once
#include "bench/support/kernel_case.h"

namespace nascent::bench {

std::function<void()> prepare_mix(const Mix& mix, Face face);

}  // namespace nascent::bench
