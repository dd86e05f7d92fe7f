#pragma once
// How sums over axes are cut, shared by the kernels and by the functions that size their scratch. Static, because the
// instruction-set units include it as well.
#include <cstdint>

#include "kernels/reduce.h"

namespace nascent::kernels {

// Terms a block: a sum is blocks of sums, so rounding errors grow with the number of blocks, not of terms. 16 floats
// times 1024 are 64 KB, some microseconds.
static constexpr std::int64_t kReduceBlock = 1024;

static inline std::int64_t reduce_blocks(std::int64_t count) { return (count + kReduceBlock - 1) / kReduceBlock; }

}  // namespace nascent::kernels
