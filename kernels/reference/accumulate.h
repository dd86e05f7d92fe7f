#pragma once
// The inner loop of the references: a row of sums that stays in registers while k runs.
#include <cstdint>

namespace nascent::kernels::reference {

// 16 doubles are 8 SSE registers: half the register file, and enough independent sums to hide an add's latency.
inline constexpr std::int64_t kLanes = 16;

// GCC 12 would vectorise across k, two steps at a time, and shuffle; the unrolled rows alone become vectors.
// out[0..n) += sum over i of a[i * a_step] * b[i * b_step + 0..n), the sum in order of i.
template <class T>
[[gnu::optimize("no-tree-loop-vectorize")]] void accumulate(std::int64_t k, std::int64_t n, const T* __restrict a,
                                                            std::int64_t a_step, const T* __restrict b,
                                                            std::int64_t b_step, T* __restrict out) {
  std::int64_t o = 0;
  for (; o + kLanes <= n; o += kLanes) {
    T sum[kLanes];
#pragma GCC unroll 16
    for (int l = 0; l < kLanes; ++l) sum[l] = out[o + l];
    for (std::int64_t i = 0; i < k; ++i) {
      const T factor = a[i * a_step];
      const T* row = b + i * b_step + o;
#pragma GCC unroll 16
      for (int l = 0; l < kLanes; ++l) sum[l] += factor * row[l];
    }
#pragma GCC unroll 16
    for (int l = 0; l < kLanes; ++l) out[o + l] = sum[l];
  }
  if (o == n) return;
  for (std::int64_t i = 0; i < k; ++i) {
    const T factor = a[i * a_step];
    for (std::int64_t l = o; l < n; ++l) out[l] += factor * b[i * b_step + l];
  }
}

// into[e] = sum over chunks of parts[chunk * n + e], in chunk order.
template <class T>
void sum_chunks(std::int64_t chunks, std::int64_t n, const T* parts, T* into) {
  for (std::int64_t e = 0; e < n; ++e) into[e] = parts[e];
  for (std::int64_t chunk = 1; chunk < chunks; ++chunk)
    for (std::int64_t e = 0; e < n; ++e) into[e] += parts[chunk * n + e];
}

}  // namespace nascent::kernels::reference
