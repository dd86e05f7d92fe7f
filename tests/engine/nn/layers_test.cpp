#include <catch2/catch.hpp>
#include <cmath>

#include "engine/autograd/tape.h"
#include "engine/nn/batch_norm.h"
#include "engine/nn/conv2d.h"
#include "engine/nn/linear.h"
#include "engine/nn/parameterless.h"
#include "engine/nn/sequential.h"

using namespace nascent;
using Catch::Matchers::Contains;

namespace {

Tensor value(const ParameterStore& store, const char* name) { return store.find(name)->value; }

// Two channels over four pixels: means 4 and 10, sums of squared deviations 20 and 200.
Tensor four_pixels(DType dtype = DType::f64) {
  return Tensor::from({1, 2, 2, 2}, std::vector<double>{1, 0, 3, 10, 5, 10, 7, 20}).cast(dtype);
}

}  // namespace

TEST_CASE("running statistics move as PyTorch's do, with the unbiased variance") {
  const DType dtype = GENERATE(DType::f32, DType::f64);
  ParameterStore store(0, dtype);
  BatchNorm norm(store.root(), {.channels = 2, .momentum = 0.25});
  const Tensor mean = value(store, "running_mean"), variance = value(store, "running_var");

  norm.forward(four_pixels(dtype), {});
  REQUIRE(mean.at(0) == 0.25 * 4);
  REQUIRE(mean.at(1) == 0.25 * 10);
  REQUIRE(variance.at(0) == Approx(0.75 + 0.25 * 20 / 3).epsilon(1e-6));  // 20/(N-1), not 20/N
  REQUIRE(variance.at(1) == Approx(0.75 + 0.25 * 200 / 3).epsilon(1e-6));

  norm.forward(four_pixels(dtype), {});
  REQUIRE(mean.at(0) == 0.75 * 1 + 0.25 * 4);
  REQUIRE(variance.at(0) == Approx(0.75 * (0.75 + 0.25 * 20 / 3) + 0.25 * 20 / 3).epsilon(1e-6));
}

TEST_CASE("training normalises by the batch, whatever the running statistics are") {
  ParameterStore store(0, DType::f64);
  BatchNorm norm(store.root(), {.channels = 2, .epsilon = 4});
  value(store, "weight").mutable_data<double>()[1] = 3;
  value(store, "bias").mutable_data<double>()[1] = -1;
  const Tensor y = norm.forward(four_pixels(), {});
  REQUIRE(y.at(0) == Approx(-3 / std::sqrt(5.0 + 4)).epsilon(1e-14));  // biased variance 20/4
  REQUIRE(y.at(1) == Approx(3 * -10 / std::sqrt(50.0 + 4) - 1).epsilon(1e-14));
}

TEST_CASE("statistics stay when the context says so, and in evaluation") {
  ParameterStore store(0, DType::f64);
  BatchNorm norm(store.root(), {.channels = 2, .affine = false, .epsilon = 0});
  const Context context = GENERATE(Context{.update_statistics = false}, Context{.phase = Phase::evaluate});
  norm.forward(four_pixels(), context);
  for (std::int64_t c = 0; c < 2; ++c) {
    REQUIRE(value(store, "running_mean").at(c) == 0);
    REQUIRE(value(store, "running_var").at(c) == 1);
  }
}

TEST_CASE("evaluation normalises by the running statistics") {
  ParameterStore store(0, DType::f64);
  BatchNorm norm(store.root(), {.channels = 2, .affine = false, .epsilon = 0});
  value(store, "running_mean").copy_from(Tensor::from({2}, std::vector<double>{1, 2}));
  value(store, "running_var").copy_from(Tensor::from({2}, std::vector<double>{4, 16}));
  const Tensor y = norm.forward(four_pixels(), {.phase = Phase::evaluate});
  const Tensor x = four_pixels();
  for (std::int64_t i = 0; i < x.elements(); ++i) REQUIRE(y.at(i) == (x.at(i) - (i % 2 ? 2 : 1)) / (i % 2 ? 4 : 2));
}

TEST_CASE("a batch norm whose statistics moved after forward still goes backward") {
  ParameterStore store;
  BatchNorm norm(store.root(), {.channels = 2});
  Tape tape;
  tape.watch(store.weights());
  const Tensor y = norm.forward(norm.forward(four_pixels(DType::f32), {}), {});
  const Gradients g = tape.backward(sum(y));
  REQUIRE(g.find(store.weights()[1]) != nullptr);
  REQUIRE(g[store.weights()[1]].at(0) == 4);
}

TEST_CASE("linear is x W^T + b") {
  ParameterStore store(0, DType::f64);
  Linear layer(store.root(), {.in = 2, .out = 3});
  value(store, "weight").copy_from(Tensor::from({3, 2}, std::vector<double>{1, 2, 3, 4, 5, 6}));
  value(store, "bias").copy_from(Tensor::from({3}, std::vector<double>{10, 20, 30}));
  const Tensor y = layer.forward(Tensor::from({1, 2}, std::vector<double>{1, -1}), {});
  REQUIRE(y.shape() == Shape{1, 3});
  REQUIRE(y.at(0) == 9);
  REQUIRE(y.at(1) == 19);
  REQUIRE(y.at(2) == 29);
}

TEST_CASE("a sequence numbers all its layers and runs them in order") {
  ParameterStore store(2);
  Sequential block(store.root() / "op");
  block.add<Relu>()
      .add<DepthwiseConv2d>({.channels = 4, .kernel = 3, .stride = 2, .padding = 1})
      .add<Conv2d>({.in = 4, .out = 6})
      .add<BatchNorm>({.channels = 6, .affine = false})
      .add<MaxPool2d>({.kernel = 3, .stride = 1, .padding = 1})
      .add<AvgPool2d>({.kernel = 2, .stride = 2});
  std::vector<std::string> names;
  for (const Parameter& p : store.entries()) names.push_back(p.name);
  REQUIRE(names == std::vector<std::string>{"op.1.weight", "op.2.weight", "op.3.running_mean", "op.3.running_var"});
  REQUIRE(block.size() == 6);
  REQUIRE(block.next().prefix() == "op.6");

  const Tensor x = Tensor::full({2, 8, 8, 4}, 1), negative = Tensor::full({2, 8, 8, 4}, -1);
  REQUIRE(block.forward(x, {}).shape() == Shape{2, 2, 2, 6});
  const Context evaluate{.phase = Phase::evaluate};
  REQUIRE(block.forward(negative, evaluate).shape() == Shape{2, 2, 2, 6});
  const Tensor bare = conv2d(depthwise_conv2d(x, value(store, "op.1.weight"), {.stride = 2, .padding = 1}),
                             value(store, "op.2.weight"));
  const Tensor by_hand = avg_pool2d(
      max_pool2d(batch_norm_with(bare, {}, {}, value(store, "op.3.running_mean"), value(store, "op.3.running_var")),
                 {.kernel = 3, .stride = 1, .padding = 1}),
      {.kernel = 2, .stride = 2});
  const Tensor y = block.forward(x, evaluate);
  for (std::int64_t i = 0; i < y.elements(); ++i) REQUIRE(y.at(i) == by_hand.at(i));
}

TEST_CASE("a layer's errors point at the line that made it") {
  ParameterStore store;
  Sequential block(store.root());
  block.add<Conv2d>({.in = 16, .out = 8});
  const int made_at = __LINE__ - 1;
  REQUIRE_THROWS_WITH(block.forward(Tensor::zeros({1, 4, 4, 3}), {}),
                      Contains("(layers_test.cpp:" + std::to_string(made_at) + ")"));
}
