#pragma once
// Specification of mixed_edge.h.
#include "kernels/mixed_edge.h"
#include "kernels/parallel.h"
#include "kernels/reference/reduce.h"

namespace nascent::kernels::reference {

template <class T>
void weighted_sum(std::int64_t n, int count, const T* weights, const T* const* branches, T* y) {
  parallel_ranges(n, 16 * kReduceBlock, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      T total = 0;
      for (int k = 0; k < count; ++k) total += weights[k] * branches[k][i];
      y[i] = total;
    }
  });
}

// scratch holds reduce_blocks(n) * count elements.
template <class T>
void branch_dots(std::int64_t n, int count, const T* dy, const T* const* branches, T* dots, T* scratch) {
  parallel_ranges(n, kReduceBlock, [&](std::int64_t begin, std::int64_t end) {
    T* part = scratch + begin / kReduceBlock * count;
    for (int k = 0; k < count; ++k) {
      T total = 0;
      for (std::int64_t i = begin; i < end; ++i) total += dy[i] * branches[k][i];
      part[k] = total;
    }
  });
  for (int k = 0; k < count; ++k) {
    dots[k] = 0;
    for (std::int64_t block = 0; block < reduce_blocks(n); ++block) dots[k] += scratch[block * count + k];
  }
}

}  // namespace nascent::kernels::reference
