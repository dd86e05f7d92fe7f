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

inline void separable_image(const EdgePlane& g, const EdgeBranch& b, const TapList& taps, const PackedBranch& packed,
                            const WorkerPlanes& planes, float* z) {
  const std::int64_t fit = kPixelsAtOnce / g.out_width, most = g.band_rows();
  const std::int64_t at_once = fit < 1 ? 1 : fit < most ? fit : most;
  for (std::int64_t row = 0; row < g.out_height; row += at_once) {
    const std::int64_t rows = row + at_once < g.out_height ? at_once : g.out_height - row;
    depthwise_rows(g, b, taps, planes.input, packed.depthwise, row, rows, planes.middle);
    pointwise(rows * g.out_width, g.channels, planes.middle, g.lanes(), packed.forward,
              z + row * g.out_width * g.channels, g.channels, true);
  }
}

inline void pool_image(const EdgePlane& g, EdgeBranchKind kind, const float* x, float* z, std::uint8_t* tap) {
  if (kind == EdgeBranchKind::max_pool)
    NASCENT_ISA::max_pool2d(edge_pool(g), x, z, tap);
  else
    NASCENT_ISA::avg_pool2d(edge_pool(g), x, z);
}

void edge_branches_forward(const EdgeInput& in, int count, const EdgeBranch* branches, float* scratch) {
  const EdgePlane g = EdgePlane::of(in, count, branches);
  const std::int64_t c = g.channels, out_image = g.out_pixels() * c, sums_image = count * 2 * c;
  float* scale = scratch;
  float* shift = scale + g.period();
  float* image_sums = shift + g.period();
  float* packed_at = image_sums + round_up(in.batch * sums_image, 16);
  float* packed[kMaxEdgeBranches];
  TapList taps[kMaxEdgeBranches];
  if (in.scale) {
    repeat_channels(c, g.lanes(), in.scale, 1, scale);
    repeat_channels(c, g.lanes(), in.shift, 0, shift);
  }
  pack_branches(g, count, branches, packed_at, packed);
  float* buffers = packed_at;
  bool separable = false;
  for (int b = 0; b < count; ++b)
    if (branches[b].kind == EdgeBranchKind::separable)
      taps[b] = forward_taps(g, branches[b]), buffers += g.packed(branches[b]), separable = true;

  WorkerPlanes::prepare(g, buffers);
  parallel_chunks(in.batch, [&](std::int64_t n) {
    const WorkerPlanes planes(g, buffers + worker() * g.worker_floats());
    const float* x = in.x + n * g.in_pixels() * c;
    if (separable) planes.fill_input(g, x, in.scale ? scale : nullptr, shift);
    for (int b = 0; b < count; ++b) {
      const EdgeBranch& branch = branches[b];
      float* z = branch.kind == EdgeBranchKind::separable ? branch.z + n * out_image : planes.values;
      if (branch.kind == EdgeBranchKind::separable)
        separable_image(g, branch, taps[b], PackedBranch(g, branch, packed[b]), planes, z);
      else if (branch.mean)
        pool_image(g, branch.kind, x, z, nullptr);
      if (branch.mean) column_sums(g.out_pixels(), c, z, z, image_sums + n * sums_image + b * 2 * c);
    }
  });
  for (int b = 0; b < count; ++b)
    if (branches[b].mean)
      statistics_of_sums(in.batch, in.batch * g.out_pixels(), c, sums_image, image_sums + b * 2 * c, branches[b].mean,
                         branches[b].variance);
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
