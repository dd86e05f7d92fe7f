// Forward of an edge's branches, an image a chunk. Ladder: v1 naive = the ops one by one over reference kernels; v4
// here. Pixels leave the depthwise convolution some rows at a time and are multiplied while they are in L1. Of a
// separable branch memory sees x once (for all branches) and z once: 4*K*K + 4*C FLOP a channel and pixel for 8 bytes.
#pragma once
#include "kernels/isa/edge_scratch.inl"
#include "kernels/isa/pool2d.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// Pixels between the two convolutions: 64 of 64 channels are 16 KB, half of L1.
constexpr std::int64_t kPixelsAtOnce = 64;

// sums[2][channels] of z and z*z, taken while a band of it is in L1; null: not wanted. `next`: an image read next,
// fetched meanwhile; null: none. It is stride * stride times an output, more than tiles can fetch unless that is 1.
inline void separable_image(const EdgePlane& g, const EdgeBranch& b, const PackedBranch& packed,
                            const WorkerPlanes& planes, float* z, float* sums, const float* next) {
  const std::int64_t fit = kPixelsAtOnce / g.out_width, most = g.band_rows();
  const std::int64_t at_once = fit < 1 ? 1 : fit < most ? fit : most;
  for (std::int64_t row = 0; row < g.out_height; row += at_once) {
    const std::int64_t rows = row + at_once < g.out_height ? at_once : g.out_height - row;
    const std::int64_t at = row * g.out_width * g.channels;
    const float* const next_rows = next ? next + row * g.stride * g.width * g.channels : nullptr;
    depthwise_rows(g, b, planes.input, packed.depthwise, row, rows, planes.middle, g.stride > 1 ? next_rows : nullptr);
    pointwise(rows * g.out_width, g.channels, planes.middle, g.lanes(), packed.pointwise, z + at, g.channels, true,
              g.stride > 1 ? nullptr : next_rows, nullptr);
    if (sums) column_sums(rows * g.out_width, g.channels, z + at, z + at, row > 0, sums);
  }
}

inline void pool_image(const EdgePlane& g, EdgeBranchKind kind, const float* x, float* z, std::uint8_t* tap) {
  if (kind == EdgeBranchKind::max_pool)
    max_pool_image(edge_pool(g), x, z, tap, nullptr);
  else
    avg_pool_image(edge_pool(g), x, z, nullptr);
}

// A group as its images see it, and its share of the scratch.
struct ForwardGroup {
  const EdgeGroup* group;
  float* const* packed;
  InputNorm norm;
  float* image_sums;
  int last_separable = -1;

  // Returns what follows its share.
  float* prepare(const EdgePlane& g, const EdgeGroup& of, float* const* weights, float* at) {
    group = &of, packed = weights;
    image_sums = norm.prepare(g, of.in, at);
    for (int b = 0; b < of.count; ++b)
      if (of.branches[b].kind == EdgeBranchKind::separable) last_separable = b;
    return image_sums + round_up(of.in.batch * of.count * 2 * g.channels, 16);
  }
  void image(const EdgePlane& g, std::int64_t n, const WorkerPlanes& planes) const {
    const EdgeInput& in = group->in;
    const std::int64_t c = g.channels, out_image = g.out_pixels() * c;
    const float* x = in.x + n * g.in_pixels() * c;
    const float* next_x = n + 1 < in.batch ? x + g.in_pixels() * c : nullptr;
    if (last_separable >= 0) planes.fill_input(g, x, norm.scale, norm.shift);
    for (int b = 0; b < group->count; ++b) {
      const EdgeBranch& branch = group->branches[b];
      float* sums = branch.mean ? image_sums + (n * group->count + b) * 2 * c : nullptr;
      if (branch.kind == EdgeBranchKind::separable) {
        separable_image(g, branch, PackedBranch(g, branch, packed[b]), planes, branch.z + n * out_image, sums,
                        b == last_separable ? next_x : nullptr);
      } else if (sums) {
        pool_image(g, branch.kind, x, planes.values, nullptr);
        column_sums(g.out_pixels(), c, planes.values, planes.values, false, sums);
      }
    }
  }
  void statistics(const EdgePlane& g, int b) const {
    const EdgeBranch& branch = group->branches[b];
    const std::int64_t batch = group->in.batch, c = g.channels;
    if (branch.mean)
      statistics_of_sums(batch, batch * g.out_pixels(), c, group->count * 2 * c, image_sums + b * 2 * c, branch.mean,
                         branch.variance);
  }
};

void edge_branches_forward(int groups, const EdgeGroup* group, float* scratch) {
  const EdgePlane g = EdgePlane::of(groups, group);
  AllBranches all(groups, group);
  float* at = all.pack(g, Pack::forward, scratch);
  ForwardGroup work[kMaxGroups];
  for (int k = 0; k < groups; ++k) at = work[k].prepare(g, group[k], all.packed + all.begin[k], at);
  const std::int64_t batch = group[0].in.batch;
  WorkerPlanes::prepare(g, at);
  parallel_chunks(groups * batch, [&](std::int64_t i) {
    const std::int64_t k = quotient(i, batch);
    work[k].image(g, i - k * batch, WorkerPlanes(g, at + worker() * g.worker_floats()));
  });
  parallel_chunks(all.count, [&](std::int64_t i) {
    const int b = static_cast<int>(i);
    work[all.group[b]].statistics(g, all.in_group(b));
  });
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
