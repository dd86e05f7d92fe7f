#pragma once
// Specification of matmul.h.
#include <algorithm>

#include "kernels/matmul.h"
#include "kernels/parallel.h"
#include "kernels/reference/accumulate.h"

namespace nascent::kernels::reference {

template <class T>
void matmul(const MatmulShape& s, const T* a, const T* b, T* c, T*) {
  const std::int64_t a_row = s.transpose_a ? 1 : s.k, a_step = s.transpose_a ? s.m : 1;
  parallel_ranges(s.m, 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      T* row = c + i * s.n;
      std::fill_n(row, s.n, T(0));
      if (!s.transpose_b) {
        accumulate(s.k, s.n, a + i * a_row, a_step, b, s.n, row);
        continue;
      }
      for (std::int64_t j = 0; j < s.n; ++j)
        for (std::int64_t l = 0; l < s.k; ++l) row[j] += a[i * a_row + l * a_step] * b[j * s.k + l];
    }
  });
}

}  // namespace nascent::kernels::reference
