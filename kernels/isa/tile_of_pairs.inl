// A tile of 8 by 8 weights over pixels that lie side by side: two of them are a vector of 16 lanes, and the weights,
// each row twice, stay in 8 registers. Pixel by pixel it takes as many FMAs of half a register, a load for each, and 8
// steps are few beside what a tile takes to begin and end: in L1 31 GFLOP/s, by pairs 55, of 138 at the peak (Sapphire
// Rapids). There an FMA of 512 bits is one pass of its unit, and a shuffle one of the other's. Sums run in the same
// order.
#pragma once
#include "kernels/isa/tile_kernels.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

inline bool is_of_pairs(const Tile& t) {
  return t.k == 8 && t.columns == 8 && t.a_stride == 8 && t.b_step == 8 && t.c_row == 8 && t.outer == 1 &&
         t.inner == 1 && !t.add;
}

// Along k. What is next goes to L2, whatever it is: lines that follow one another the hardware brings nearer by itself.
template <int MR>
void run_paired_tile(const Tile& tile) {
  constexpr int W = 16, kSteps = 8;
  constexpr int kPairs = MR % 8 == 0 ? 4 : MR / 2;  // sums in hand: an FMA waits 4 cycles on its own
  const Tile t = tile;                              // a store to C could be one to the caller's Tile
  Vector<W> weights[kSteps];
  Ints<W> lanes[kSteps];
  unrolled<kSteps>([&](auto k) __attribute__((always_inline)) {
    weights[k.value] = load_repeated<W, 8>(t.b + k.value * 8);
    unrolled<W>([&](auto lane)
                    __attribute__((always_inline)) { lanes[k.value][lane.value] = (lane.value & 8) + k.value; });
  });
  // Where nothing is to be fetched, a line that is there. One at a time: in one go, what lies in DRAM was written
  // in 1.0 to 1.3 of the time.
  const float *a = t.a, *ahead = t.ahead ? t.ahead : t.b, *also = t.also_ahead ? t.also_ahead : t.b;
  const std::int64_t ahead_step = t.ahead ? W : 0, also_step = t.also_ahead ? W : 0;
  float* c = t.c;
  for (std::int64_t left = t.count * MR; left > 0; left -= 2 * kPairs, a += kPairs * W, c += kPairs * W) {
    Vector<W> pixels[kPairs], sum[kPairs];
    unrolled<kPairs>([&](auto p) __attribute__((always_inline)) {
      pixels[p.value] = load_once<W>(a + p.value * W), sum[p.value] = Vector<W>{};
      if (t.fetch_c) fetch_to_l2(c + 2 * MR * 8 + p.value * W);
    });
    unrolled<kSteps>([&](auto k) __attribute__((always_inline)) {
      unrolled<kPairs>([&](auto p) __attribute__((always_inline)) {
        sum[p.value] += __builtin_shuffle(pixels[p.value], lanes[k.value]) * weights[k.value];
        if (p.value * kSteps / kPairs == k.value) {
          fetch_to_l2(ahead), fetch_to_l2(also);
          ahead += ahead_step, also += also_step;
        }
      });
    });
    unrolled<kPairs>([&](auto p) __attribute__((always_inline)) { store<W>(c + p.value * W, sum[p.value]); });
  }
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
