// What single ops promise beyond their row of the op table.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "engine/autograd/tape.h"
#include "engine/ops/ops.h"

namespace nascent {
namespace {

Tensor vector_of(std::vector<double> values) {
  return Tensor::from({static_cast<std::int64_t>(values.size())}, std::span<const double>(values));
}

}  // namespace

TEST_CASE("equal maxima share the gradient, and NaN wins") {
  const Tensor x = vector_of({2, 5, 5, 1, 5, 5});
  Tape tape;
  tape.watch(x);
  const Gradients g = tape.backward(max(x));
  for (int i = 0; i < 6; ++i) CHECK(g[x].at(i) == (x.at(i) == 5 ? 0.25 : 0));
  CHECK(std::isnan(max(vector_of({1, NAN, 3})).item()));
}

TEST_CASE("stretching keeps every bit, the sign of zero included") {
  const Tensor y = broadcast_to(vector_of({-0.0}), {3});
  for (int i = 0; i < 3; ++i) CHECK(std::signbit(y.at(i)));
}

TEST_CASE("reshape shares storage, slices and sums of nothing exist") {
  const Tensor x = Tensor::full({2, 3}, 1);
  CHECK(reshape(x, {6}).storage() == x.storage());
  CHECK(slice(x, {.axis = 0, .begin = 1, .end = 1}).shape() == Shape{0, 3});
  CHECK(sum(Tensor::zeros({0, 3}), {.axes = {0}}).shape() == Shape{3});
  CHECK(sum(Tensor::zeros({0, 3}), {.axes = {0}}).at(2) == 0);
}

TEST_CASE("tensors without elements pass through") {
  for (DType dtype : {DType::f32, DType::f64}) {
    const Tensor none = Tensor::zeros({0, 3}, dtype), row = Tensor::zeros({3}, dtype);
    CHECK(exp(none).shape() == none.shape());
    CHECK((none + row).shape() == none.shape());
    CHECK(affine(relu(none), {.factor = 2}).shape() == none.shape());
    CHECK(softmax(none).shape() == none.shape());
    CHECK(log_softmax(none).shape() == none.shape());
    CHECK(dot(none, none).item() == 0);
    CHECK(broadcast_to(row, {0, 3}).elements() == 0);
    CHECK(concat(std::vector<Tensor>{none, none}).shape() == Shape{0, 6});
    CHECK(pad(none, {{2, 0}, {0, 0}}).shape() == Shape{2, 3});
    CHECK(sum(pad(none, {{2, 0}, {0, 0}})).item() == 0);
    CHECK(matmul(none, Tensor::zeros({3, 2}, dtype)).shape() == Shape{0, 2});
    const Tensor empty_sum = matmul(Tensor::zeros({2, 0}, dtype), none);
    REQUIRE(empty_sum.shape() == Shape{2, 3});
    for (int i = 0; i < 6; ++i) CHECK(empty_sum.at(i) == 0);
  }
}

TEST_CASE("pad and its adjoint: <y, pad(x)> = <unpad(y), x>") {
  const Padding padding = {{1, -1, 0}, {2, 3, -2}}, turned = {{-1, 1, 0}, {-2, -3, 2}};
  Tensor x = Tensor::empty({3, 4, 5}), y = Tensor::empty({6, 6, 3});
  for (std::int64_t i = 0; i < x.elements(); ++i) x.mutable_data<float>()[i] = static_cast<float>(i % 7 - 3);
  for (std::int64_t i = 0; i < y.elements(); ++i) y.mutable_data<float>()[i] = static_cast<float>(i % 5 - 2);
  CHECK(dot(y, pad(x, padding)).item() == dot(pad(y, turned), x).item());
}

TEST_CASE("cross entropy of enormous logits is finite, and both its gradients are the same") {
  const Tensor x = Tensor::from({2, 3}, std::span<const double>(std::vector<double>{1e4, -1e4, 0, 1, 2, 3}));
  const std::vector<std::int32_t> labels = {1, 2};
  Tape tape;
  tape.watch(x);
  const Tensor loss = cross_entropy(x, labels);
  CHECK(loss.item() == Approx((2e4 + std::log(1 + std::exp(-1) + std::exp(-2))) / 2).epsilon(1e-14));
  const Tensor recorded = tape.backward(loss, {.create_graph = true})[x], fused = tape.backward(loss)[x];
  for (int i = 0; i < 6; ++i) CHECK(recorded.at(i) == Approx(fused.at(i)).epsilon(1e-14));
}

TEST_CASE("an operator names the line it stands on") {
  const Tensor a = Tensor::zeros({2}), b = Tensor::zeros({3});
  CHECK_THROWS_WITH(a + b, Catch::Matches("\\[add\\] expected shapes that broadcast, got \\[2\\] and \\[3\\] "
                                          "\\(corner_cases_test\\.cpp:[0-9]+\\)"));
}

}  // namespace nascent
