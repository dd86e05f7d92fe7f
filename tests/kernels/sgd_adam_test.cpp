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
