#include "engine/autograd/transforms.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "engine/autograd/tape.h"
#include "engine/ops/ops.h"

namespace nascent {
namespace {

// Derivative by derivative on one tape: [f, f', f'', f'''] of a function of one number.
std::vector<double> derivatives(const std::function<Tensor(const Tensor&)>& f, double at) {
  const Tensor x = Tensor::scalar(at, DType::f64);
  Tape tape;
  tape.watch(x);
  Tensor y = f(x);
  std::vector<double> out = {y.item()};
  for (int order = 1; order <= 3; ++order) {
    y = tape.backward(y, {.wrt = {x}, .create_graph = true})[x];
    out.push_back(y.item());
  }
  return out;
}

}  // namespace

TEST_CASE("third derivatives equal the closed form") {
  CHECK(derivatives([](const Tensor& x) { return (x * x) * (x * x); }, 3) == std::vector<double>{81, 108, 108, 72});
  CHECK(derivatives([](const Tensor& x) { return Tensor::scalar(1, DType::f64) / x; }, 2) ==
        std::vector<double>{0.5, -0.25, 0.25, -0.375});
  const auto close = [](const std::vector<double>& got, const std::vector<double>& expected) {
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK(got[i] == Approx(expected[i]).epsilon(1e-12));
  };
  const double e = std::exp(0.3);
  close(derivatives([](const Tensor& x) { return exp(x); }, 0.3), {e, e, e, e});
  const double t = std::tanh(0.3), d = 1 - t * t;
  close(derivatives([](const Tensor& x) { return tanh(x); }, 0.3), {t, d, -2 * t * d, d * (6 * t * t - 2)});
  const double s = 1 / (1 + std::exp(-0.3)), q = s * (1 - s);
  close(derivatives([](const Tensor& x) { return sigmoid(x); }, 0.3),
        {s, q, q * (1 - 2 * s), q * (1 - 6 * s + 6 * s * s)});
  close(derivatives([](const Tensor& x) { return log(x); }, 0.3), {std::log(0.3), 1 / 0.3, -1 / 0.09, 2 / 0.027});
  close(derivatives([](const Tensor& x) { return sqrt(x); }, 0.3),
        {std::sqrt(0.3), 0.5 * std::pow(0.3, -0.5), -0.25 * std::pow(0.3, -1.5), 0.375 * std::pow(0.3, -2.5)});
}

TEST_CASE("value_and_grad needs no tape of the caller") {
  const Tensor x = Tensor::full({3}, 2, DType::f64), y = Tensor::full({3}, 5, DType::f64);
  const ValueAndGrad r = value_and_grad([](const auto& in) { return sum(in[0] * in[0] * in[1]); }, {x, y});
  CHECK(r.value.item() == 60);
  CHECK(r.gradients[0].at(0) == 20);
  CHECK(r.gradients[1].at(2) == 4);
  CHECK(Tape::active() == nullptr);
}

TEST_CASE("the Hessian-vector product of a quadratic is A v exactly") {
  const std::vector<double> a = {2, -1, 3, -1, 4, 0, 3, 0, 5}, v = {1, -2, 3};
  const Tensor matrix = Tensor::from({3, 3}, std::span<const double>(a));
  const Tensor x = Tensor::full({3, 1}, 7, DType::f64), direction = Tensor::from({3, 1}, std::span<const double>(v));
  const auto quadratic = [&](const std::vector<Tensor>& in) { return 0.5 * dot(in[0], matmul(matrix, in[0])); };
  const std::vector<Tensor> product = hvp(quadratic, {x}, {direction});
  REQUIRE(product.size() == 1);
  for (int i = 0; i < 3; ++i) CHECK(product[0].at(i) == a[3 * i] * v[0] + a[3 * i + 1] * v[1] + a[3 * i + 2] * v[2]);
}

TEST_CASE("the Hessian of a linear function is zero") {
  const Tensor x = Tensor::full({4}, 1), v = Tensor::full({4}, 1);
  const std::vector<Tensor> product = hvp([](const auto& in) { return sum(in[0]); }, {x}, {v});
  for (int i = 0; i < 4; ++i) CHECK(product[0].at(i) == 0);
}

}  // namespace nascent
