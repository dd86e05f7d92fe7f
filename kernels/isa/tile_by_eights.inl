// A product along k where 16 registers are all and none is free beside the sums: what 1x1 convolutions of a search are
// made of with AVX2. Beside a busy hardware thread instructions count, not FMAs. A step has 20 for 12 of them; what
// else there is (pointers, a fetch, the loop) is done once for eight steps.
#pragma once
#include "kernels/isa/tile_sums.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

constexpr int kStepsTogether = 8;

// Rows of A from two bases and the bytes between rows: base, base + one, base + two are x86 addresses.
template <int MR>
struct RowAddresses {
  const char *upper, *lower;
  std::int64_t one, two;
  NASCENT_INLINE RowAddresses(const float* a, std::int64_t stride)
      : upper(reinterpret_cast<const char*>(a)),
        lower(opaque(reinterpret_cast<const char*>(a + (MR > 3 ? 3 * stride : 0)))),
        one(stride * static_cast<std::int64_t>(sizeof(float))),
        two(opaque(2 * one)) {}
  NASCENT_INLINE float at(int row, int k) const {
    const char* const base = row < 3 ? upper : lower;
    return reinterpret_cast<const float*>(base + (row % 3 == 0 ? 0 : row % 3 == 1 ? one : two))[k];
  }
  // Of another step, as far as the compiler knows: it would keep a pointer a row, to be moved on each time.
  NASCENT_INLINE void hide() { one = opaque(one), two = opaque(two); }
  NASCENT_INLINE void skip(int steps) {
    upper = opaque(upper + steps * sizeof(float)), lower = opaque(lower + steps * sizeof(float));
  }
};

// kRest: k is not so many eights, or C ends within a vector.
template <int W, int NV, int MR, bool kRest>
void run_by_eights(const Tile& tile) {
  const Tile t = tile;  // a store to C could be one to the caller's Tile
  const float *a = t.a, *ahead = t.ahead;
  float* c = t.c;
  const std::int64_t a_next_run = t.a_run - t.count * MR * t.a_stride, c_next_run = t.c_run - t.count * MR * t.c_row,
                     ahead_next_run = t.ahead_run - t.count * MR * t.k;
  std::int64_t left = t.count;
  for (std::int64_t runs = t.runs; runs > 0; a += MR * t.a_stride, c += MR * t.c_row) {
    if (t.fetch_c) fetch_tile_below<W, NV, MR>(opaque(c), opaque(t.c_row));
    Vector<W> sum[MR][NV];
#pragma GCC unroll 16
    for (int r = 0; r < MR; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) sum[r][v] = Vector<W>{};
    RowAddresses<MR> rows(a, t.a_stride);
    const float* b = t.b;
    const auto step = [&](auto k) __attribute__((always_inline)) {
      rows.hide();
      Vector<W> bv[NV];
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) bv[v] = load<W>(b + (k.value * NV + v) * W);
#pragma GCC unroll 16
      for (int r = 0; r < MR; ++r) {
        const Vector<W> av = broadcast<W>(rows.at(r, k.value));
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v) sum[r][v] += av * bv[v];
        keep<W>(av);
      }
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) keep<W>(bv[v]);
    };
    const float* const eights_end = b + t.k / kStepsTogether * kStepsTogether * NV * W;
    while (b != eights_end) {
      unrolled<kStepsTogether>(step);
      rows.skip(kStepsTogether), b = opaque(b + kStepsTogether * NV * W);
      if (!ahead) continue;
      unrolled<kStepsTogether / 2>([&](auto i)
                                       __attribute__((always_inline)) { fetch_to_l2(ahead + 2 * i.value * MR); });
      ahead += kStepsTogether * MR;
    }
    if constexpr (kRest) {
      for (const float* const end = t.b + t.k * NV * W; b != end; b += NV * W) {
        step(Constant<0>{});
        rows.skip(1);
        if (ahead) fetch_to_l2(ahead), ahead += MR;
      }
      store_tile<W, NV, MR>(t, sum, c);
    } else {
      store_rows<W, NV, MR, true, false>(sum, opaque(c), opaque(t.c_row), W);
    }
    if (--left > 0) continue;
    left = t.count, --runs;
    a += a_next_run, c += c_next_run;
    if (ahead) ahead += ahead_next_run;
  }
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
