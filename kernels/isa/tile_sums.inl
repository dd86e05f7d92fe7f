// What becomes of a tile's sums, and what keeps them in registers.
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

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
