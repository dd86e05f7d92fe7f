#include "engine/nn/parameter_store.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "engine/nn/batch_norm.h"
#include "engine/nn/conv2d.h"
#include "engine/nn/linear.h"

using namespace nascent;
using Catch::Matchers::Contains;

namespace {

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && a.dtype() == b.dtype() &&
         std::equal(a.bytes_data(), a.bytes_data() + a.bytes(), b.bytes_data());
}

std::vector<std::string> names(const ParameterStore& store) {
  std::vector<std::string> out;
  for (const Parameter& p : store.entries()) out.push_back(p.name);
  return out;
}

double largest(const Tensor& t) {
  double most = 0;
  for (std::int64_t i = 0; i < t.elements(); ++i) most = std::max(most, std::abs(t.at(i)));
  return most;
}

}  // namespace

TEST_CASE("a scope gives its children dotted names") {
  ParameterStore store;
  REQUIRE((store.root() / "cells" / 3 / "ops").prefix() == "cells.3.ops");
  (store.root() / "stem" / 0).weight("weight", {2, 3}, {});
  store.root().buffer("steps", {1}, {});
  REQUIRE(names(store) == std::vector<std::string>{"stem.0.weight", "steps"});
  REQUIRE(store.find("stem.0.weight")->value.shape() == Shape{2, 3});
  REQUIRE(store.find("stem.0") == nullptr);
}

TEST_CASE("layers register PyTorch's names, shapes, kinds and layouts") {
  ParameterStore store;
  const Scope root = store.root();
  Conv2d conv(root / "conv", {.in = 6, .out = 4, .kernel = 3, .groups = 2});
  DepthwiseConv2d depthwise(root / "depthwise", {.channels = 5, .kernel = 5});
  BatchNorm affine(root / "bn", {.channels = 4});
  BatchNorm plain(root / "plain", {.channels = 3, .affine = false});
  Linear linear(root / "classifier", {.in = 7, .out = 10});

  REQUIRE(names(store) == std::vector<std::string>{"conv.weight", "depthwise.weight", "bn.weight", "bn.bias",
                                                   "bn.running_mean", "bn.running_var", "plain.running_mean",
                                                   "plain.running_var", "classifier.weight", "classifier.bias"});
  const auto& conv_weight = *store.find("conv.weight");
  REQUIRE(conv_weight.value.shape() == Shape{3, 3, 3, 4});
  REQUIRE(conv_weight.layout == Parameter::Layout::conv);
  REQUIRE(store.find("depthwise.weight")->value.shape() == Shape{5, 5, 5});
  REQUIRE(store.find("depthwise.weight")->layout == Parameter::Layout::depthwise);
  REQUIRE(store.find("classifier.weight")->value.shape() == Shape{10, 7});
  REQUIRE(store.find("bn.running_var")->kind == Parameter::Kind::buffer);

  REQUIRE(store.weights().size() == 6);
  REQUIRE(store.buffers().size() == 4);
  REQUIRE(store.weight_count() == 3 * 3 * 3 * 4 + 5 * 5 * 5 + 4 + 4 + 70 + 10);  // buffers are not counted
}

TEST_CASE("weights start within PyTorch's bounds and fill them") {
  ParameterStore store(1, DType::f64);
  Conv2d conv(store.root() / "conv", {.in = 8, .out = 32, .kernel = 3, .groups = 2});
  DepthwiseConv2d depthwise(store.root() / "depthwise", {.channels = 64, .kernel = 5});
  Linear linear(store.root() / "linear", {.in = 25, .out = 40});
  BatchNorm norm(store.root() / "bn", {.channels = 3});

  const auto bounded = [&](const char* name, double bound) {
    const Tensor w = store.find(name)->value;
    const double n = static_cast<double>(w.elements());
    CAPTURE(name, bound);
    REQUIRE(largest(w) <= bound);
    REQUIRE(largest(w) > bound * (1 - 20 / n));  // missed with probability e^-20
    // The mean of n uniform numbers has deviation bound/sqrt(3n); six of them are never seen.
    REQUIRE(std::abs(w.array<double>().mean()) < 6 * bound / std::sqrt(3 * n));
  };
  bounded("conv.weight", 1 / std::sqrt(4.0 * 9));
  bounded("depthwise.weight", 1 / 5.0);
  bounded("linear.weight", 1 / 5.0);
  REQUIRE(largest(store.find("linear.bias")->value) <= 1 / 5.0);
  for (std::int64_t c = 0; c < 3; ++c) {
    REQUIRE(store.find("bn.weight")->value.at(c) == 1);
    REQUIRE(store.find("bn.bias")->value.at(c) == 0);
    REQUIRE(store.find("bn.running_mean")->value.at(c) == 0);
    REQUIRE(store.find("bn.running_var")->value.at(c) == 1);
  }
}

TEST_CASE("a parameter's first values depend on seed and name alone") {
  ParameterStore one(7), other_order(7), other_seed(8);
  Conv2d a1(one.root() / "a", {.in = 3, .out = 4}), b1(one.root() / "b", {.in = 3, .out = 4});
  Conv2d b2(other_order.root() / "b", {.in = 3, .out = 4}), a2(other_order.root() / "a", {.in = 3, .out = 4});
  Conv2d a3(other_seed.root() / "a", {.in = 3, .out = 4});

  REQUIRE(same_bits(one.find("a.weight")->value, other_order.find("a.weight")->value));
  REQUIRE(same_bits(one.find("b.weight")->value, other_order.find("b.weight")->value));
  REQUIRE_FALSE(same_bits(one.find("a.weight")->value, one.find("b.weight")->value));
  REQUIRE_FALSE(same_bits(one.find("a.weight")->value, other_seed.find("a.weight")->value));

  ParameterStore exact(7, DType::f64);
  Conv2d a4(exact.root() / "a", {.in = 3, .out = 4});
  REQUIRE(same_bits(exact.find("a.weight")->value.cast(DType::f32), one.find("a.weight")->value));
}

TEST_CASE("a snapshot restores weights or buffers to the bit, and into the same storage") {
  ParameterStore store(3);
  Conv2d conv(store.root() / "conv", {.in = 3, .out = 4});
  BatchNorm norm(store.root() / "bn", {.channels = 4});
  Tensor weight = store.weights()[0], mean = store.buffers()[0];
  weight.mutable_data<float>()[0] = -0.0f;
  const Tensor weight_before = weight.clone(), mean_before = mean.clone();

  const Snapshot weights = store.snapshot(Parameter::Kind::weight);
  weight.mutable_array<float>() += 1;
  mean.mutable_array<float>() += 1;
  store.restore(weights);
  REQUIRE(same_bits(weight, weight_before));
  REQUIRE(std::signbit(weight.at(0)));
  REQUIRE(mean.at(0) == 1);  // a buffer: not part of it

  const Snapshot buffers = store.snapshot(Parameter::Kind::buffer);
  mean.mutable_array<float>() = 5;
  store.restore(buffers);
  REQUIRE(mean.at(0) == 1);
}

TEST_CASE("a store refuses a name twice, and the snapshot of another network") {
  ParameterStore store, other;
  Conv2d conv(store.root() / "conv", {.in = 3, .out = 4});
  REQUIRE_THROWS_WITH(Conv2d(store.root() / "conv", {}),
                      Contains("[parameters] expected a new name, got \"conv.weight\" again"));
  REQUIRE_THROWS_WITH(
      Conv2d(store.root(), {.in = 4, .out = 6, .groups = 3}),
      Contains("expected channels divisible by 3 groups, got 4 in and 6 out (parameter_store_test.cpp:"));
  REQUIRE_THROWS_WITH(Linear(store.root(), {.in = 0}), Contains("[linear layer] expected sizes of at least 1, got 0"));
  REQUIRE(store.entries().size() == 1);

  Conv2d wider(other.root() / "conv", {.in = 3, .out = 5});
  const Tensor before = store.weights()[0].clone();
  REQUIRE_THROWS_WITH(store.restore(other.snapshot(Parameter::Kind::weight)),
                      Contains("expected tensor 0 of shape [1, 1, 3, 4], got [1, 1, 3, 5]"));
  REQUIRE_THROWS_WITH(store.restore(Snapshot{}), Contains("expected a snapshot of 1 tensors, got 0"));
  REQUIRE(same_bits(store.weights()[0], before));
}
