// The register tile under conv2d, 1x1 convolution, matmul and weight gradients: MR rows by NV vectors of sums, which
// stay in registers while k runs (tile_kernels.inl). Ladder: this is step v2.
//
//            B: k rows of NV*W contiguous floats           per k: NV loads of B, MR broadcasts of A, MR*NV FMAs.
//   A(r,k)   +-----------------+                           A broadcast is a memory operand of the FMA on AVX-512, so
//   MR rows  |  acc[MR][NV]    |  -> C, row stride c_row   16x1 and 12x2 run at one 512-bit FMA a cycle on Zen 4
//            +-----------------+                           (256-bit units, two passes), two loads a cycle.
//
// Each sum belongs to one lane and runs in order of k with one FMA a step: AVX2 and AVX-512 give the same bits.
#pragma once
#include "kernels/simd.h"

namespace nascent::kernels::NASCENT_ISA {

// What one call multiplies: C (+)= sum over o < outer, i < inner, k of A(o,i; r,k) * B(o,i; k,n).
struct Tile {
  const float* a;
  std::int64_t a_stride;  // elements between rows (along_k), or between steps of k (along_rows)
  std::int64_t outer = 1, inner = 1, k = 1;
  std::int64_t a_outer = 0, a_inner = 0;
  const float* b;
  std::int64_t b_step, b_outer = 0, b_inner = 0;
  float* c;
  std::int64_t c_row;
  std::int64_t columns;    // <= NV*W; beyond them B may not exist and C is not written
  std::int64_t count = 1;  // tiles like this one below it, each by the same B
  bool add = false;        // start from C instead of 0
  // What the caller reads next, fetched to L2, `ahead_step` floats with every step of k, at most a line; along k with
  // 32 registers as many as there are rows, so that by the end it is as much as A, and as much of a second tensor, as a
  // rule of what is written next.
  const float *ahead = nullptr, *also_ahead = nullptr;
  std::int64_t ahead_step = kLineFloats;
  bool ahead_is_a = false;  // along k: `ahead` is the A of the next tile, and fetched to L1; with 32 registers only
  // Along k, of a kernel 3 wide over an image without borders (inner = 3, a_inner = k): the first row of the first tile
  // has no first tap, the last row of the last tile no last one.
  bool left = false, right = false;
  bool fetch_c = false;  // along k: the rows of C below come next; fetch them for writing, or a store waits for DRAM
};

// Which axis of A is contiguous.
enum class Along { k, rows };

using TileKernel = void (*)(const Tile&);

namespace {

// 24 of 32 registers hold sums (16 when one vector is all), beside NV of B and a broadcast: several times the 4 cycles
// of FMA latency. Of 16, 12. The wider the fewer loads an FMA: 14 for 24 at 12x2, 10 at 6x4.
constexpr int kMostVectors = kRegisters == 32 ? 4 : 2;
constexpr int max_rows(int vectors) {
  if (kRegisters == 32) return vectors == 1 ? 16 : 24 / vectors;
  return vectors == 1 ? 12 : 6;
}

// Rows of A by three a base pointer: base, base + stride and base + 2*stride are x86 addresses, while a pointer or an
// index a row would spill. The empty asm hides that the bases are related, or the compiler goes back to one. Where the
// compiler knows the stride, one base and no index: Intel cores take an FMA with an indexed operand as two steps.
template <int MR, Along along, int kStride = 0>
struct TileRows {
  static constexpr int kBases = along == Along::k && kStride == 0 ? (MR + 2) / 3 : 1;
  const float* base[kBases];
  std::int64_t stride;
  NASCENT_INLINE TileRows(const float* a, std::int64_t a_stride) : stride(kStride ? kStride : a_stride) {
#pragma GCC unroll 6
    for (int i = 0; i < kBases; ++i) {
      base[i] = a + 3 * i * stride;
      if constexpr (along == Along::k) asm("" : "+r"(base[i]));
    }
  }
  NASCENT_INLINE const float* row(int r) const {
    if (along == Along::rows) return base[0] + r;
    return kStride ? base[0] + r * kStride : base[r / 3] + r % 3 * stride;
  }
  // One step of k on, or `elements` of A.
  NASCENT_INLINE void next() { skip(along == Along::k ? 1 : stride); }
  NASCENT_INLINE void skip(std::int64_t elements) {
#pragma GCC unroll 6
    for (int i = 0; i < kBases; ++i) base[i] += elements;
  }
};

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
