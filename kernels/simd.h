#pragma once
// Vectors of W floats over GCC's vector extensions: what the kernels need and no more. Included by the
// instruction-set units only, each inside its own namespace NASCENT_ISA, so that the linker cannot mix their copies.
// A vector no wider than a register is one instruction; a*b + c becomes an FMA where the unit has one
// (-ffp-contract=fast there and nowhere else).
#include <immintrin.h>

#include <cstdint>
#include <utility>

#ifndef NASCENT_ISA
#error "simd.h belongs to the instruction-set units"
#endif

namespace nascent::kernels::NASCENT_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int kWidth = 16;      // floats a register
constexpr int kRegisters = 32;  // vector registers
#elif defined(__AVX2__)
constexpr int kWidth = 8;
constexpr int kRegisters = 16;
#else
constexpr int kWidth = 4;
constexpr int kRegisters = 16;
#endif

template <int W>
struct VectorOf {
  typedef float type __attribute__((vector_size(W * 4)));
  typedef float unaligned __attribute__((vector_size(W * 4), aligned(4), may_alias));
  typedef std::int32_t ints __attribute__((vector_size(W * 4)));
  typedef std::uint16_t shorts __attribute__((vector_size(W * 2)));
  typedef std::uint8_t bytes __attribute__((vector_size(W)));
};
template <int W>
using Vector = typename VectorOf<W>::type;
template <int W>
using Ints = typename VectorOf<W>::ints;

#define NASCENT_INLINE [[gnu::always_inline]] inline

template <int W>
NASCENT_INLINE Vector<W> load(const float* p) {
  return *reinterpret_cast<const typename VectorOf<W>::unaligned*>(p);
}
template <int W>
NASCENT_INLINE void store(float* p, Vector<W> v) {
  *reinterpret_cast<typename VectorOf<W>::unaligned*>(p) = v;
}
template <int W>
NASCENT_INLINE Vector<W> broadcast(float value) {
  return value - Vector<W>{};  // value - 0 is value, also for -0 and NaN; the compiler sees a plain broadcast
}

// Hides from the compiler what a number or pointer was computed from: it would compute ahead, and spill, an address for
// each row or pixel.
template <class T>
NASCENT_INLINE T opaque(T value) {
  asm("" : "+r"(value));
  return value;
}

// A register of its own, or GCC loads it again for each FMA.
template <int W>
NASCENT_INLINE Vector<W> load_once(const float* p) {
  Vector<W> value = load<W>(p);
  asm("" : "+v"(value));
  return value;
}

// C floats, repeated to fill a vector.
template <int W, int C>
NASCENT_INLINE Vector<W> load_repeated(const float* p) {
  static_assert(W == C || (W == 16 && C == 8));
  const Vector<C> v = load<C>(p);
  if constexpr (W == C)
    return v;
  else
    return __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7);
}

template <int I>
struct Constant {
  static constexpr int value = I;
};
// body(Constant<0>) to body(Constant<N - 1>). A loop, even one to be unrolled, is unrolled too late: GCC by then keeps
// an array's sums in memory, or a mask register beside each sum that says whether a branch has changed it.
template <int N, class Body>
NASCENT_INLINE constexpr void unrolled(const Body& body) {
  [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) { (body(Constant<i>{}), ...); }
  (std::make_integer_sequence<int, N>{});
}

// a*b + c, one rounding where the unit has FMA. Spelled out where an operand comes through a branch (a masked load):
// there the compiler may or may not join the two, and the widths' bits would differ.
template <int W>
NASCENT_INLINE Vector<W> multiply_add(Vector<W> a, Vector<W> b, Vector<W> c) {
#if defined(__FMA__)
#if defined(__AVX512F__)
  if constexpr (W == 16) return _mm512_fmadd_ps(a, b, c);
#endif
  if constexpr (W == 8) return _mm256_fmadd_ps(a, b, c);
  if constexpr (W == 4) return _mm_fmadd_ps(a, b, c);
#else
  return a * b + c;
#endif
}

// The first n < W lanes; the others load as 0 and are not stored. No memory beyond them is touched.
template <int W>
NASCENT_INLINE Vector<W> load_n(const float* p, std::int64_t n) {
#if defined(__AVX512VL__)
  const auto mask = static_cast<unsigned>((1u << n) - 1);
  if constexpr (W == 16) return _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask), p);
  if constexpr (W == 8) return _mm256_maskz_loadu_ps(static_cast<__mmask8>(mask), p);
  if constexpr (W == 4) return _mm_maskz_loadu_ps(static_cast<__mmask8>(mask), p);
#else
#if defined(__AVX2__)
  const auto lanes = static_cast<int>(n);
  if constexpr (W == 8) {
    const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(lanes), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    return _mm256_maskload_ps(p, mask);
  }
  if constexpr (W == 4) return _mm_maskload_ps(p, _mm_cmpgt_epi32(_mm_set1_epi32(lanes), _mm_setr_epi32(0, 1, 2, 3)));
#endif
  Vector<W> v{};
  for (int i = 0; i < W; ++i)
    if (i < n) v[i] = p[i];
  return v;
#endif
}
template <int W>
NASCENT_INLINE void store_n(float* p, Vector<W> v, std::int64_t n) {
#if defined(__AVX512VL__)
  const auto mask = static_cast<unsigned>((1u << n) - 1);
  if constexpr (W == 16) _mm512_mask_storeu_ps(p, static_cast<__mmask16>(mask), v);
  if constexpr (W == 8) _mm256_mask_storeu_ps(p, static_cast<__mmask8>(mask), v);
  if constexpr (W == 4) _mm_mask_storeu_ps(p, static_cast<__mmask8>(mask), v);
#else
  if constexpr (W == 8) {  // by halves: a masked store is microcode on Zen 2 and 3, some 40 operations
    if (n & 4) {
      store<4>(p, __builtin_shufflevector(v, v, 0, 1, 2, 3));
      return store_n<4>(p + 4, __builtin_shufflevector(v, v, 4, 5, 6, 7), n - 4);
    }
    return store_n<4>(p, __builtin_shufflevector(v, v, 0, 1, 2, 3), n);
  } else {
    for (int i = 0; i < W; ++i)
      if (i < n) p[i] = v[i];
  }
#endif
}

// A whole aligned vector that nobody reads soon; its line is not fetched. Other threads see it after _mm_sfence.
NASCENT_INLINE void store_past_caches(float* p, Vector<kWidth> v) {
#if defined(__AVX512F__)
  _mm512_stream_ps(p, v);
#elif defined(__AVX2__)
  _mm256_stream_ps(p, v);
#else
  _mm_stream_ps(p, v);
#endif
}

constexpr std::int64_t kLineFloats = 16;  // of a line of the caches
// Asks for the line at p, which need not be anybody's.
NASCENT_INLINE void fetch_to_l1(const float* p) { __builtin_prefetch(p, 0, 3); }
NASCENT_INLINE void fetch_to_l2(const void* p) { __builtin_prefetch(p, 0, 2); }

// Runs body(i, n) over [0, count) by whole vectors with n = W, then once with the n < W that are left.
template <int W, class Body>
NASCENT_INLINE void each_vector(std::int64_t count, const Body& body) {
  std::int64_t i = 0;
  for (; i + W <= count; i += W) body(i, std::int64_t{W});
  if (i < count) body(i, count - i);
}
template <int W>
NASCENT_INLINE Vector<W> load_up_to(const float* p, std::int64_t n) {
  return n == W ? load<W>(p) : load_n<W>(p, n);
}
template <int W>
NASCENT_INLINE void store_up_to(float* p, Vector<W> v, std::int64_t n) {
  if (n == W)
    store<W>(p, v);
  else
    store_n<W>(p, v, n);
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
