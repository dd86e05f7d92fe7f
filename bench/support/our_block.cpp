#include "bench/support/our_block.h"

#include <cmath>

#include "bench/support/buffer.h"
#include "kernels/edge_branches.h"
#include "kernels/edge_mix.h"

namespace nascent::bench {
namespace {

// One separable branch of an edge with everything it reads and writes.
struct BranchBuffers {
  explicit BranchBuffers(const Block& s)
      : x(s.elements()),
        depthwise(s.kernel * s.kernel * s.channels),
        pointwise(s.channels * s.channels),
        z(s.elements()),
        mean(s.channels),
        variance(s.channels),
        branch{.kernel = s.kernel,
               .dilation = s.dilation,
               .depthwise = depthwise.data(),
               .pointwise = pointwise.data(),
               .z = z.data(),
               .mean = mean.data(),
               .variance = variance.data()},
        group{{.batch = s.batch, .height = s.height, .width = s.width, .channels = s.channels, .x = x.data()},
              1,
              &branch},
        scratch(kernels::edge_branches_scratch(1, &group)) {}

  void forward() { kernels::edge_branches_forward(1, &group, scratch.data()); }

  Buffer x, depthwise, pointwise, z, mean, variance;
  kernels::EdgeBranch branch;
  kernels::EdgeGroup group;
  Buffer scratch;
};

struct BackwardBuffers {
  explicit BackwardBuffers(const Block& s)
      : shape{.batch = s.batch, .pixels = s.height * s.width, .channels = s.channels},
        dy(s.elements()),
        dx(s.elements()),
        a(s.channels),
        b(s.channels),
        d(s.channels),
        depthwise(s.kernel * s.kernel * s.channels),
        pointwise(s.channels * s.channels),
        scratch(kernels::edge_mix_sums_scratch(shape, 1, &mix)),
        sums(static_cast<std::size_t>(2 * s.channels)) {}

  kernels::MixShape shape;
  kernels::MixTerm term = {};
  kernels::EdgeMixSums mix = {.count = 1, .terms = &term};
  Buffer dy, dx, a, b, d, depthwise, pointwise, scratch;
  std::vector<double> sums;
};

// The batch norm's sums, its coefficients, and the branch.
void backward(BranchBuffers& f, BackwardBuffers& g) {
  g.term.z = f.z.data();
  g.mix.dy = g.dy.data(), g.mix.sums = g.sums.data();
  kernels::edge_mix_sums(g.shape, 1, &g.mix, g.scratch.data());
  const auto rows = static_cast<double>(g.shape.batch * g.shape.pixels);
  for (std::int64_t c = 0; c < g.shape.channels; ++c) {
    const double mean = f.mean.data()[c], rstd = 1 / std::sqrt(f.variance.data()[c] + 1e-5);
    const double mean_dy = g.sums[static_cast<std::size_t>(c)] / rows;
    const double mean_dy_z = g.sums[static_cast<std::size_t>(g.shape.channels + c)] / rows;
    const double slope = rstd * rstd * rstd * (mean_dy_z - mean * mean_dy);
    g.a.data()[c] = static_cast<float>(rstd);
    g.b.data()[c] = static_cast<float>(-slope);
    g.d.data()[c] = static_cast<float>(mean * slope - rstd * mean_dy);
  }
  const kernels::EdgeBranchGrad grad{.dy = g.dy.data(),
                                     .z = f.z.data(),
                                     .a = g.a.data(),
                                     .b = g.b.data(),
                                     .d = g.d.data(),
                                     .depthwise = g.depthwise.data(),
                                     .pointwise = g.pointwise.data()};
  const kernels::EdgeGroupGrad group{&grad, {.dx = g.dx.data()}};
  kernels::edge_branches_backward(1, &f.group, &group, f.scratch.data());
}

}  // namespace

std::function<void()> prepare_block(const Block& block, Face face) {
  const auto branch = std::make_shared<BranchBuffers>(block);
  if (face == Face::forward) return [branch] { branch->forward(); };
  branch->forward();  // so that z and its statistics are what they are in a step
  const auto grads = std::make_shared<BackwardBuffers>(block);
  return [branch, grads] { backward(*branch, *grads); };
}

}  // namespace nascent::bench
