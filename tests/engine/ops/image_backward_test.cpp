// What the op table does not say about the backward rules of image ops: which path runs, and what is left out.
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "engine/autograd/tape.h"
#include "engine/ops/ops.h"

using namespace nascent;

namespace {

Tensor normals(const Shape& shape, const char* purpose, DType dtype = DType::f64) {
  const Random random(11, purpose);
  Tensor t = Tensor::empty(shape, DType::f64);
  for (std::int64_t i = 0; i < t.elements(); ++i) t.mutable_data<double>()[i] = random.normal(i);
  return t.cast(dtype);
}

double relative_difference(const Tensor& a, const Tensor& b) {
  return (a.array<double>() - b.array<double>()).matrix().norm() / b.array<double>().matrix().norm();
}

bool ran(const Tape& tape, const std::string& op) {
  return std::any_of(tape.nodes().begin(), tape.nodes().end(), [&](const Node& node) { return node.op->name == op; });
}

}  // namespace

TEST_CASE("batch norm's kernel and its small ops give the same gradients") {
  const Tensor x = normals({4, 5, 3, 6}, "x"), dy = normals({4, 5, 3, 6}, "dy");
  const Tensor gamma = normals({6}, "gamma"), beta = normals({6}, "beta");
  const auto gradients = [&](bool create_graph, bool affine) {
    Tape tape;
    tape.watch(std::vector{x, gamma, beta});
    const Tensor y = affine ? batch_norm(x, gamma, beta).y : batch_norm(x, {}, {}).y;
    return tape.backward(y, {.seed = dy, .create_graph = create_graph});
  };
  const Gradients kernel = gradients(false, true), ops = gradients(true, true);
  REQUIRE(relative_difference(kernel[x], ops[x]) < 1e-13);
  REQUIRE(relative_difference(kernel[gamma], ops[gamma]) < 1e-13);
  REQUIRE(relative_difference(kernel[beta], ops[beta]) < 1e-13);
  REQUIRE(relative_difference(gradients(false, false)[x], gradients(true, false)[x]) < 1e-13);
}

TEST_CASE("batch statistics are constants, and what a batch norm was given is not changed") {
  const Tensor x = normals({3, 2, 2, 4}, "x");
  const Tensor before = x.clone();
  Tape tape;
  tape.watch(x);
  const BatchNormed normed = batch_norm(x, {}, {});
  REQUIRE(tape.index_of(normed.y, Where::current()) >= 0);
  REQUIRE(tape.index_of(normed.mean, Where::current()) == -1);
  REQUIRE(tape.index_of(normed.variance, Where::current()) == -1);
  tape.backward(sum(normed.y));
  REQUIRE((x.array<double>() == before.array<double>()).all());
}

TEST_CASE("a convolution computes only the gradients somebody wants") {
  const Tensor x = normals({2, 5, 5, 3}, "x"), w = normals({3, 3, 3, 4}, "w"), u = normals({3, 3, 3}, "u");
  Tape tape;
  tape.watch(std::vector{x, w, u});
  const Tensor y = sum(conv2d(depthwise_conv2d(x, u, {.padding = 1}), w));
  SECTION("of the input") {
    tape.backward(y, {.wrt = {x}, .create_graph = true});
    REQUIRE(ran(tape, "conv2d_input_grad"));
    REQUIRE(ran(tape, "depthwise_conv2d_input_grad"));
    REQUIRE_FALSE(ran(tape, "conv2d_weight_grad"));
    REQUIRE_FALSE(ran(tape, "depthwise_conv2d_weight_grad"));
  }
  SECTION("of the last weight") {
    tape.backward(y, {.wrt = {w}, .create_graph = true});
    REQUIRE(ran(tape, "conv2d_weight_grad"));
    REQUIRE_FALSE(ran(tape, "conv2d_input_grad"));
    REQUIRE_FALSE(ran(tape, "depthwise_conv2d_input_grad"));
  }
}

TEST_CASE("a forward counts its multiply-adds, a backward pass none") {
  const Tensor x = normals({2, 6, 5, 4}, "x"), w = normals({3, 3, 2, 8}, "w"), u = normals({3, 3, 8}, "u");
  Tape tape;
  tape.watch(std::vector{x, w, u});
  const Tensor y = conv2d(x, w, {.stride = 2, .padding = 1, .groups = 2});
  REQUIRE(tape.macs() == 2 * 3 * 3 * 8 * 2 * 9);
  const Tensor z = depthwise_conv2d(y, u, {.padding = 1});
  const std::int64_t forward = 2 * 3 * 3 * 8 * 2 * 9 + 2 * 3 * 3 * 8 * 9;
  REQUIRE(tape.macs() == forward);
  tape.backward(sum(max_pool2d(z)), {.wrt = {u}, .create_graph = true});
  REQUIRE(tape.macs() == forward);
}

TEST_CASE("a branch used twice gets both its gradients") {
  const Tensor w = Tensor::from({3}, std::vector<double>{2, 3, 5}), a = normals({2, 2}, "a"), b = normals({2, 2}, "b");
  Tape tape;
  tape.watch(std::vector{w, a, b});
  const Gradients g = tape.backward(sum(weighted_sum(w, std::vector{a, b, a})));
  for (std::int64_t i = 0; i < 4; ++i) {
    REQUIRE(g[a].at(i) == 7);
    REQUIRE(g[b].at(i) == 3);
  }
}

TEST_CASE("drop path drops whole samples, as often as it was asked to") {
  const std::int64_t samples = 4000;
  const Tensor x = Tensor::full({samples, 3}, 1, DType::f64);
  const Tensor y = drop_path(x, 0.25, Random(1, "drop path", {9}));
  std::int64_t dropped = 0;
  for (std::int64_t n = 0; n < samples; ++n) {
    dropped += y.at(3 * n) == 0;
    for (std::int64_t c = 0; c < 3; ++c) REQUIRE((y.at(3 * n + c) == 0 ? 0 : 1 / 0.75) == y.at(3 * n + c));
    REQUIRE((y.at(3 * n) == 0) == (y.at(3 * n + 2) == 0));
  }
  // Deviation sqrt(4000 * 0.25 * 0.75) = 27; six of them are never seen.
  REQUIRE(std::abs(dropped - samples / 4) < 165);
}
