#pragma once
// Division in loops over images and rows. Before Ice Lake, Intel's cores take 40 to 90 cycles for one of 64 bits and 26
// for one of 32: a dozen an image cost a third of average pooling's gradient. Static, because the instruction-set units
// include it as well.
#include <cstdint>

namespace nascent::kernels {

static inline constexpr std::int64_t quotient(std::int64_t n, std::int64_t divisor) {
  if (((n | divisor) >> 32) == 0) return static_cast<std::uint32_t>(n) / static_cast<std::uint32_t>(divisor);
  return n / divisor;
}

}  // namespace nascent::kernels
