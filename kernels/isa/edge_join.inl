// The end of an edge's backward: the gradient of its separable branches behind its ReLU, and what its other branches
// and other edges give, in one pass.
#pragma once
#include "kernels/isa/edge_scratch.inl"
#include "kernels/isa/lanes.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// What is added to an edge's gradient beside that of its separable branches: scale * the tensor, an image of it.
struct JoinTerm {
  const float* from;
  float scale;
};
constexpr int kMostJoined = 2 + kMaxEdgesTogether + 1;  // two pools, skips, what dx holds

// dx = [relu(x) > 0] * planes.dx + N terms. By their number: to ask for each at every vector cost as much as to add it.
template <bool kGated, int N>
void join_terms(const EdgePlane& g, const WorkerPlanes& planes, const JoinTerm* terms, float* dx) {
  constexpr int W = kWidth;
  const std::int64_t lanes = g.lanes(), c = g.channels;
  const float* from[kMostJoined];
  struct Scales {
    Vector<W> scale[N > 0 ? N : 1];
  } joined{};
  for (int t = 0; t < N; ++t) from[t] = terms[t].from, joined.scale[t] = broadcast<W>(terms[t].scale);
  const auto scales = [&](std::int64_t) { return joined; };
  for (std::int64_t i = 0; i < g.height; ++i) {
    const float *gate = planes.input + (i + g.pad) * g.in_pitch() + g.pad * lanes,
                *gated_dx = planes.dx + i * g.width * lanes;
    const std::int64_t row = i * g.width * c;
    each_plane_vector(
        g.width, c, lanes,
        scales, [&](std::int64_t m, std::int64_t p, const Scales& by, auto n) __attribute__((always_inline)) {
          Vector<W> v{};
          fetch_ahead(dx + row + m);
          if (kGated) v = load_up_to<W>(gate + p, n) > 0 ? load_up_to<W>(gated_dx + p, n) : v;
          unrolled<N>([&](auto t) __attribute__((always_inline)) {
            v = multiply_add<W>(by.scale[t.value], load_up_to<W>(from[t.value] + row + m, n), v);
          });
          store_up_to<W>(dx + row + m, v, n);
        });
  }
}

using JoinKernel = void (*)(const EdgePlane&, const WorkerPlanes&, const JoinTerm*, float*);
template <bool kGated>
constexpr JoinKernel kJoin[kMostJoined + 1] = {join_terms<kGated, 0>, join_terms<kGated, 1>, join_terms<kGated, 2>,
                                               join_terms<kGated, 3>, join_terms<kGated, 4>, join_terms<kGated, 5>,
                                               join_terms<kGated, 6>, join_terms<kGated, 7>};

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
