#pragma once
// Comparisons of kWidth lanes, and a byte a lane under the same mask. On AVX-512 a mask is a bit a lane, and selects
// among floats and among bytes alike; elsewhere masks and bytes are whole lanes, packed at load and store.
// Included by the instruction-set units only, like simd.h.
#include "kernels/simd.h"

namespace nascent::kernels::NASCENT_ISA {
namespace {

#if defined(__AVX512BW__)

using Mask = __mmask16;
using Bytes = __m128i;

NASCENT_INLINE Mask greater(Vector<16> a, Vector<16> b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
NASCENT_INLINE Mask unordered(Vector<16> a, Vector<16> b) { return _mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q); }
NASCENT_INLINE bool any(Mask m) { return m != 0; }
NASCENT_INLINE Vector<16> select(Mask m, Vector<16> yes, Vector<16> no) { return _mm512_mask_blend_ps(m, no, yes); }
NASCENT_INLINE Vector<16> add_where(Mask m, Vector<16> sum, Vector<16> x) { return _mm512_mask_add_ps(sum, m, sum, x); }
// a where it is greater than b, else b: also of zeros that differ in sign, and with NaN. (GCC 12 warns of the plain
// intrinsic, bug 105593; a mask of ones is dropped.)
NASCENT_INLINE Vector<16> max_of(Vector<16> a, Vector<16> b) { return _mm512_mask_max_ps(b, 0xffff, a, b); }

NASCENT_INLINE Bytes bytes(int value) { return _mm_set1_epi8(static_cast<char>(value)); }
NASCENT_INLINE Bytes add_bytes(Bytes a, Bytes b) { return _mm_add_epi8(a, b); }
NASCENT_INLINE Mask equal(Bytes a, Bytes b) { return _mm_cmpeq_epi8_mask(a, b); }
NASCENT_INLINE Bytes select(Mask m, Bytes yes, Bytes no) { return _mm_mask_blend_epi8(m, no, yes); }
NASCENT_INLINE Bytes load_bytes(const std::uint8_t* p, std::int64_t n) {
  if (n == 16) return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return _mm_maskz_loadu_epi8(static_cast<__mmask16>((1u << n) - 1), p);
}
NASCENT_INLINE void store_bytes(std::uint8_t* p, Bytes v, std::int64_t n) {
  if (n == 16)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), v);
  else
    _mm_mask_storeu_epi8(p, static_cast<__mmask16>((1u << n) - 1), v);
}

#else

using Mask = Ints<kWidth>;
using Bytes = Ints<kWidth>;

NASCENT_INLINE Mask greater(Vector<kWidth> a, Vector<kWidth> b) { return a > b; }
NASCENT_INLINE Mask unordered(Vector<kWidth> a, Vector<kWidth> b) { return (a != a) | (b != b); }
NASCENT_INLINE bool any(Mask m) {
  int found = 0;
  for (int i = 0; i < kWidth; ++i) found |= m[i];
  return found != 0;
}
NASCENT_INLINE Vector<kWidth> select(Mask m, Vector<kWidth> yes, Vector<kWidth> no) { return m ? yes : no; }
NASCENT_INLINE Vector<kWidth> add_where(Mask m, Vector<kWidth> sum, Vector<kWidth> x) { return m ? sum + x : sum; }
NASCENT_INLINE Vector<kWidth> max_of(Vector<kWidth> a, Vector<kWidth> b) { return a > b ? a : b; }

NASCENT_INLINE Bytes bytes(int value) { return Bytes{} + value; }
NASCENT_INLINE Bytes add_bytes(Bytes a, Bytes b) { return a + b; }
NASCENT_INLINE Mask equal(Bytes a, Bytes b) { return a == b; }
NASCENT_INLINE Bytes select(Mask m, Bytes yes, Bytes no) { return m ? yes : no; }
// By way of 16 bits: GCC 12 has an instruction for each doubling, and takes a quadrupling apart lane by lane.
NASCENT_INLINE Bytes load_bytes(const std::uint8_t* p, std::int64_t n) {
  typename VectorOf<kWidth>::bytes packed{};
  if (n == kWidth) {
    __builtin_memcpy(&packed, p, kWidth);
  } else {
    for (int i = 0; i < kWidth; ++i)
      if (i < n) packed[i] = p[i];
  }
  return __builtin_convertvector(__builtin_convertvector(packed, typename VectorOf<kWidth>::shorts), Bytes);
}
NASCENT_INLINE void store_bytes(std::uint8_t* p, Bytes v, std::int64_t n) {
  using Shorts = typename VectorOf<kWidth>::shorts;
  const auto packed = __builtin_convertvector(__builtin_convertvector(v, Shorts), typename VectorOf<kWidth>::bytes);
  if (n == kWidth) {
    __builtin_memcpy(p, &packed, kWidth);
    return;
  }
  for (int i = 0; i < kWidth; ++i)
    if (i < n) p[i] = packed[i];
}

#endif

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
