// A tile of one vector of columns where loads are what it waits for: each FMA reads a value of A for itself, 17 loads
// for 16 of them. Ice Lake begins two FMAs a cycle and 1.1 loads to a register of 512 bits, broadcasts included. So of
// every eight rows three are loaded 16 values at a time and broadcast from their register, by a shuffle, for which an
// FMA's unit has a turn to spare. In L1 16 to 16 channels run at 107 GFLOP/s for 90, 3x3 at 120 for 92, weight
// gradients at 122 for 90, of 185 at the peak. Sums run in the same order.
#pragma once
#include "kernels/isa/tile_kernels.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

constexpr bool is_shuffled(int row) { return row * 3 / 8 != (row + 1) * 3 / 8; }
constexpr int shuffled_before(int row) { return row * 3 / 8; }  // rows

NASCENT_INLINE Vector<16> broadcast_lane(Vector<16> v, Ints<16> lane) { return __builtin_shuffle(v, lane); }

// Along k, a multiple of 16.
template <int MR>
void run_shuffled_tile(const Tile& tile) {
  constexpr int W = 16;
  const Tile t = tile;  // a store to C could be one to the caller's Tile
  const float *a = t.a, *ahead = t.ahead, *also = t.also_ahead;
  float* c = t.c;
  for (std::int64_t left = t.count; left > 0; --left, a += MR * t.a_stride, c += MR * t.c_row) {
    Vector<W> sum[MR][1];
#pragma GCC unroll 16
    for (int r = 0; r < MR; ++r) sum[r][0] = Vector<W>{};
    if (t.fetch_c) fetch_tile_below<W, 1, MR>(opaque(c), opaque(t.c_row));
    for (std::int64_t o = 0; o < t.outer; ++o)
      for (std::int64_t i = 0; i < t.inner; ++i) {
        TileRows<MR, Along::k> rows(a + o * t.a_outer + i * t.a_inner, t.a_stride);
        const float* b = t.b + o * t.b_outer + i * t.b_inner;
        for (std::int64_t k = t.k; k > 0; k -= W) {
          Vector<W> values[shuffled_before(MR)];
          unrolled<MR>([&](auto r) __attribute__((always_inline)) {
            if constexpr (is_shuffled(r.value)) values[shuffled_before(r.value)] = load_once<W>(rows.row(r.value));
          });
          Ints<16> lane{};
          for (int step = 0; step < W; ++step, lane = lane + 1, rows.next(), b += t.b_step) {
            const Vector<W> bv = load<W>(b);
            unrolled<MR>([&](auto r) __attribute__((always_inline)) {
              if constexpr (is_shuffled(r.value))
                sum[r.value][0] += broadcast_lane(values[shuffled_before(r.value)], lane) * bv;
              else
                sum[r.value][0] += broadcast<W>(*rows.row(r.value)) * bv;
            });
            if (t.ahead_is_a)
              fetch_to_l1(ahead), ahead += MR;
            else if (ahead)
              fetch_to_l2(ahead), ahead += MR;
            if (also) fetch_to_l2(also), also += MR;
          }
        }
      }
    store_tile<W, 1, MR>(t, sum, c);
  }
}

// Along rows: a step's 16 values of A are one vector.
inline void run_shuffled_rows(const Tile& tile) {
  constexpr int W = 16;
  const Tile t = tile;
  const float *a = t.a, *ahead = t.ahead;
  float* c = t.c;
  for (std::int64_t left = t.count; left > 0; --left, a += W, c += W * t.c_row) {
    Vector<W> sum[W][1];
#pragma GCC unroll 16
    for (int r = 0; r < W; ++r) sum[r][0] = Vector<W>{};
    for (std::int64_t o = 0; o < t.outer; ++o)
      for (std::int64_t i = 0; i < t.inner; ++i) {
        const float *from = a + o * t.a_outer + i * t.a_inner, *b = t.b + o * t.b_outer + i * t.b_inner;
        for (std::int64_t k = t.k; k > 0; --k, from = opaque(from + t.a_stride), b += t.b_step) {
          const Vector<W> values = load_once<W>(from), bv = load_up_to<W>(b, t.columns);
          unrolled<W>([&](auto r) __attribute__((always_inline)) {
            if constexpr (is_shuffled(r.value))
              sum[r.value][0] += broadcast_lane(values, Ints<16>{} + r.value) * bv;
            else
              sum[r.value][0] += broadcast<W>(from[r.value]) * bv;
          });
          if (ahead) fetch_to_l2(ahead), ahead += t.ahead_step;
        }
      }
    store_tile<W, 1, W>(t, sum, c);
  }
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
