// The register tile under conv2d, 1x1 convolution, matmul and weight gradients: MR rows by NV vectors of sums, which
// stay in registers while k runs. Ladder: this is step v2.
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
namespace {

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
  // What the caller reads next, fetched to L2 with every step of k: along rows a line, along k as many floats as there
  // are rows, so that by the end it is as much as A. And along k as much of a second tensor, as a rule of what is
  // written next; with 32 registers only.
  const float *ahead = nullptr, *also_ahead = nullptr;
  std::int64_t ahead_step = kLineFloats;  // along rows: floats from a step's line to the next; with 32 registers only
  bool ahead_is_a = false;  // along k: `ahead` is the A of the next tile, and fetched to L1; with 32 registers only
  // Along k, of a kernel 3 wide over an image without borders (inner = 3, a_inner = k): the first row of the first tile
  // has no first tap, the last row of the last tile no last one.
  bool left = false, right = false;
  bool fetch_c = false;  // along k: the rows of C below come next; fetch them for writing, or a store waits for DRAM
};

// Which axis of A is contiguous.
enum class Along { k, rows };

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

// Alive to here, as far as the compiler knows: of 16 registers none is free, and GCC would let a sum move into that of
// an operand it used last, one step after another, until it spills one.
template <int W>
NASCENT_INLINE void keep(Vector<W> value) {
  if constexpr (kRegisters == 16) asm("" : : "x"(value));
}

// The sums of a tile into C. Whether lanes are masked and C is added to is asked once: asked at every row, which the
// compiler does by itself, the answers cost a fifth of a tile of 16 steps; the rows' addresses, computed ahead and kept
// in vector registers, 6 %.
template <int W, int NV, int MR, bool kWhole, bool kAdd>
NASCENT_INLINE void store_tile(const Vector<W> (&sum)[MR][NV], float* c, const std::int64_t c_row, std::int64_t last) {
#pragma GCC unroll 16
  for (int r = 0; r < MR; ++r, c = opaque(c + c_row))
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) {
      const std::int64_t n = kWhole || v + 1 < NV ? W : last;
      store_up_to<W>(c + v * W, kAdd ? sum[r][v] + load_up_to<W>(c + v * W, n) : sum[r][v], n);
    }
}

// The rows of C two tiles below, to L2: or their stores would wait for them. A tile of 16 steps takes 100 ns, DRAM 160.
template <int W, int NV, int MR>
NASCENT_INLINE void fetch_tile_below(const float* c, std::int64_t c_row) {
  c += 2 * MR * c_row;
#pragma GCC unroll 16
  for (int r = 0; r < MR; ++r, c += c_row)
#pragma GCC unroll 4
    for (int line = 0; line < NV * W; line += kLineFloats) fetch_to_l2(c + line);
}

// One run of k: what 1x1 convolutions, their weight gradients and matmul are made of. By itself, so that what a step
// needs stays in registers; of C nothing is known until it is stored, or the rows' addresses would take them. B is
// packed and padded with zeros, or a whole panel (kWhole); or it ends where the matrix ends. To ask at every step costs
// a tenth. Along k, B is always packed. Beside the 12 FMAs of a step on 16 registers all else counts: eight go
// together, four where steps are a stride apart.
template <int W, int NV, int MR, Along along, bool kWhole, int kStride = 0>
void run_plain_tile(const Tile& tile) {
  const Tile t = tile;  // a store to C could be one to the caller's Tile
  const std::int64_t last = t.columns - (NV - 1) * W;
  const bool whole = last == W;
  const std::int64_t ahead_step = t.ahead_step;
  const float *a = t.a, *ahead = t.ahead, *also = along == Along::k ? t.also_ahead : nullptr;
  float* c = t.c;
  for (std::int64_t left = t.count; left > 0;
       --left, a += MR * (along == Along::k ? t.a_stride : 1), c += MR * t.c_row) {
    Vector<W> sum[MR][NV];
#pragma GCC unroll 16
    for (int r = 0; r < MR; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) sum[r][v] = Vector<W>{};
    if (along == Along::k && t.fetch_c) fetch_tile_below<W, NV, MR>(opaque(c), opaque(t.c_row));
    TileRows<MR, along, kStride> rows(a, t.a_stride);
    const float* b = t.b;
    const std::int64_t b_step = t.b_step;
    // One step of k. Along k it is `at` steps from where the pointers stand; along rows they go on with it, unseen: GCC
    // would take a register for each row of the step after, and of 16 there is none.
    const auto step = [&](auto at) __attribute__((always_inline)) {
      constexpr int kAt = along == Along::k ? at.value : 0;
      const float* const from = b + kAt * NV * W;
      Vector<W> bv[NV];
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) bv[v] = kWhole || v + 1 < NV ? load<W>(from + v * W) : load_n<W>(from + v * W, last);
#pragma GCC unroll 16
      for (int r = 0; r < MR; ++r) {
        const Vector<W> av = broadcast<W>(rows.row(r)[kAt]);
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v) sum[r][v] += av * bv[v];
        keep<W>(av);
      }
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) keep<W>(bv[v]);
      if constexpr (along == Along::rows) {
        rows.next(), b += b_step;
        if (kRegisters == 16) rows.base[0] = opaque(rows.base[0]), b = opaque(b);
      }
    };
    std::int64_t k = t.k;
    if constexpr (kRegisters == 16 && NV > 1) {
      constexpr int kSteps = along == Along::k ? 8 : 4, kFloats = along == Along::k ? MR : kLineFloats;
      for (; k >= kSteps; k -= kSteps) {
        unrolled<kSteps>(step);
        if (along == Along::k) rows.skip(kSteps), b += kSteps * b_step;
        if (!ahead) continue;
#pragma GCC unroll 8
        for (int i = 0; i < kSteps; i += along == Along::k ? 2 : 1) fetch_to_l2(ahead + i * kFloats);
        ahead += kSteps * kFloats;
      }
    }
    if (kRegisters == 32 && along == Along::k && t.ahead_is_a)
      for (; k > 0; --k, rows.next(), b += b_step, ahead += MR) {
        step(Constant<0>{});
        fetch_to_l1(ahead);
      }
    // A loop of its own: one more branch a step costs the others a hundredth.
    if (kRegisters == 32 && along == Along::k && also)
      for (; k > 0; --k, rows.next(), b += b_step, also += MR) {
        step(Constant<0>{});
        fetch_to_l2(also);
        if (ahead) fetch_to_l2(ahead), ahead += MR;
      }
    for (; k > 0; --k) {
      step(Constant<0>{});
      if (along == Along::k) rows.next(), b += b_step;
      if (ahead) fetch_to_l2(ahead), ahead += along == Along::k ? MR : ahead_step;
    }
    float* const to = opaque(c);
    const std::int64_t c_row = opaque(t.c_row);
    if (t.add)
      whole ? store_tile<W, NV, MR, true, true>(sum, to, c_row, last)
            : store_tile<W, NV, MR, false, true>(sum, to, c_row, last);
    else
      whole ? store_tile<W, NV, MR, true, false>(sum, to, c_row, last)
            : store_tile<W, NV, MR, false, false>(sum, to, c_row, last);
  }
}

// Taps of a kernel 3 wide one by one, without the pixels that an image does not have at its left and right.
template <int W, int NV, int MR>
void run_edge_tile(const Tile& tile) {
  const Tile t = tile;
  const std::int64_t last = t.columns - (NV - 1) * W;
  const float* a = t.a;
  float* c = t.c;
  for (std::int64_t left = t.count; left > 0; --left, a += MR * t.a_stride, c += MR * t.c_row) {
    Vector<W> sum[MR][NV];
#pragma GCC unroll 16
    for (int r = 0; r < MR; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) sum[r][v] = Vector<W>{};
    TileRows<MR, Along::k> rows(a, t.a_stride);
    const float* b = t.b;
    const auto run_tap = [&]<int Begin, int End>() __attribute__((always_inline)) {
      for (std::int64_t k = t.k; k > 0; --k, rows.next(), b += t.b_step) {
        Vector<W> bv[NV];
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v) bv[v] = load_once<W>(b + v * W);
#pragma GCC unroll 16
        for (int r = Begin; r < End; ++r) {
          const Vector<W> av = broadcast<W>(*rows.row(r));
#pragma GCC unroll 4
          for (int v = 0; v < NV; ++v) sum[r][v] += av * bv[v];
        }
      }
    };
    const int no_first = t.left && left == t.count ? 0 : -1, no_last = t.right && left == 1 ? 2 : -1;
    for (std::int64_t o = t.outer; o > 0; --o, rows.skip(t.a_outer - 3 * t.k))
      for (int tap = 0; tap < 3; ++tap)
        if (tap == no_first)
          run_tap.template operator()<1, MR>();
        else if (tap == no_last)
          run_tap.template operator()<0, MR - 1>();
        else
          run_tap.template operator()<0, MR>();
    last == W ? store_tile<W, NV, MR, true, false>(sum, c, t.c_row, last)
              : store_tile<W, NV, MR, false, false>(sum, c, t.c_row, last);
  }
}

template <int W, int NV, int MR, Along along>
void run_tile(const Tile& tile) {
  const bool plain = tile.outer == 1 && tile.inner == 1;
  if constexpr (along == Along::k) {
    // Of one vector (16, or as a cell's input 64, to 16 channels) every FMA loads a value of A.
    if constexpr (NV == 1 && W == 16) {
      if (plain && tile.a_stride == 16) return run_plain_tile<W, NV, MR, along, true, 16>(tile);
      if (plain && tile.a_stride == 64) return run_plain_tile<W, NV, MR, along, true, 64>(tile);
    }
    if (plain) return run_plain_tile<W, NV, MR, along, true>(tile);
    if (tile.left || tile.right) return run_edge_tile<W, NV, MR>(tile);
  } else if (plain) {
    return tile.columns == NV * W ? run_plain_tile<W, NV, MR, along, true>(tile)
                                  : run_plain_tile<W, NV, MR, along, false>(tile);
  }
  const Tile t = tile;                                 // a store to C could be one to the caller's Tile
  const std::int64_t last = t.columns - (NV - 1) * W;  // lanes of the last vector
  const bool whole = last == W;
  // From the end of a run of k to the next run, and from the last of `inner` runs to the next of `outer`. Read from
  // memory there: held in registers they would drive the pointers and the count of a step of k out of them.
  const struct {
    std::int64_t a_inner, a_outer, b_inner, b_outer;
  } steps = {t.a_inner - t.k * (along == Along::k ? 1 : t.a_stride), t.a_outer - t.inner * t.a_inner,
             t.b_inner - t.k * t.b_step, t.b_outer - t.inner * t.b_inner};
  const std::int64_t a_next = MR * (along == Along::k ? t.a_stride : 1) - t.outer * t.a_outer;
  TileRows<MR, along> a(t.a, t.a_stride);
  float* c = t.c;
  for (std::int64_t tile_at = 0; tile_at < t.count; ++tile_at, c += MR * t.c_row) {
    Vector<W> sum[MR][NV];
#pragma GCC unroll 16
    for (int r = 0; r < MR; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) sum[r][v] = Vector<W>{};
    const float* b = t.b;
    const std::int64_t b_step = t.b_step;
    for (std::int64_t o = t.outer; o > 0; --o, a.skip(opaque(&steps)->a_outer), b += opaque(&steps)->b_outer)
      for (std::int64_t i = opaque(&t)->inner; i > 0;
           --i, a.skip(opaque(&steps)->a_inner), b += opaque(&steps)->b_inner)
        for (std::int64_t k = opaque(&t)->k; k > 0; --k, a.next(), b += b_step) {
          Vector<W> bv[NV];
#pragma GCC unroll 4
          for (int v = 0; v + 1 < NV; ++v) bv[v] = load<W>(b + v * W);
          const float* const b_last = b + (NV - 1) * W;
          bv[NV - 1] = along == Along::k || __builtin_expect(whole, true) ? load<W>(b_last) : load_n<W>(b_last, last);
#pragma GCC unroll 16
          for (int r = 0; r < MR; ++r) {
            const Vector<W> av = broadcast<W>(*a.row(r));
#pragma GCC unroll 4
            for (int v = 0; v < NV; ++v) sum[r][v] += av * bv[v];
          }
        }
    a.skip(a_next);
    if (t.add)
      whole ? store_tile<W, NV, MR, true, true>(sum, c, t.c_row, last)
            : store_tile<W, NV, MR, false, true>(sum, c, t.c_row, last);
    else
      whole ? store_tile<W, NV, MR, true, false>(sum, c, t.c_row, last)
            : store_tile<W, NV, MR, false, false>(sum, c, t.c_row, last);
  }
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
