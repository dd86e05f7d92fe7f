// Along k with 16 registers: eight steps a round, of which a tile's first two go row by row. A sum that an FMA begins
// with zero costs a tile 27 cycles, of 96 for 16 steps; begun by a product, with the second step of its row right
// behind, none: in L1 16 channels to 16 run at the peak instead of 77 % of it (Zen 3). One row's two steps are all that
// the registers hold beside the sums.
#pragma once
#include "kernels/isa/tile_kernels.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

constexpr std::int64_t kRoundSteps = 8;

// K: steps, and floats between rows of A, where the compiler is to know them, so that rows are offsets; 0: any of at
// least a round.
template <int W, int NV, int MR, int K>
[[gnu::noinline]] void run_by_eights(const Tile& t) {
  constexpr auto kFetches = static_cast<int>((MR * kRoundSteps + kLineFloats - 1) / kLineFloats);
  const std::int64_t a_stride = K ? K : t.a_stride, c_row = t.c_row;
  const float *a = t.a, *ahead = t.ahead;
  float* c = t.c;
  const std::int64_t ahead_round = t.ahead_step * kRoundSteps;
  const bool fetch_c = t.fetch_c, more_lines = ahead_round > kLineFloats;
  for (std::int64_t left = t.count; left > 0; --left, a += MR * a_stride, c += MR * c_row) {
    if (fetch_c) fetch_tile_below<W, NV, MR>(opaque(c), opaque(c_row));
    Vector<W> sum[MR][NV];
    TileRows<MR, Along::k, K> rows(a, a_stride);
    const float* b = t.b;
    const auto load_b = [&](auto at, Vector<W>(&of)[NV]) __attribute__((always_inline)) {
      unrolled<NV>([&](auto v)
                       __attribute__((always_inline)) { of[v.value] = load<W>(b + (at.value * NV + v.value) * W); });
    };
    const auto first_two_steps = [&]() __attribute__((always_inline)) {
      Vector<W> b0[NV], b1[NV];
      load_b(Constant<0>{}, b0), load_b(Constant<1>{}, b1);
      unrolled<MR>([&](auto r) __attribute__((always_inline)) {
        const Vector<W> a0 = broadcast<W>(rows.row(r.value)[0]);
        Vector<W> product[NV];
        unrolled<NV>([&](auto v) __attribute__((always_inline)) { product[v.value] = a0 * b0[v.value]; });
        // Or GCC fuses it with the second step's sum, which then is rounded before the first.
        unrolled<NV>([&](auto v) __attribute__((always_inline)) { asm("" : "+x"(product[v.value])); });
        const Vector<W> a1 = broadcast<W>(rows.row(r.value)[1]);
        unrolled<NV>([&](auto v) __attribute__((always_inline)) {
          sum[r.value][v.value] = product[v.value] + a1 * b1[v.value];
        });
      });
    };
    const auto step = [&](auto at) __attribute__((always_inline)) {
      Vector<W> bv[NV];
      load_b(at, bv);
      unrolled<MR>([&](auto r) __attribute__((always_inline)) {
        const Vector<W> av = broadcast<W>(rows.row(r.value)[at.value]);
        unrolled<NV>([&](auto v) __attribute__((always_inline)) { sum[r.value][v.value] += av * bv[v.value]; });
        keep<W>(av);
      });
      unrolled<NV>([&](auto v) __attribute__((always_inline)) { keep<W>(bv[v.value]); });
    };
    const auto go_on = [&](std::int64_t steps) __attribute__((always_inline)) {
      rows.skip(steps), b += steps * NV * W;
    };
    const auto fetch = [&]() __attribute__((always_inline)) {
      if (!ahead) return;
      fetch_to_l2(ahead);
      if (more_lines)
        unrolled<kFetches - 1>([&](auto i) __attribute__((always_inline)) {
          fetch_to_l2(ahead + (i.value + 1) * kLineFloats);
        });
      ahead += ahead_round;
    };

    first_two_steps();
    unrolled<kRoundSteps - 2>([&](auto at) __attribute__((always_inline)) { step(Constant<at.value + 2>{}); });
    fetch();
    std::int64_t k = (K ? K : t.k) - kRoundSteps;
    for (; k >= kRoundSteps; k -= kRoundSteps) {
      go_on(kRoundSteps);
      unrolled<kRoundSteps>(step);
      fetch();
    }
    if constexpr (K == 0)
      if (k > 0) {
        if (ahead) fetch_to_l2(ahead), ahead += t.ahead_step * k;
        for (go_on(kRoundSteps); k > 0; --k, go_on(1)) step(Constant<0>{});
      }
    float* to = opaque(c);
    unrolled<MR>([&](auto r) __attribute__((always_inline)) {
      unrolled<NV>([&](auto v) __attribute__((always_inline)) {
        // 0 where all products are -0, as of a sum that zero began.
        store<W>(to + v.value * W, sum[r.value][v.value] + Vector<W>{});
      });
      to = opaque(to + c_row);
    });
  }
}

// Whole vectors of one run of k, of which nothing is added to.
template <int W, int NV>
bool is_by_eights(const Tile& t) {
  const bool one_run = t.outer == 1 && t.inner == 1 && !t.add && t.columns == NV * W;
  return one_run && (NV == 1 ? t.k == 8 && t.a_stride == 8 : t.k >= kRoundSteps);
}

template <int W, int NV, int MR>
void run_tile_by_eights(const Tile& t) {
  if constexpr (NV == 1) return run_by_eights<W, NV, MR, 8>(t);
  if (t.k == t.a_stride) {
    if (t.k == 16) return run_by_eights<W, NV, MR, 16>(t);
    if (t.k == 32) return run_by_eights<W, NV, MR, 32>(t);
    if (t.k == 64) return run_by_eights<W, NV, MR, 64>(t);
  }
  run_by_eights<W, NV, MR, 0>(t);
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
