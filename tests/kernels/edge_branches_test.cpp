// The fused edge against its operations one by one, over the double kernels that are the specification. Whole numbers:
// all but the averages compare with ==.
#include "kernels/edge_branches.h"

#include <catch2/catch.hpp>
#include <string>

#include "kernels/conv2d.h"
#include "kernels/depthwise_conv2d.h"
#include "kernels/pool2d.h"
#include "tests/support/guarded.h"
#include "tests/support/integers.h"
#include "tests/support/isa_tables.h"

using namespace nascent::kernels;
using namespace nascent::test;

namespace {

using Doubles = std::vector<double>;
using Floats = std::vector<float>;

Floats narrow(const Doubles& v) { return {v.begin(), v.end()}; }
Doubles widen(const Floats& v) { return {v.begin(), v.end()}; }

struct Case {
  std::int64_t batch, height, width, channels, stride;
  bool norm;
};

// What each operation of the list computes, plainly.
struct Plain {
  Case c;
  EdgeBranch branch;
  Doubles x, scale, shift, depthwise, pointwise, dy, a, b, d;

  DepthwiseShape depthwise_shape() const {
    return {c.batch,       c.height, c.width,          c.channels,     branch.kernel,
            branch.kernel, c.stride, branch.padding(), branch.dilation};
  }
  Conv2dShape pointwise_shape() const {
    const DepthwiseShape s = depthwise_shape();
    return {.batch = c.batch,
            .height = s.out_height(),
            .width = s.out_width(),
            .in_channels = c.channels,
            .out_channels = c.channels};
  }
  PoolShape pool() const { return {c.batch, c.height, c.width, c.channels, 3, c.stride, 1}; }
  Doubles relu() const {
    Doubles r = x;
    for (std::size_t i = 0; i < r.size(); ++i) {
      const std::size_t ch = i % static_cast<std::size_t>(c.channels);
      r[i] = std::max(0., c.norm ? x[i] * scale[ch] + shift[ch] : x[i]);
    }
    return r;
  }
  Doubles middle() const {
    const DepthwiseShape s = depthwise_shape();
    Doubles t(dy.size()), scratch(depthwise_conv2d_forward_scratch<double>(s));
    const Doubles r = relu();
    depthwise_conv2d_forward(s, r.data(), depthwise.data(), t.data(), scratch.data());
    return t;
  }
  Doubles forward(std::vector<std::uint8_t>& tap) const {
    Doubles z(dy.size());
    if (branch.kind == EdgeBranchKind::max_pool) {
      max_pool2d(pool(), x.data(), z.data(), tap.data());
    } else if (branch.kind == EdgeBranchKind::avg_pool) {
      avg_pool2d(pool(), x.data(), z.data());
    } else {
      const Conv2dShape s = pointwise_shape();
      Doubles scratch(conv2d_forward_scratch<double>(s));
      conv2d_forward(s, middle().data(), pointwise.data(), z.data(), scratch.data());
    }
    return z;
  }
  Doubles dz(const Doubles& z) const {
    Doubles g(dy.size());
    for (std::size_t i = 0; i < g.size(); ++i) {
      const std::size_t ch = i % static_cast<std::size_t>(c.channels);
      g[i] = a[ch] * dy[i] + (b[ch] * z[i] + d[ch]);
    }
    return g;
  }
  void backward(const Doubles& z, const std::vector<std::uint8_t>& tap, Doubles& dx, Doubles& d_depthwise,
                Doubles& d_pointwise) const {
    const Doubles g = dz(z);
    Doubles own(x.size());
    if (branch.kind == EdgeBranchKind::max_pool) {
      max_pool2d_scatter(pool(), g.data(), tap.data(), own.data());
    } else if (branch.kind == EdgeBranchKind::avg_pool) {
      avg_pool2d_grad(pool(), g.data(), own.data());
    } else {
      const Conv2dShape p = pointwise_shape();
      const DepthwiseShape s = depthwise_shape();
      Doubles scratch(conv2d_weight_grad_scratch<double>(p) + conv2d_input_grad_scratch<double>(p) +
                      depthwise_conv2d_weight_grad_scratch<double>(s) + depthwise_conv2d_input_grad_scratch<double>(s));
      Doubles dt(dy.size());
      const Doubles r = relu();
      d_depthwise.resize(depthwise.size()), d_pointwise.resize(pointwise.size());
      conv2d_weight_grad(p, middle().data(), g.data(), d_pointwise.data(), scratch.data());
      conv2d_input_grad(p, g.data(), pointwise.data(), dt.data(), scratch.data());
      depthwise_conv2d_weight_grad(s, r.data(), dt.data(), d_depthwise.data(), scratch.data());
      depthwise_conv2d_input_grad(s, dt.data(), depthwise.data(), own.data(), scratch.data());
      for (std::size_t i = 0; i < own.size(); ++i)
        if (!(r[i] > 0)) own[i] = 0;
    }
    for (std::size_t i = 0; i < own.size(); ++i) dx[i] += own[i];
  }
};

std::vector<EdgeBranch> darts_branches(bool pools) {
  std::vector<EdgeBranch> list = {
      {.kernel = 3}, {.kernel = 5}, {.kernel = 3, .dilation = 2}, {.kernel = 5, .dilation = 2}};
  if (pools) list.insert(list.begin(), {{.kind = EdgeBranchKind::max_pool}, {.kind = EdgeBranchKind::avg_pool}});
  return list;
}

std::vector<Case> cases() {
  std::vector<Case> list;
  for (std::int64_t c : {1, 3, 4, 5, 8, 12, 16, 19, 32, 36, 64})
    for (std::int64_t stride : {1, 2}) list.push_back({2, 7, 9, c, stride, false});
  list.push_back({3, 6, 5, 16, 1, true});
  list.push_back({2, 5, 6, 8, 1, true});
  list.push_back({2, 4, 4, 6, 1, true});
  list.push_back({19, 3, 17, 4, 1, false});
  list.push_back({1, 1, 1, 8, 2, false});
  list.push_back({1, 20, 70, 16, 2, true});
  for (std::int64_t width : {14, 29}) list.push_back({2, 3, width, 8, 1, false});  // two pixels a vector, and a rest
  return list;
}

// Within 1e-5 of what was added up to get there: the value itself, or the sum of magnitudes where sums cancel.
void near(const Floats& got, const Doubles& expected, const Doubles& magnitude) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i)
    if (std::abs(got[i] - expected[i]) > 1e-5 * (1 + magnitude[i])) {
      INFO("element " << i);
      CHECK(got[i] == Approx(expected[i]));
    }
}
void near(const Floats& got, const Doubles& expected) {
  Doubles magnitude = expected;
  for (double& m : magnitude) m = std::abs(m);
  near(got, expected, magnitude);
}

void compare(const Case& c, const KernelTable& isa) {
  INFO(isa.name << ": batch " << c.batch << ", " << c.height << " x " << c.width << " x " << c.channels << ", stride "
                << c.stride << (c.norm ? ", normed" : ""));
  const std::int64_t in = c.batch * c.height * c.width * c.channels, ch = c.channels;
  const auto x = integers<double>(in, 1, 2);
  const auto scale = integers<double>(ch, 2, 1), shift = integers<double>(ch, 3, 2);
  const Floats xf = narrow(x), scale_f = narrow(scale), shift_f = narrow(shift);
  EdgeInput input{c.batch, c.height, c.width, ch, c.stride, xf.data()};
  if (c.norm) input.scale = scale_f.data(), input.shift = shift_f.data();
  const std::int64_t out = c.batch * input.out_height() * input.out_width() * ch;

  std::vector<EdgeBranch> branches = darts_branches(!c.norm);
  const std::size_t count = branches.size();
  std::vector<EdgeBranchGrad> grads(count);
  std::vector<Plain> plain;
  std::vector<Floats> weights, coefficients;
  std::vector<Guarded<float>> z, statistics, weight_grads;
  std::vector<std::uint8_t> tap(static_cast<std::size_t>(out));
  weights.reserve(5 * count), coefficients.reserve(5 * count);
  for (std::size_t k = 0; k < count; ++k) {
    EdgeBranch& b = branches[k];
    const std::int64_t taps = b.kernel * b.kernel * ch;
    plain.push_back({c, b, x, scale, shift, integers<double>(taps, 10 + k, 1), integers<double>(ch * ch, 20 + k, 1),
                     integers<double>(out, 30 + k, 2), integers<double>(ch, 40 + k, 2), integers<double>(ch, 50 + k, 1),
                     integers<double>(ch, 60 + k, 2)});
    const Plain& p = plain.back();
    b.depthwise = weights.emplace_back(narrow(p.depthwise)).data();
    b.pointwise = weights.emplace_back(narrow(p.pointwise)).data();
    z.emplace_back(out), statistics.emplace_back(ch), statistics.emplace_back(ch);
    weight_grads.emplace_back(taps), weight_grads.emplace_back(ch * ch);
    grads[k] = {.dy = weights.emplace_back(narrow(p.dy)).data(),
                .a = coefficients.emplace_back(narrow(p.a)).data(),
                .b = coefficients.emplace_back(narrow(p.b)).data(),
                .d = coefficients.emplace_back(narrow(p.d)).data()};
  }
  for (std::size_t k = 0; k < count; ++k) {
    if (branches[k].kind == EdgeBranchKind::separable) grads[k].z = branches[k].z = z[k].data();
    branches[k].mean = statistics[2 * k].data(), branches[k].variance = statistics[2 * k + 1].data();
    grads[k].depthwise = weight_grads[2 * k].data(), grads[k].pointwise = weight_grads[2 * k + 1].data();
  }
  const int n = static_cast<int>(count);
  const EdgeGroup group{input, n, branches.data()};
  Guarded<float> scratch(edge_branches_scratch(1, &group));
  isa.fused_edge->branches_forward(1, &group, scratch.data());

  Doubles dx(x.size());
  std::vector<Doubles> depthwise(count), pointwise(count), zs;
  for (std::size_t k = 0; k < count; ++k) {
    INFO("branch " << k);
    zs.push_back(plain[k].forward(tap));
    if (branches[k].kind == EdgeBranchKind::separable) {
      CHECK(widen(z[k].values()) == zs[k]);
      CHECK(z[k].fences_stand());
    }
    Doubles mean(ch), variance(ch);
    const double m = static_cast<double>(out / ch);
    for (std::size_t i = 0; i < zs[k].size(); ++i) mean[i % ch] += zs[k][i] / m;
    for (std::size_t i = 0; i < zs[k].size(); ++i) variance[i % ch] += std::pow(zs[k][i] - mean[i % ch], 2) / m;
    near(statistics[2 * k].values(), mean);
    for (std::int64_t i = 0; i < ch; ++i)  // the square of the mean cancels
      CHECK(statistics[2 * k + 1].values()[i] == Approx(variance[i]).margin(1e-5 * (1 + mean[i] * mean[i])));
    plain[k].backward(zs[k], tap, dx, depthwise[k], pointwise[k]);
  }

  Guarded<float> dx_f(in), sum(ch), sum_x(ch);
  EdgeGroupGrad grad{grads.data(), {.dx = dx_f.data(), .sum_dx = sum.data(), .sum_dx_x = sum_x.data()}};
  const EdgeSkip skip{xf.data(), 3};
  if (c.stride == 1) grad.to.skips = 1, grad.to.skip = &skip;
  isa.fused_edge->branches_backward(1, &group, &grad, scratch.data());
  if (c.stride == 1)
    for (std::size_t i = 0; i < dx.size(); ++i) dx[i] += 3 * x[i];
  if (c.norm)
    CHECK(widen(dx_f.values()) == dx);
  else
    near(dx_f.values(), dx);
  Doubles sums(ch), sums_x(ch), added(ch), added_x(ch);
  for (std::size_t i = 0; i < dx.size(); ++i) {
    sums[i % ch] += dx[i], sums_x[i % ch] += dx[i] * x[i];
    added[i % ch] += std::abs(dx[i]), added_x[i % ch] += std::abs(dx[i] * x[i]);
  }
  near(sum.values(), sums, added);
  near(sum_x.values(), sums_x, added_x);
  for (std::size_t k = 0; k < count; ++k) {
    INFO("branch " << k);
    if (branches[k].kind != EdgeBranchKind::separable) continue;
    CHECK(widen(weight_grads[2 * k].values()) == depthwise[k]);
    CHECK(widen(weight_grads[2 * k + 1].values()) == pointwise[k]);
    CHECK(weight_grads[2 * k].fences_stand());
  }
  Floats twice = dx_f.values();
  for (float& v : twice) v += v;
  grad.to.add = true;
  isa.fused_edge->branches_backward(1, &group, &grad, scratch.data());
  CHECK(dx_f.values() == twice);
  CHECK(dx_f.fences_stand());
  CHECK(scratch.fences_stand());
}

}  // namespace

TEST_CASE("the fused edge equals its operations one by one, on every instruction set") {
  for (const KernelTable* isa : isa_tables())
    if (isa->fused_edge)
      for (const Case& c : cases()) compare(c, *isa);
}

namespace {

// A second block with all it leaves, both ways.
struct OneBlock {
  Floats x, scale, shift, weights, dy, a, z, statistics, depthwise, pointwise, dx, sums;
  EdgeBranch branch;
  EdgeBranchGrad grad;
  OneBlock(std::int64_t kernel, std::int64_t dilation, std::int64_t channels, std::uint64_t seed)
      : x(reals<float>(5 * 6 * 7 * channels, seed)),
        scale(reals<float>(channels, seed + 1)),
        shift(reals<float>(channels, seed + 2)),
        weights(reals<float>((kernel * kernel + channels) * channels, seed + 3)),
        dy(reals<float>(static_cast<std::int64_t>(x.size()), seed + 4)),
        a(reals<float>(channels, seed + 5)),
        z(x.size()),
        statistics(static_cast<std::size_t>(2 * channels)),
        depthwise(static_cast<std::size_t>(kernel * kernel * channels)),
        pointwise(static_cast<std::size_t>(channels * channels)),
        dx(x.size()),
        sums(static_cast<std::size_t>(2 * channels)),
        branch{.kernel = kernel, .dilation = dilation} {}
  EdgeGroup group(std::int64_t channels) {
    branch.depthwise = weights.data(), branch.pointwise = weights.data() + depthwise.size(), branch.z = z.data();
    branch.mean = statistics.data(), branch.variance = statistics.data() + channels;
    return {{5, 6, 7, channels, 1, x.data(), scale.data(), shift.data()}, 1, &branch};
  }
  EdgeGroupGrad group_grad(std::int64_t channels) {
    grad = {dy.data(), z.data(), a.data(), scale.data(), shift.data(), depthwise.data(), pointwise.data()};
    return {&grad, {.dx = dx.data(), .sum_dx = sums.data(), .sum_dx_x = sums.data() + channels}};
  }
  std::vector<Floats> left() const { return {z, statistics, depthwise, pointwise, dx, sums}; }
};

std::vector<std::vector<Floats>> run_blocks(const KernelTable& isa, std::int64_t channels, int at_once) {
  std::vector<OneBlock> blocks;
  for (std::uint64_t k = 0; k < kMaxGroups; ++k)
    blocks.emplace_back(k % 3 == 0 ? 3 : 5, k % 2 == 0 ? 1 : 2, channels, 100 * k);
  for (int first = 0; first < kMaxGroups; first += at_once) {
    std::vector<EdgeGroup> groups;
    std::vector<EdgeGroupGrad> grads;
    for (int k = first; k < first + at_once; ++k) {
      OneBlock& block = blocks[static_cast<std::size_t>(k)];
      groups.push_back(block.group(channels)), grads.push_back(block.group_grad(channels));
    }
    Guarded<float> scratch(edge_branches_scratch(at_once, groups.data()));
    isa.fused_edge->branches_forward(at_once, groups.data(), scratch.data());
    isa.fused_edge->branches_backward(at_once, groups.data(), grads.data(), scratch.data());
    CHECK(scratch.fences_stand());
  }
  std::vector<std::vector<Floats>> all;
  for (const OneBlock& block : blocks) all.push_back(block.left());
  return all;
}

}  // namespace

TEST_CASE("groups of branches in one call leave what each leaves alone, to the bit") {
  for (const KernelTable* isa : isa_tables())
    for (const std::int64_t channels : {3, 8, 16, 36}) {
      if (!isa->fused_edge) continue;
      INFO(isa->name << ", " << channels << " channels");
      const auto alone = run_blocks(*isa, channels, 1);
      CHECK(run_blocks(*isa, channels, 2) == alone);
      CHECK(run_blocks(*isa, channels, kMaxGroups) == alone);
    }
}
