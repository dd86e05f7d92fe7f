#pragma once
// Specification of reduce.h. Every output is a sum of blocks of kReduceBlock terms: the order depends on the shape
// alone, and rounding errors grow with the number of blocks instead of the number of terms.
#include <algorithm>

#include "kernels/parallel.h"
#include "kernels/reduce.h"
#include "kernels/reduce_plan.h"

namespace nascent::kernels::reference {

// scratch holds outer * reduce_blocks(reduce) * inner elements.
template <class T>
void sum(const ReduceShape& s, const T* x, T* y, T* scratch) {
  const std::int64_t blocks = reduce_blocks(s.reduce);
  parallel_chunks(s.outer * blocks, [&](std::int64_t chunk) {
    const std::int64_t o = chunk / blocks, begin = chunk % blocks * kReduceBlock;
    T* part = scratch + chunk * s.inner;
    std::fill_n(part, s.inner, T(0));
    for (std::int64_t r = begin; r < std::min(begin + kReduceBlock, s.reduce); ++r)
      for (std::int64_t i = 0; i < s.inner; ++i) part[i] += x[(o * s.reduce + r) * s.inner + i];
  });
  for (std::int64_t o = 0; o < s.outer; ++o) {
    std::fill_n(y + o * s.inner, s.inner, T(0));
    for (std::int64_t b = 0; b < blocks; ++b)
      for (std::int64_t i = 0; i < s.inner; ++i) y[o * s.inner + i] += scratch[(o * blocks + b) * s.inner + i];
  }
}

template <class T>
void dot(std::int64_t n, const T* a, const T* b, T* y, T* scratch) {
  parallel_ranges(n, kReduceBlock, [&](std::int64_t begin, std::int64_t end) {
    T total = 0;
    for (std::int64_t i = begin; i < end; ++i) total += a[i] * b[i];
    scratch[begin / kReduceBlock] = total;
  });
  T total = 0;
  for (std::int64_t block = 0; block < reduce_blocks(n); ++block) total += scratch[block];
  *y = total;
}

}  // namespace nascent::kernels::reference
