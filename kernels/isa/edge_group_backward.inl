// Backward of groups of branches: of an image its separable branches one by one, then what its pools and identities
// get, joined into dx. Images in chunks with weight gradients of their own.
#pragma once
#include "kernels/isa/edge_backward.inl"
#include "kernels/isa/edge_join.inl"
#include "kernels/isa/edge_pool_grads.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// A group as its images see it, and its share of the scratch.
struct BackwardGroup {
  const EdgeGroup* group;
  const EdgeGroupGrad* grad;
  BranchWork work[kMaxBranchesTogether];
  InputNorm norm;
  float *image_sums, *parts;
  std::int64_t part_size = 0;  // of a chunk's weight gradients
  bool separable = false, weights = false;
  PoolGrads max_pools, avg_pools;

  // Returns what follows its share.
  float* prepare(const EdgePlane& g, const EdgeGroup& of, const EdgeGroupGrad& gradients, float* const* packed,
                 std::int64_t chunks, float* at) {
    group = &of, grad = &gradients;
    const std::int64_t c = g.channels, lanes = g.lanes(), period = g.period();
    float* const coefficients = norm.prepare(g, of.in, at);
    float* own = coefficients;
    for (int b = 0; b < of.count; ++b) {
      if (of.branches[b].kind != EdgeBranchKind::separable) continue;
      const EdgeBranchGrad& branch = grad->branches[b];
      repeat_channels(c, lanes, branch.a, 0, own);
      repeat_channels(c, lanes, branch.b, 0, own + period);
      repeat_channels(c, lanes, branch.d, 0, own + 2 * period);
      work[b] = {packed[b], own, part_size};
      own += 3 * period;
      separable = true, weights = weights || branch.pointwise;
      part_size += g.weight_grads(of.branches[b]);
    }
    max_pools.prepare(EdgeBranchKind::max_pool, g, of.count, of.branches, grad->branches, own);
    own += (2 + max_pools.count) * period;
    avg_pools.prepare(EdgeBranchKind::avg_pool, g, of.count, of.branches, grad->branches, own);
    image_sums = coefficients + (3 * of.count + 4) * period;
    parts = image_sums + round_up(of.in.batch * 2 * c, 16);
    return parts + chunks * part_size;
  }

  int separable_from(int b) const {
    while (b < group->count && group->branches[b].kind != EdgeBranchKind::separable) ++b;
    return b;
  }
  // What follows branch b of image n.
  Next after(const EdgePlane& g, int b, std::int64_t n) const {
    const EdgeInput& in = group->in;
    const int count = group->count;
    const EdgeBranchGrad* grads = grad->branches;
    const int first = separable_from(0), following = separable_from(b + 1),
              next = following < count ? following : first;
    const std::int64_t image = following < count ? n : n + 1, in_image = g.in_pixels() * g.channels;
    const float* const dx = image > n && grad->to.dx ? grad->to.dx + n * in_image : nullptr;
    if (image == in.batch) return {.dx = dx};
    const std::int64_t at = image * g.out_pixels() * g.channels;
    return {.dx = dx,
            .dy = image > n || grads[next].dy != grads[b].dy ? grads[next].dy + at : nullptr,
            .z = grads[next].z + at,
            .x = image > n ? in.x + image * in_image : nullptr};
  }

  void image(const EdgePlane& g, std::int64_t n, const WorkerPlanes& planes, float* part) const {
    const auto& [in, count, branches] = *group;
    const EdgeInputGrad& to = grad->to;
    const std::int64_t c = g.channels, in_image = n * g.in_pixels() * c, out_image = n * g.out_pixels() * c;
    const float* x = in.x + in_image;
    if (separable) planes.fill_input(g, x, norm.scale, norm.shift);
    bool add = false;
    for (int b = separable_from(0); b < count; b = separable_from(b + 1), add = true)
      separable_image_backward(
          g, branches[b], work[b], grad->branches[b].dy + out_image, grad->branches[b].z + out_image, planes,
          grad->branches[b].pointwise ? part + work[b].grads : nullptr, to.dx, add, after(g, b, n));
    if (!to.dx) return;
    JoinTerm terms[kMostJoined];
    int joined = 0;
    const auto take = [&](const PoolGrads& pools, float* plane) {
      if (pools.count == 0) return;
      pools.image(g, x, out_image, planes, plane);
      terms[joined++] = {plane, 1};
    };
    take(max_pools, planes.pool), take(avg_pools, planes.other_pool);
    for (int k = 0; k < to.skips; ++k) terms[joined++] = {to.skip[k].dy + out_image, to.skip[k].weight};
    float* dx = to.dx + in_image;
    if (to.add) terms[joined++] = {dx, 1};
    (separable ? kJoin<true> : kJoin<false>)[joined](g, planes, terms, dx);
    if (to.sum_dx) column_sums(g.in_pixels(), c, dx, x, false, image_sums + n * 2 * c);
  }
  void chunk(const EdgePlane& g, std::int64_t i, std::int64_t chunks, const WorkerPlanes& planes) const {
    float* part = parts + i * part_size;
    if (weights) clear(part_size, part);
    if (separable) planes.clear_gradient_border(g);
    const std::int64_t end = chunk_begin(group->in.batch, chunks, i + 1);
    for (std::int64_t n = chunk_begin(group->in.batch, chunks, i); n < end; ++n) image(g, n, planes, part);
  }

  // The chunks' gradients of branch b's weights added, without the lanes that hold no channel: of its depthwise part,
  // or of kAtOnce elements of its matrix.
  static constexpr std::int64_t kAtOnce = 1024;
  static std::int64_t pieces(const EdgePlane& g) { return 1 + (g.channels * g.channels + kAtOnce - 1) / kAtOnce; }
  void gather_weight_grads(const EdgePlane& g, int b, std::int64_t chunks, std::int64_t piece) const {
    const EdgeBranchGrad& to = grad->branches[b];
    if (group->branches[b].kind != EdgeBranchKind::separable || !to.pointwise) return;
    const std::int64_t c = g.channels, lanes = g.lanes(), taps = group->branches[b].kernel * group->branches[b].kernel;
    const float* from = parts + work[b].grads;
    if (piece == 0) {
      for (std::int64_t t = 0; t < taps; ++t) add_chunks(c, chunks, part_size, from + t * lanes, to.depthwise + t * c);
    } else {
      const std::int64_t begin = (piece - 1) * kAtOnce, end = begin + kAtOnce < c * c ? begin + kAtOnce : c * c;
      add_chunks(end - begin, chunks, part_size, from + taps * lanes + begin, to.pointwise + begin);
    }
  }
  void gather_sums(const EdgePlane& g) const {
    const EdgeInputGrad& to = grad->to;
    if (!to.sum_dx) return;
    each_sums(group->in.batch, 2 * g.channels, g.channels, image_sums, [&](std::int64_t i, double sum, double sum_x) {
      to.sum_dx[i] = static_cast<float>(sum), to.sum_dx_x[i] = static_cast<float>(sum_x);
    });
  }
};

void edge_branches_backward(int groups, const EdgeGroup* group, const EdgeGroupGrad* grad, float* scratch) {
  const EdgePlane g = EdgePlane::of(groups, group);
  AllBranches all(groups, group);
  float* at = all.pack(g, Pack::backward, scratch);
  const std::int64_t chunks = edge_grad_chunks(group[0].in.batch, g.out_pixels(), g.channels);
  BackwardGroup work[kMaxGroups];
  bool anything_to_gather = false;
  for (int k = 0; k < groups; ++k) {
    at = work[k].prepare(g, group[k], grad[k], all.packed + all.begin[k], chunks, at);
    anything_to_gather = anything_to_gather || work[k].weights || grad[k].to.sum_dx;
  }
  WorkerPlanes::prepare(g, at);
  parallel_chunks(groups * chunks, [&](std::int64_t i) {
    const std::int64_t k = quotient(i, chunks);
    work[k].chunk(g, i - k * chunks, chunks, WorkerPlanes(g, at + worker() * g.worker_floats()));
  });
  if (!anything_to_gather) return;
  // Every branch's weights piece by piece, then every group's sums: one start of the threads for all.
  const std::int64_t pieces = BackwardGroup::pieces(g), of_weights = all.count * pieces;
  parallel_chunks(of_weights + groups, [&](std::int64_t i) {
    if (i >= of_weights) return work[i - of_weights].gather_sums(g);
    const int b = static_cast<int>(quotient(i, pieces));
    work[all.group[b]].gather_weight_grads(g, all.in_group(b), chunks, i - b * pieces);
  });
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
