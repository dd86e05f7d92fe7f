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
// fetched meanwhile; null: none.
inline void separable_image(const EdgePlane& g, const EdgeBranch& b, const PackedBranch& packed,
                            const WorkerPlanes& planes, float* z, float* sums, const float* next) {
  const std::int64_t fit = kPixelsAtOnce / g.out_width, most = g.band_rows();
  const std::int64_t at_once = fit < 1 ? 1 : fit < most ? fit : most;
  for (std::int64_t row = 0; row < g.out_height; row += at_once) {
    const std::int64_t rows = row + at_once < g.out_height ? at_once : g.out_height - row;
    depthwise_rows(g, b, planes.input, packed.depthwise, row, rows, planes.middle, nullptr);
    const std::int64_t at = row * g.out_width * g.channels;
    pointwise(rows * g.out_width, g.channels, planes.middle, g.lanes(), packed.pointwise, z + at, g.channels, true,
              next ? next + at : nullptr);
    if (sums) column_sums(rows * g.out_width, g.channels, z + at, z + at, row > 0, sums);
  }
}

inline void pool_image(const EdgePlane& g, EdgeBranchKind kind, const float* x, float* z, std::uint8_t* tap) {
  if (kind == EdgeBranchKind::max_pool)
    max_pool_image(edge_pool(g), x, z, tap, nullptr);
  else
    avg_pool_image(edge_pool(g), x, z, nullptr);
}

void edge_branches_forward(const EdgeInput& in, int count, const EdgeBranch* branches, float* scratch) {
  const EdgePlane g = EdgePlane::of(in, count, branches);
  const std::int64_t c = g.channels, out_image = g.out_pixels() * c, sums_image = count * 2 * c;
  float* scale = scratch;
  float* shift = scale + g.period();
  float* image_sums = shift + g.period();
  float* packed[kMaxBranchesTogether];
  if (in.scale) {
    repeat_channels(c, g.lanes(), in.scale, 1, scale);
    repeat_channels(c, g.lanes(), in.shift, 0, shift);
  }
  float* buffers =
      pack_branches(g, count, branches, Pack::forward, image_sums + round_up(in.batch * sums_image, 16), packed);
  int last_separable = -1;
  for (int b = 0; b < count; ++b)
    if (branches[b].kind == EdgeBranchKind::separable) last_separable = b;

  WorkerPlanes::prepare(g, buffers);
  parallel_chunks(in.batch, [&](std::int64_t n) {
    const WorkerPlanes planes(g, buffers + worker() * g.worker_floats());
    const float* x = in.x + n * g.in_pixels() * c;
    const float* next_x = n + 1 < in.batch ? x + g.in_pixels() * c : nullptr;
    if (last_separable >= 0) planes.fill_input(g, x, in.scale ? scale : nullptr, shift);
    for (int b = 0; b < count; ++b) {
      const EdgeBranch& branch = branches[b];
      float* sums = branch.mean ? image_sums + n * sums_image + b * 2 * c : nullptr;
      if (branch.kind == EdgeBranchKind::separable) {
        separable_image(g, branch, PackedBranch(g, branch, packed[b]), planes, branch.z + n * out_image, sums,
                        b == last_separable ? next_x : nullptr);
      } else if (sums) {
        pool_image(g, branch.kind, x, planes.values, nullptr);
        column_sums(g.out_pixels(), c, planes.values, planes.values, false, sums);
      }
    }
  });
  parallel_chunks(count, [&](std::int64_t b) {
    if (branches[b].mean)
      statistics_of_sums(in.batch, in.batch * g.out_pixels(), c, sums_image, image_sums + b * 2 * c, branches[b].mean,
                         branches[b].variance);
  });
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
