#include "kernels/softmax.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "tests/support/integers.h"

using namespace nascent::kernels;
using namespace nascent::test;

TEMPLATE_TEST_CASE("softmax and cross entropy on logits whose answer is known", "", float, double) {
  using T = TestType;
  // Two equal logits: 1/2 each, log 1/2, and loss log 2; large ones must not overflow.
  const SoftmaxShape s{.rows = 2, .classes = 2};
  const std::vector<T> x{0, 0, 1000, 1000};
  const std::vector<std::int32_t> labels{0, 1};
  std::vector<T> y(4), scratch(2);
  softmax(s, x.data(), y.data());
  CHECK(y == std::vector<T>(4, T(0.5)));
  log_softmax(s, x.data(), y.data());
  CHECK(y == std::vector<T>(4, -std::log(T(2))));
  T loss = 0;
  cross_entropy(s, x.data(), labels.data(), &loss, scratch.data());
  CHECK(loss == std::log(T(2)));
  cross_entropy_grad(s, x.data(), labels.data(), T(2), y.data());
  CHECK(y == std::vector<T>{-0.5, 0.5, 0.5, -0.5});
}

TEST_CASE("cross_entropy_grad is the derivative of cross_entropy; softmax is the exponential of log_softmax") {
  const SoftmaxShape s{.rows = 130, .classes = 7};  // more rows than a chunk holds
  const auto x = reals<double>(s.rows * s.classes, 1);
  std::vector<std::int32_t> labels;
  for (std::int64_t r = 0; r < s.rows; ++r) labels.push_back(static_cast<std::int32_t>(r * 5 % s.classes));
  std::vector<double> y(x.size()), z(x.size()), dx(x.size()), scratch(static_cast<std::size_t>(s.rows));
  softmax(s, x.data(), y.data());
  log_softmax(s, x.data(), z.data());
  cross_entropy_grad(s, x.data(), labels.data(), 1.0, dx.data());
  const auto loss = [&](const std::vector<double>& at) {
    double value = 0;
    cross_entropy(s, at.data(), labels.data(), &value, scratch.data());
    return value;
  };
  for (std::size_t i = 0; i < x.size(); i += 13) {
    CHECK(y[i] == Approx(std::exp(z[i])).epsilon(1e-14));
    auto up = x, down = x;
    up[i] += 1e-5, down[i] -= 1e-5;
    CHECK(dx[i] == Approx((loss(up) - loss(down)) / 2e-5).margin(1e-10));
  }
}
