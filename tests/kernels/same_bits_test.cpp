// Real numbers, where every change of order shows: the same bits for any number of threads, and for both AVX widths.
#include <catch2/catch.hpp>
#include <string>

#include "kernels/mixed_edge.h"
#include "kernels/parallel.h"
#include "tests/support/integers.h"
#include "tests/support/isa_tables.h"
#include "tests/support/skip.h"

using namespace nascent::kernels;
using namespace nascent::test;

namespace {

// Forward and backward of the branches of one edge, and the mix; nothing from the reference table, which has no such
// kernels.
void add_fused_edge(const KernelTable& isa, std::int64_t channels, std::int64_t stride, std::vector<float>& all) {
  if (!isa.fused_edge) return;
  const auto x = reals<float>(9 * 13 * 15 * channels, 6), w = reals<float>(25 * channels + channels * channels, 7);
  const auto a = reals<float>(channels, 8), b = reals<float>(channels, 9), d = reals<float>(channels, 10);
  const EdgeInput in{9, 13, 15, channels, stride, x.data(), a.data(), b.data()};
  const std::int64_t out = 9 * in.out_height() * in.out_width() * channels;
  const auto dy = reals<float>(out, 11);
  std::vector<float> z(out), statistics(4 * channels), depthwise(25 * channels), pointwise(channels * channels);
  EdgeBranch branches[] = {{.kernel = 5, .depthwise = w.data(), .pointwise = w.data() + 25 * channels, .z = z.data()},
                           {.kind = EdgeBranchKind::max_pool}};
  EdgeBranchGrad grads[2];
  for (int k = 0; k < 2; ++k) {
    branches[k].mean = statistics.data() + 2 * k * channels, branches[k].variance = branches[k].mean + channels;
    grads[k] = {dy.data(), z.data(), a.data(), b.data(), d.data()};
  }
  grads[0].depthwise = depthwise.data(), grads[0].pointwise = pointwise.data();
  const EdgeGroup group{in, 2, branches};
  std::vector<float> scratch(static_cast<std::size_t>(edge_branches_scratch(1, &group)));
  isa.fused_edge->branches_forward(1, &group, scratch.data());
  std::vector<float> dx(x.size()), sums(2 * channels);
  const EdgeGroupGrad grad{grads, {.dx = dx.data(), .sum_dx = sums.data(), .sum_dx_x = sums.data() + channels}};
  isa.fused_edge->branches_backward(1, &group, &grad, scratch.data());
  const MixShape mix{9, in.out_height() * in.out_width(), channels, {1, 13, 15, channels, 3, stride, 1}};
  const MixTerm terms[] = {{z.data(), a.data()}, {x.data(), b.data(), MixSource::max_pool}};
  std::vector<float> y(static_cast<std::size_t>(out)), dots;
  std::vector<double> mix_sums(3 * channels);
  EdgeMix into{2, terms, d.data(), false, y.data()};
  const EdgeMixSums sums_of{2, terms, dy.data(), mix_sums.data()};
  scratch.resize(static_cast<std::size_t>(edge_mix_scratch(mix, 1, &into) + edge_mix_sums_scratch(mix, 1, &sums_of)));
  isa.fused_edge->mix(mix, 1, &into, scratch.data());
  into.add = true;
  isa.fused_edge->mix(mix, 1, &into, scratch.data());
  isa.fused_edge->mix_sums(mix, 1, &sums_of, scratch.data());
  dots.assign(mix_sums.begin(), mix_sums.end());
  for (const auto& v : {z, statistics, depthwise, pointwise, dx, sums, y, dots})
    all.insert(all.end(), v.begin(), v.end());
}

// A projection of two parts to two heads both ways, plain at stride 1 and factorized reduces at stride 2.
void add_projection(const KernelTable& isa, std::int64_t channels, std::int64_t stride, std::vector<float>& all) {
  if (!isa.fused_edge) return;
  const std::int64_t in = 9 * 13 * 15 * channels, weights = 2 * channels * channels, out = stride * channels,
                     outputs = 9 * ((13 - 1) / stride + 1) * ((15 - 1) / stride + 1) * out;
  const auto x = reals<float>(2 * in, 12), w = reals<float>(2 * stride * weights, 13), a = reals<float>(out, 14),
             dy = reals<float>(2 * outputs, 15);
  std::vector<float> dx(x.size()), dw(w.size()), z(dy.size()), statistics(static_cast<std::size_t>(4 * out));
  const ProjectionPart parts[] = {{x.data(), channels, dx.data()}, {x.data() + in, channels, dx.data() + in}};
  ProjectionTap taps[2][2];
  ProjectionHead heads[2];
  for (std::int64_t h = 0; h < 2; ++h) {
    for (std::int64_t t = 0; t < stride; ++t) {
      const std::int64_t at = (h * stride + t) * weights;
      taps[h][t] = {w.data() + at, channels, dw.data() + at};
    }
    heads[h] = {taps[h],
                z.data() + h * outputs,
                statistics.data() + 2 * h * out,
                statistics.data() + (2 * h + 1) * out,
                {dy.data() + h * outputs, z.data() + h * outputs, a.data(), a.data(), a.data()}};
  }
  const Projection p{9, 13, 15, stride, 2, 2, parts, heads};
  std::vector<float> scratch(static_cast<std::size_t>(projection_scratch(p)));
  isa.fused_edge->projection_forward(p, scratch.data());
  isa.fused_edge->projection_backward(p, scratch.data());
  for (const auto& v : {z, statistics, dx, dw}) all.insert(all.end(), v.begin(), v.end());
}

// 5x5, which has a way of its own (kernels/winograd.h).
void add_convolution_of_5x5(const KernelTable& isa, std::int64_t channels, std::vector<float>& all) {
  const Conv2dShape s{2, 13, 15, channels, channels + 3, 5, 5, 1, 2};
  const std::int64_t pixels = 2 * 13 * 15;
  const auto x = reals<float>(pixels * channels, 16), w = reals<float>(25 * channels * (channels + 3), 17);
  std::vector<float> y(static_cast<std::size_t>(pixels * (channels + 3))), dx(x.size());
  std::vector<float> scratch(static_cast<std::size_t>(conv2d_forward_scratch<float>(s)));
  isa.conv2d_forward(s, x.data(), w.data(), y.data(), scratch.data());
  scratch.assign(static_cast<std::size_t>(conv2d_input_grad_scratch<float>(s)), 0.f);
  isa.conv2d_input_grad(s, y.data(), w.data(), dx.data(), scratch.data());
  for (const auto& v : {y, dx}) all.insert(all.end(), v.begin(), v.end());
}

// Everything the table computes on one set of shapes, in one vector. Scratch is sized at the current thread count.
std::vector<float> everything(const KernelTable& isa, std::int64_t channels, std::int64_t stride) {
  const Conv2dShape conv{9, 13, 15, channels, channels + 3, 3, 3, stride, 1, 1};
  const DepthwiseShape depthwise{9, 13, 15, channels, 3, 3, stride, 2, 2};
  const PoolShape pool{9, 13, 15, channels, 3, stride, 1};
  const std::int64_t in = 9 * 13 * 15 * channels, pixels = conv.out_height() * conv.out_width();
  const std::int64_t out = 9 * pixels * conv.out_channels;
  const std::int64_t out_depthwise = 9 * depthwise.out_height() * depthwise.out_width() * channels;
  const std::int64_t out_pool = 9 * pool.out_height() * pool.out_width() * channels;
  const std::int64_t weights = 9 * channels * conv.out_channels;
  const auto x = reals<float>(in, 1), z = reals<float>(in, 2), w = reals<float>(weights, 3), dy = reals<float>(out, 4);
  const auto rstd = reals<float>(channels, 5);

  std::vector<float> all, scratch;
  const auto run = [&](std::int64_t n, std::int64_t scratch_size, const auto& kernel) {
    std::vector<float> result(static_cast<std::size_t>(n));
    scratch.assign(static_cast<std::size_t>(scratch_size), 0.f);
    kernel(result.data(), scratch.data());
    all.insert(all.end(), result.begin(), result.end());
    return result;
  };
  using Pointer = float*;
  run(out, conv2d_forward_scratch<float>(conv),
      [&](Pointer y, Pointer t) { isa.conv2d_forward(conv, x.data(), w.data(), y, t); });
  run(in, conv2d_input_grad_scratch<float>(conv),
      [&](Pointer y, Pointer t) { isa.conv2d_input_grad(conv, dy.data(), w.data(), y, t); });
  run(weights, conv2d_weight_grad_scratch<float>(conv),
      [&](Pointer y, Pointer t) { isa.conv2d_weight_grad(conv, x.data(), dy.data(), y, t); });
  run(out_depthwise, depthwise_conv2d_forward_scratch<float>(depthwise),
      [&](Pointer y, Pointer t) { isa.depthwise_conv2d_forward(depthwise, x.data(), w.data(), y, t); });
  run(in, depthwise_conv2d_input_grad_scratch<float>(depthwise),
      [&](Pointer y, Pointer t) { isa.depthwise_conv2d_input_grad(depthwise, z.data(), w.data(), y, t); });
  run(9 * channels, depthwise_conv2d_weight_grad_scratch<float>(depthwise),
      [&](Pointer y, Pointer t) { isa.depthwise_conv2d_weight_grad(depthwise, x.data(), z.data(), y, t); });
  const MatmulShape product{.m = 9 * 13 * 15, .n = channels + 3, .k = channels, .transpose_b = true};
  run(product.m * product.n, matmul_scratch<float>(product),
      [&](Pointer y, Pointer t) { isa.matmul(product, x.data(), w.data(), y, t); });
  std::vector<std::uint8_t> tap(static_cast<std::size_t>(out_pool));
  run(out_pool, 0, [&](Pointer y, Pointer) { isa.max_pool2d(pool, x.data(), y, tap.data()); });
  run(in, 0, [&](Pointer y, Pointer) { isa.max_pool2d_scatter(pool, z.data(), tap.data(), y); });
  run(out_pool, 0, [&](Pointer y, Pointer) { isa.avg_pool2d(pool, x.data(), y); });
  run(in, 0, [&](Pointer y, Pointer) { isa.avg_pool2d_grad(pool, z.data(), y); });
  const BatchNormShape norm{.rows = 9 * 13 * 15, .channels = channels};
  std::vector<float> var(static_cast<std::size_t>(channels)), dbeta(var), dgamma(var);
  const auto mean = run(channels, batch_norm_scratch<float>(norm),
                        [&](Pointer y, Pointer t) { isa.batch_norm_statistics(norm, x.data(), y, var.data(), t); });
  for (const bool relu : {false, true}) {
    BatchNormShape ends = norm;
    ends.relu = relu;
    run(in, 0, [&](Pointer y, Pointer) {
      isa.batch_norm_apply(ends, x.data(), mean.data(), rstd.data(), var.data(), mean.data(), y);
    });
    run(in, batch_norm_scratch<float>(norm), [&](Pointer y, Pointer t) {
      isa.batch_norm_backward(ends, x.data(), z.data(), mean.data(), rstd.data(), var.data(), mean.data(), y,
                              dgamma.data(), dbeta.data(), t);
    });
    for (const auto& v : {var, dgamma, dbeta}) all.insert(all.end(), v.begin(), v.end());
  }
  const ReduceShape reduce{.outer = 1, .reduce = 9 * 13 * 15, .inner = channels};
  run(channels, sum_scratch<float>(reduce), [&](Pointer y, Pointer t) { isa.sum(reduce, x.data(), y, t); });
  run(1, dot_scratch<float>(in), [&](Pointer y, Pointer t) { isa.dot(in, x.data(), z.data(), y, t); });
  const float* branches[] = {x.data(), z.data()};
  run(2, branch_dots_scratch<float>(in, 2),
      [&](Pointer y, Pointer t) { isa.branch_dots(in, 2, x.data(), branches, y, t); });
  run(in, 0, [&](Pointer y, Pointer) { isa.weighted_sum(in, 2, w.data(), branches, y); });
  run(in, 0, [&](Pointer y, Pointer) { isa.unary(Unary::tanh, in, x.data(), y); });
  run(in, 0, [&](Pointer y, Pointer) { isa.affine(in, x.data(), 0.3f, 0.7f, y); });
  add_convolution_of_5x5(isa, channels, all);
  add_fused_edge(isa, channels, stride, all);
  add_projection(isa, channels, stride, all);
  return all;
}

struct ThreadsRestored {
  int before = threads();
  ~ThreadsRestored() { set_threads(before); }
};

}  // namespace

TEST_CASE("every kernel gives the same bits on 1, 2, 3 and 7 threads") {
  const ThreadsRestored restore;
  for (const KernelTable* isa : isa_tables())
    for (const std::int64_t channels : {4, 13, 40})
      for (const std::int64_t stride : {1, 2}) {
        INFO(isa->name << " channels " << channels << " stride " << stride);
        set_threads(1);
        const auto one = everything(*isa, channels, stride);
        for (const int count : {2, 3, 7}) {
          set_threads(count);
          CHECK((everything(*isa, channels, stride) == one));  // in brackets: Catch would print both
        }
      }
}

TEST_CASE("AVX2 and AVX-512 give the same bits") {
  const KernelTable *narrow = find_kernel_table("avx2"), *wide = find_kernel_table("avx512");
  if (!narrow || !wide) return skip("this processor does not have both");
  for (const std::int64_t channels : {4, 8, 13, 16, 40})
    for (const std::int64_t stride : {1, 2}) {
      INFO("channels " << channels << " stride " << stride);
      CHECK((everything(*narrow, channels, stride) == everything(*wide, channels, stride)));
    }
}
