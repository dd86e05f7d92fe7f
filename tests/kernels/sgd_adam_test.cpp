#include "kernels/sgd_adam.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

using namespace nascent::kernels;

// Numbers that are exact in binary, worked by hand.
TEMPLATE_TEST_CASE("sgd_step: two steps worked by hand", "", float, double) {
  using T = TestType;
  std::vector<T> w{8, -4}, v{99, 99};
  const std::vector<T> grad{4, 2};
  // g = 0.5*grad + 0.25*w = {4, 0}; v = g at first; w -= 0.5*v.
  const SgdStep first{
      .learning_rate = 0.5, .momentum = 0.5, .weight_decay = 0.25, .first = true, .gradient_scale = 0.5};
  sgd_step(2, first, grad.data(), v.data(), w.data());
  CHECK(v == std::vector<T>{4, 0});
  CHECK(w == std::vector<T>{6, -4});
  // g = {2 + 1.5, 1 - 1}; v = 0.5*v + g = {5.5, 0}; w -= 0.5*v.
  SgdStep second = first;
  second.first = false;
  sgd_step(2, second, grad.data(), v.data(), w.data());
  CHECK(v == std::vector<T>{5.5, 0});
  CHECK(w == std::vector<T>{3.25, -4});
}

TEMPLATE_TEST_CASE("adam_step: two steps worked by hand", "", float, double) {
  using T = TestType;
  std::vector<T> w{4}, m{0}, v{0};
  const std::vector<T> grad{3};
  // g = 3 + 0.25*4 = 4; m = 2; v = 0.25*16 = 4; step 1/(1-0.5) * 2 / (sqrt(4)/sqrt(0.25) + 0) = 2*2/4 = 1; w = 4 - 1.
  AdamStep step{.learning_rate = 1, .beta1 = 0.5, .beta2 = 0.75, .epsilon = 0, .weight_decay = 0.25, .t = 1};
  adam_step(1, step, grad.data(), m.data(), v.data(), w.data());
  CHECK(m[0] == T(2));
  CHECK(v[0] == T(4));
  CHECK(w[0] == T(3));
  // g = 3 + 0.75 = 3.75; m = 1 + 1.875 = 2.875; v = 3 + 0.25*14.0625 = 6.515625;
  // w -= 1/0.75 * 2.875 / (sqrt(6.515625)/sqrt(0.4375)).
  step.t = 2;
  adam_step(1, step, grad.data(), m.data(), v.data(), w.data());
  CHECK(m[0] == T(2.875));
  CHECK(v[0] == T(6.515625));
  CHECK(w[0] == Approx(3 - 2.875 / 0.75 / std::sqrt(6.515625 / 0.4375)).epsilon(1e-6));
}

TEST_CASE("adam_step adds epsilon after the corrected root") {
  std::vector<double> w{0}, m{0}, v{0};
  const std::vector<double> grad{1};
  adam_step(1, {.learning_rate = 1, .beta1 = 0.5, .beta2 = 0.75, .epsilon = 1, .t = 1}, grad.data(), m.data(), v.data(),
            w.data());
  CHECK(w[0] == -0.5);  // 2 * 0.5 / (0.5/0.5 + 1)
}

// Loops take several weights at once and the last few one by one; together or apart, the bits are the same.
TEMPLATE_TEST_CASE("sgd_step and adam_step: every weight goes by itself", "", float, double) {
  using T = TestType;
  constexpr std::size_t n = 37;
  const auto values = [](double seed) {
    std::vector<T> all(n);
    for (std::size_t i = 0; i < n; ++i) all[i] = static_cast<T>(std::sin(seed * static_cast<double>(i + 1)));
    return all;
  };
  const std::vector<T> grad = values(3);
  for (const bool first : {true, false}) {
    const SgdStep step{.learning_rate = 0.1, .momentum = 0.9, .weight_decay = 0.3, .first = first};
    std::vector<T> w = values(5), v = values(7), w1 = w, v1 = v;
    sgd_step(n, step, grad.data(), v.data(), w.data());
    for (std::size_t i = 0; i < n; ++i) sgd_step(1, step, &grad[i], &v1[i], &w1[i]);
    CHECK(w == w1);
    CHECK(v == v1);
  }
  std::vector<T> w = values(5), m = values(7), v = values(11);
  for (T& value : v) value *= value;
  std::vector<T> w1 = w, m1 = m, v1 = v;
  const AdamStep step{.weight_decay = 0.3, .t = 3};
  adam_step(n, step, grad.data(), m.data(), v.data(), w.data());
  for (std::size_t i = 0; i < n; ++i) adam_step(1, step, &grad[i], &m1[i], &v1[i], &w1[i]);
  CHECK(w == w1);
  CHECK(m == m1);
  CHECK(v == v1);
}
