#include "kernels/batch_norm.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "tests/support/guarded.h"
#include "tests/support/integers.h"
#include "tests/support/isa_tables.h"

using namespace nascent::kernels;
using namespace nascent::test;

namespace {

std::vector<double> widened(const std::vector<float>& v) { return {v.begin(), v.end()}; }

// Largest |a - b| over c's largest |value| (at least 1).
double distance(const std::vector<float>& a, const std::vector<double>& b) {
  double difference = 0, size = 1;
  for (std::size_t i = 0; i < b.size(); ++i) {
    difference = std::max(difference, std::abs(static_cast<double>(a[i]) - b[i]));
    size = std::max(size, std::abs(b[i]));
  }
  return difference / size;
}

std::vector<BatchNormShape> shapes() {
  std::vector<BatchNormShape> list;
  for (std::int64_t c = 1; c <= 35; ++c) list.push_back({11, c}), list.push_back({133, c});
  list.insert(list.end(), {{1, 5}, {5000, 16}, {3001, 12}, {700, 36}, {500, 144}, {260, 256}, {90, 1040}});
  return list;
}

// Sums run over blocks of at most 2048/16 = 128 terms, then at most 32 chunks of such blocks; every step rounds by
// 2^-24 at most and a sum of n terms in order by n such steps relative to the sum of magnitudes.
double sum_tolerance(std::int64_t rows) { return (128 + static_cast<double>(rows) / 128 + 32) * 0x1p-24; }

}  // namespace

TEST_CASE("batch_norm in double: statistics and backward are their definitions") {
  const BatchNormShape s{.rows = 7, .channels = 3};
  const auto x = integers<double>(21, 1), dy = integers<double>(21, 2);
  std::vector<double> mean(3), var(3), scratch(static_cast<std::size_t>(batch_norm_scratch<double>(s)));
  batch_norm_statistics(s, x.data(), mean.data(), var.data(), scratch.data());
  for (std::size_t c = 0; c < 3; ++c) {
    double sum = 0, squares = 0;
    for (std::size_t r = 0; r < 7; ++r) sum += x[r * 3 + c], squares += x[r * 3 + c] * x[r * 3 + c];
    CHECK(mean[c] == Approx(sum / 7).epsilon(1e-14));
    CHECK(var[c] == Approx(squares / 7 - sum / 7 * sum / 7).epsilon(1e-13));
  }
  // dx against central differences of <y, dy>.
  const std::vector<double> gamma{1.5, -2, 0.5}, beta{0.25, 1, -1};
  const auto rstd_of = [](const std::vector<double>& v) {
    std::vector<double> r;
    for (const double e : v) r.push_back(1 / std::sqrt(e + 1e-5));
    return r;
  };
  const auto value = [&](const std::vector<double>& at, const std::vector<double>& scale) {
    std::vector<double> m(3), v(3), y(21);
    batch_norm_statistics(s, at.data(), m.data(), v.data(), scratch.data());
    batch_norm_apply(s, at.data(), m.data(), rstd_of(v).data(), scale.data(), beta.data(), y.data());
    return inner(y, dy);
  };
  Guarded<double> dx(21), dgamma(3), dbeta(3);
  batch_norm_backward(s, x.data(), dy.data(), mean.data(), rstd_of(var).data(), gamma.data(), beta.data(), dx.data(),
                      dgamma.data(), dbeta.data(), scratch.data());
  const double step = 1e-5;
  for (std::size_t i = 0; i < 21; ++i) {
    auto up = x, down = x;
    up[i] += step, down[i] -= step;
    CHECK(dx.values()[i] == Approx((value(up, gamma) - value(down, gamma)) / (2 * step)).margin(1e-7));
  }
  for (std::size_t c = 0; c < 3; ++c) {
    auto up = gamma, down = gamma;
    up[c] += step, down[c] -= step;
    CHECK(dgamma.values()[c] == Approx((value(x, up) - value(x, down)) / (2 * step)).margin(1e-7));
    CHECK(dbeta.values()[c] == dy[c] + dy[3 + c] + dy[6 + c] + dy[9 + c] + dy[12 + c] + dy[15 + c] + dy[18 + c]);
  }
}

TEST_CASE("batch_norm of every instruction set against double") {
  const bool relu = GENERATE(false, true);
  for (BatchNormShape s : shapes()) {
    s.relu = relu;
    const std::int64_t n = s.rows * s.channels;
    const auto x = reals<float>(n, 1), dy = reals<float>(n, 2);
    const auto gamma = reals<float>(s.channels, 3), beta = reals<float>(s.channels, 4);
    const auto xd = widened(x), dyd = widened(dy), gd = widened(gamma), bd = widened(beta);
    const auto size = static_cast<std::size_t>(s.channels);
    std::vector<double> mean(size), var(size), rstd, y(xd.size()), dx(xd.size()), dgamma(size), dbeta(size);
    std::vector<double> scratch(static_cast<std::size_t>(batch_norm_scratch<double>(s)));
    batch_norm_statistics(s, xd.data(), mean.data(), var.data(), scratch.data());
    for (const double v : var) rstd.push_back(static_cast<float>(1 / std::sqrt(v + 0.01)));
    const std::vector<float> meanf(mean.begin(), mean.end()), rstdf(rstd.begin(), rstd.end());
    const auto mean_rounded = widened(meanf);  // both sides start from the same numbers
    batch_norm_apply(s, xd.data(), mean_rounded.data(), rstd.data(), gd.data(), bd.data(), y.data());
    batch_norm_backward(s, xd.data(), dyd.data(), mean_rounded.data(), rstd.data(), gd.data(), bd.data(), dx.data(),
                        dgamma.data(), dbeta.data(), scratch.data());
    for (const KernelTable* isa : isa_tables()) {
      INFO(isa->name << ": " << s.rows << " x " << s.channels << (relu ? ", relu" : ""));
      Guarded<float> m(s.channels), v(s.channels), out(n), out_dx(n), out_dgamma(s.channels), out_dbeta(s.channels);
      Guarded<float> space(batch_norm_scratch<float>(s));
      isa->batch_norm_statistics(s, x.data(), m.data(), v.data(), space.data());
      isa->batch_norm_apply(s, x.data(), meanf.data(), rstdf.data(), gamma.data(), beta.data(), out.data());
      isa->batch_norm_backward(s, x.data(), dy.data(), meanf.data(), rstdf.data(), gamma.data(), beta.data(),
                               out_dx.data(), out_dgamma.data(), out_dbeta.data(), space.data());
      // |x| <= 1, so a mean's error is the sum's tolerance; xhat is at most 20 (rstd <= 10, |x - mean| <= 2).
      const double tolerance = sum_tolerance(s.rows);
      CHECK(distance(m.values(), mean) <= tolerance);
      CHECK(distance(v.values(), var) <= 4 * tolerance);
      CHECK(distance(out.values(), y) <= 8 * 0x1p-24);
      const double rows = static_cast<double>(s.rows);
      CHECK(distance(out_dbeta.values(), dbeta) <= tolerance * rows);
      CHECK(distance(out_dgamma.values(), dgamma) <= 20 * tolerance * rows);
      CHECK(distance(out_dx.values(), dx) <= 10 * (tolerance + 20 * 20 * tolerance));
      for (const Guarded<float>* g : {&m, &v, &out, &out_dx, &out_dgamma, &out_dbeta, &space}) CHECK(g->fences_stand());
    }
  }
}

TEST_CASE("batch_norm statistics survive a mean far above the deviation") {
  // 4096 + {0, 1}: E[x^2] - mean^2 would have no correct digit in float.
  const BatchNormShape s{.rows = 4000, .channels = 3};
  auto x = integers<float>(s.rows * s.channels, 1, 1);
  for (float& v : x) v += 4096;
  const auto xd = widened(x);
  std::vector<double> mean(3), var(3), scratch(static_cast<std::size_t>(batch_norm_scratch<double>(s)));
  batch_norm_statistics(s, xd.data(), mean.data(), var.data(), scratch.data());
  for (const KernelTable* isa : isa_tables()) {
    INFO(isa->name);
    std::vector<float> m(3), v(3), space(static_cast<std::size_t>(batch_norm_scratch<float>(s)));
    isa->batch_norm_statistics(s, x.data(), m.data(), v.data(), space.data());
    for (std::size_t c = 0; c < 3; ++c) {
      CHECK(m[c] == Approx(mean[c]).epsilon(sum_tolerance(s.rows)));
      CHECK(v[c] == Approx(var[c]).epsilon(1e-3));
    }
  }
}
