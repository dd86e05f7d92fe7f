#pragma once
// c[m,n] = op(a)[m,k] * op(b)[k,n], all row-major and dense; op transposes when asked (a is then stored [k,m], b
// [n,k]). The sum over k runs in order and is never split across threads.
#include <cstdint>

namespace nascent::kernels {

struct MatmulShape {
  std::int64_t m = 1, n = 1, k = 1;
  bool transpose_a = false, transpose_b = false;
  [[gnu::always_inline]] std::int64_t macs() const { return m * n * k; }
};

template <class T>
std::int64_t matmul_scratch(const MatmulShape& s);

void matmul(const MatmulShape& s, const float* a, const float* b, float* c, float* scratch);
void matmul(const MatmulShape& s, const double* a, const double* b, double* c, double* scratch);

}  // namespace nascent::kernels
