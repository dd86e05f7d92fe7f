#include "bench/support/machine_loops.h"

#include <immintrin.h>

#include <string_view>

namespace nascent::bench {
namespace {

using Vector16 [[gnu::vector_size(64), gnu::may_alias]] = float;
using Vector8 [[gnu::vector_size(32), gnu::may_alias]] = float;
using Vector4 [[gnu::vector_size(16), gnu::may_alias]] = float;

// Twelve chains: a multiply-add takes four cycles and at most two start in one, so eight would just do; sixteen
// registers hold twelve and the factors.
constexpr int chains = 12;

template <class Vector>
[[gnu::always_inline]] inline float total(const Vector& v) {
  float sum = 0;
  for (unsigned i = 0; i < sizeof(Vector) / sizeof(float); ++i) sum += v[i];
  return sum;
}

template <class Vector>
[[gnu::always_inline]] inline float read_with(const float* x, std::int64_t count) {
  constexpr int width = sizeof(Vector) / sizeof(float), streams = 8;
  Vector sum[streams] = {};
  for (std::int64_t i = 0; i < count; i += streams * width)
    for (int k = 0; k < streams; ++k) sum[k] += *reinterpret_cast<const Vector*>(x + i + k * width);
  for (int k = 1; k < streams; ++k) sum[0] += sum[k];
  return total(sum[0]);
}

// Adds one, lest the compiler call memcpy: that writes past the caches, which no kernel does.
template <class Vector>
[[gnu::always_inline]] inline void copy_with(const float* x, float* y, std::int64_t count) {
  constexpr int width = sizeof(Vector) / sizeof(float), streams = 4;
  for (std::int64_t i = 0; i < count; i += streams * width)
    for (int k = 0; k < streams; ++k)
      *reinterpret_cast<Vector*>(y + i + k * width) = *reinterpret_cast<const Vector*>(x + i + k * width) + 1.0f;
}

// No number whose bytes are alike, or the compiler would call memset.
template <class Vector>
[[gnu::always_inline]] inline void write_with(float* y, std::int64_t count) {
  constexpr int width = sizeof(Vector) / sizeof(float);
  for (std::int64_t i = 0; i < count; i += width) *reinterpret_cast<Vector*>(y + i) = Vector{} + 1.5f;
}

[[gnu::target("avx512f")]] float multiply_add_avx512(std::int64_t rounds) {
  __m512 sum[chains];
  for (int k = 0; k < chains; ++k) sum[k] = _mm512_set1_ps(static_cast<float>(k));
  const __m512 a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(0.001f);
  for (std::int64_t i = 0; i < rounds; ++i)
    for (int k = 0; k < chains; ++k) sum[k] = _mm512_fmadd_ps(sum[k], a, b);
  for (int k = 1; k < chains; ++k) sum[0] = _mm512_add_ps(sum[0], sum[k]);
  return total<Vector16>(sum[0]);
}
[[gnu::target("avx2,fma")]] float multiply_add_avx2(std::int64_t rounds) {
  __m256 sum[chains];
  for (int k = 0; k < chains; ++k) sum[k] = _mm256_set1_ps(static_cast<float>(k));
  const __m256 a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(0.001f);
  for (std::int64_t i = 0; i < rounds; ++i)
    for (int k = 0; k < chains; ++k) sum[k] = _mm256_fmadd_ps(sum[k], a, b);
  for (int k = 1; k < chains; ++k) sum[0] = _mm256_add_ps(sum[0], sum[k]);
  return total<Vector8>(sum[0]);
}
float multiply_add_baseline(std::int64_t rounds) {
  Vector4 sum[chains];
  for (int k = 0; k < chains; ++k) sum[k] = Vector4{} + static_cast<float>(k);
  for (std::int64_t i = 0; i < rounds; ++i)
    for (int k = 0; k < chains; ++k) sum[k] = sum[k] * 0.999f + 0.001f;
  for (int k = 1; k < chains; ++k) sum[0] += sum[k];
  return total(sum[0]);
}

[[gnu::target("avx512f")]] float read_avx512(const float* x, std::int64_t n) { return read_with<Vector16>(x, n); }
[[gnu::target("avx2")]] float read_avx2(const float* x, std::int64_t n) { return read_with<Vector8>(x, n); }
float read_baseline(const float* x, std::int64_t n) { return read_with<Vector4>(x, n); }

[[gnu::target("avx512f")]] void copy_avx512(const float* x, float* y, std::int64_t n) { copy_with<Vector16>(x, y, n); }
[[gnu::target("avx2")]] void copy_avx2(const float* x, float* y, std::int64_t n) { copy_with<Vector8>(x, y, n); }
void copy_baseline(const float* x, float* y, std::int64_t n) { copy_with<Vector4>(x, y, n); }

[[gnu::target("avx512f")]] void write_avx512(float* y, std::int64_t n) { write_with<Vector16>(y, n); }
[[gnu::target("avx2")]] void write_avx2(float* y, std::int64_t n) { write_with<Vector8>(y, n); }
void write_baseline(float* y, std::int64_t n) { write_with<Vector4>(y, n); }

}  // namespace

MachineLoops machine_loops(const char* isa) {
  const auto flop = [](int width) { return 2.0 * width * chains; };
  if (std::string_view(isa) == "avx512") return {multiply_add_avx512, flop(16), read_avx512, copy_avx512, write_avx512};
  if (std::string_view(isa) == "avx2") return {multiply_add_avx2, flop(8), read_avx2, copy_avx2, write_avx2};
  return {multiply_add_baseline, flop(4), read_baseline, copy_baseline, write_baseline};
}

}  // namespace nascent::bench
