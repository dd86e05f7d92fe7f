// Tiles of every size: what runs k, and what becomes of the sums.
#pragma once
#include "kernels/isa/tile.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// Alive to here, as far as the compiler knows: of 16 registers none is free, and GCC would let a sum move into that of
// an operand it used last, one step after another, until it spills one.
template <int W>
NASCENT_INLINE void keep(Vector<W> value) {
  if constexpr (kRegisters == 16) asm("" : : "x"(value));
}

template <int W, int NV, int MR, bool kWhole, bool kAdd>
NASCENT_INLINE void store_rows(const Vector<W> (&sum)[MR][NV], float* c, const std::int64_t c_row, std::int64_t last) {
#pragma GCC unroll 16
  for (int r = 0; r < MR; ++r, c = opaque(c + c_row))
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) {
      const std::int64_t n = kWhole || v + 1 < NV ? W : last;
      store_up_to<W>(c + v * W, kAdd ? sum[r][v] + load_up_to<W>(c + v * W, n) : sum[r][v], n);
    }
}
// The sums of a tile into C. Whether lanes are masked and C is added to is asked once: asked at every row, which the
// compiler does by itself, the answers cost a fifth of a tile of 16 steps; the rows' addresses, computed ahead and kept
// in vector registers, 6 %.
template <int W, int NV, int MR>
NASCENT_INLINE void store_tile(const Tile& t, const Vector<W> (&sum)[MR][NV], float* c) {
  const std::int64_t last = t.columns - (NV - 1) * W, c_row = opaque(t.c_row);
  const bool whole = last == W;
  c = opaque(c);
  if (t.add)
    whole ? store_rows<W, NV, MR, true, true>(sum, c, c_row, last)
          : store_rows<W, NV, MR, false, true>(sum, c, c_row, last);
  else
    whole ? store_rows<W, NV, MR, true, false>(sum, c, c_row, last)
          : store_rows<W, NV, MR, false, false>(sum, c, c_row, last);
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
// a tenth. Along k, B is always packed. Beside the 12 FMAs of a step on 16 registers all else counts: along rows four
// go together, along k eight (tile_by_eights.inl).
template <int W, int NV, int MR, Along along, bool kWhole, int kStride = 0>
void run_plain_tile(const Tile& tile) {
  const Tile t = tile;  // a store to C could be one to the caller's Tile
  const std::int64_t last = t.columns - (NV - 1) * W, ahead_step = t.ahead_step;
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
    // One step of k. Along rows the pointers go on with it, unseen: GCC would take a register for each row of the step
    // after, and of 16 there is none.
    const auto step = [&]() __attribute__((always_inline)) {
      Vector<W> bv[NV];
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) bv[v] = kWhole || v + 1 < NV ? load<W>(b + v * W) : load_n<W>(b + v * W, last);
#pragma GCC unroll 16
      for (int r = 0; r < MR; ++r) {
        const Vector<W> av = broadcast<W>(*rows.row(r));
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
    if constexpr (kRegisters == 16 && NV > 1 && along == Along::rows)
      for (; k >= 4; k -= 4) {
        step(), step(), step(), step();
        if (!ahead) continue;
#pragma GCC unroll 4
        for (int i = 0; i < 4; ++i) fetch_to_l2(ahead), ahead += ahead_step;
      }
    if (kRegisters == 32 && along == Along::k && t.ahead_is_a)
      for (; k > 0; --k, rows.next(), b += b_step, ahead += MR) {
        step();
        fetch_to_l1(ahead);
      }
    // A loop of its own: one more branch a step costs the others a hundredth.
    if (kRegisters == 32 && along == Along::k && also)
      for (; k > 0; --k, rows.next(), b += b_step, also += MR) {
        step();
        fetch_to_l2(also);
        if (ahead) fetch_to_l2(ahead), ahead += MR;
      }
    for (; k > 0; --k) {
      step();
      if (along == Along::k) rows.next(), b += b_step;
      if (ahead) fetch_to_l2(ahead), ahead += along == Along::k && kRegisters == 32 ? MR : ahead_step;
    }
    store_tile<W, NV, MR>(t, sum, c);
  }
}

// Taps of a kernel 3 wide one by one, without the pixels that an image does not have at its left and right.
template <int W, int NV, int MR>
void run_edge_tile(const Tile& tile) {
  const Tile t = tile;
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
    store_tile<W, NV, MR>(t, sum, c);
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
    store_tile<W, NV, MR>(t, sum, c);
  }
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
