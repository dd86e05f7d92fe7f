// What comes back through the pools of an edge, or of all edges that leave a state.
#pragma once
#include "kernels/isa/edge_forward.inl"
#include "kernels/isa/edge_mix.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// Pools of one kind, however many edges have one: they took the same, so what comes back to them is added before it
// goes back through the windows, once: dz = (sum of b)*z + sum of a*dy + (sum of d).
struct PoolGrads {
  EdgeBranchKind kind;
  int count = 0;
  const float* dy[kMaxBranchesTogether];
  float *scales, *shift;  // [1 + count][period]: of the pool's values, then of every dy; and [period]

  void prepare(EdgeBranchKind of, const EdgePlane& g, int branches, const EdgeBranch* branch,
               const EdgeBranchGrad* grads, float* coefficients) {
    kind = of, scales = coefficients + g.period(), shift = coefficients;
    const std::int64_t lanes = coefficient_lanes(g.channels), period = g.period();
    clear(2 * period, coefficients);
    for (int b = 0; b < branches; ++b) {
      if (branch[b].kind != kind) continue;
      dy[count++] = grads[b].dy;
      float* own = scales + count * period;
      const auto add = [&](const float* from, float* to) {
        repeat_channels(g.channels, lanes, from, 0, own);
        for (std::int64_t i = 0; i < period; ++i) to[i] += own[i];
      };
      add(grads[b].b, scales), add(grads[b].d, shift);
      repeat_channels(g.channels, lanes, grads[b].a, 0, own);
    }
  }

  // Of the image whose pixels begin at `at`: values, a pool's, become dz and are then gathered to dx.
  void image(const EdgePlane& g, const float* x, std::int64_t at, const WorkerPlanes& planes, float* dx) const {
    float* values = planes.values;
    pool_image(g, kind, x, values, planes.tap);
    for (int t = 0; t < 1 + count; t += kTermsAtOnce) {
      const int now = 1 + count - t < kTermsAtOnce ? 1 + count - t : kTermsAtOnce;
      const float* from[kTermsAtOnce];
      for (int i = 0; i < now; ++i) from[i] = t + i == 0 ? values : dy[t + i - 1] + at;
      mix_terms_kernel(now)(g.out_pixels(), g.channels, from, scales + t * g.period(), t == 0 ? shift : nullptr, t > 0,
                            values);
    }
    if (kind == EdgeBranchKind::max_pool)
      NASCENT_ISA::max_pool2d_scatter(edge_pool(g), values, planes.tap, dx);
    else
      NASCENT_ISA::avg_pool2d_grad(edge_pool(g), values, dx);
  }
};

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
