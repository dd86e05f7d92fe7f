// A training that diverges must be seen to: no ReLU, alone or inside a fused kernel, turns what is not a number into 0.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/edge_branches.h"
#include "kernels/projection.h"
#include "tests/support/isa_tables.h"

using namespace nascent::kernels;
using namespace nascent::test;

namespace {

constexpr std::int64_t kChannels = 16, kSide = 5, kCentre = (kSide * kSide / 2) * kChannels;

// 0 everywhere, but the first channel of the centre.
std::vector<float> centre_not_a_number() {
  std::vector<float> x(kSide * kSide * kChannels);
  x[kCentre] = std::numeric_limits<float>::quiet_NaN();
  return x;
}

}  // namespace

TEST_CASE("relu lets what is not a number pass, on every instruction set") {
  const std::vector<float> x = centre_not_a_number();
  for (const KernelTable* isa : isa_tables()) {
    INFO(isa->name);
    std::vector<float> y(x.size());
    isa->unary(Unary::relu, static_cast<std::int64_t>(x.size()), x.data(), y.data());
    CHECK(std::isnan(y[kCentre]));
    CHECK(y[kCentre + 1] == 0);
  }
}

TEST_CASE("the ReLU inside a fused edge lets what is not a number pass") {
  const std::vector<float> x = centre_not_a_number(), ones(kChannels, 1.f), depthwise(9 * kChannels, 1.f),
                           pointwise(kChannels * kChannels, 1.f), zeros(kChannels);
  const EdgeInput in{1, kSide, kSide, kChannels, 1, x.data()};
  EdgeInput normed = in;
  normed.scale = ones.data(), normed.shift = zeros.data();
  for (const KernelTable* isa : isa_tables())
    for (const EdgeInput& input : {in, normed}) {
      if (!isa->fused_edge) continue;
      INFO(isa->name);
      std::vector<float> z(x.size());
      EdgeBranch branch{.kernel = 3};
      branch.depthwise = depthwise.data(), branch.pointwise = pointwise.data(), branch.z = z.data();
      const EdgeGroup group{input, 1, &branch};
      std::vector<float> scratch(static_cast<std::size_t>(edge_branches_scratch(1, &group)));
      isa->fused_edge->branches_forward(1, &group, scratch.data());
      CHECK(std::isnan(z[kCentre]));
      CHECK(z[0] == 0);  // its window does not reach the centre
    }
}

TEST_CASE("the ReLU inside a projection lets what is not a number pass") {
  const std::vector<float> x = centre_not_a_number(), w(kChannels * kChannels, 1.f);
  const ProjectionPart part{x.data(), kChannels};
  const ProjectionTap tap{w.data(), kChannels};
  for (const KernelTable* isa : isa_tables()) {
    if (!isa->fused_edge) continue;
    INFO(isa->name);
    std::vector<float> z(x.size()), mean(kChannels), variance(kChannels);
    const ProjectionHead head{&tap, z.data(), mean.data(), variance.data()};
    const Projection p{1, kSide, kSide, 1, 1, 1, &part, &head};
    std::vector<float> scratch(static_cast<std::size_t>(projection_scratch(p)));
    isa->fused_edge->projection_forward(p, scratch.data());
    CHECK(std::isnan(z[kCentre]));
    CHECK(z[kCentre + kChannels] == 0);
  }
}
