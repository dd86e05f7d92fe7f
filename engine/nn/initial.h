#pragma once
// PyTorch's default initialisation, and the check that comes before it.
#include <cmath>
#include <initializer_list>
#include <string>

#include "engine/nn/parameter_store.h"

namespace nascent {

// U(-1/sqrt(fan_in), 1/sqrt(fan_in)): kaiming_uniform with a = sqrt(5), the default of convolutions and linear layers.
inline Initial by_fan_in(std::int64_t fan_in) { return {.bound = 1 / std::sqrt(static_cast<double>(fan_in))}; }

// Channels, kernels and groups a layer is made of.
inline void expect_sizes(const char* who, std::initializer_list<std::int64_t> sizes, const Where& where) {
  for (std::int64_t size : sizes)
    if (size < 1) throw ContractError(who, "expected sizes of at least 1, got " + std::to_string(size), where);
}

}  // namespace nascent
