#include "engine/io/layout.h"

#include <catch2/catch.hpp>
#include <numeric>
#include <vector>

using namespace nascent;

namespace {

template <class T>
Tensor counting(const Shape& shape) {
  std::vector<T> values(static_cast<std::size_t>(shape.elements()));
  std::iota(values.begin(), values.end(), T{0});
  return Tensor::from(shape, std::span<const T>(values));
}

template <class T>
bool equal(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && (a.array<T>() == b.array<T>()).all();
}

}  // namespace

TEMPLATE_TEST_CASE("layout: each element goes where the definition says", "[layout]", float, double) {
  const int n = 2, c = 3, h = 4, w = 5;
  const Tensor x = counting<TestType>({n, c, h, w});
  const auto at = [&](int i, int j, int k, int l) { return static_cast<double>(((i * c + j) * h + k) * w + l); };
  const Tensor images = nchw_to_nhwc(x), weight = oihw_to_hwio(x);
  REQUIRE(images.shape() == Shape{n, h, w, c});
  REQUIRE(weight.shape() == Shape{h, w, c, n});
  CHECK(images.dtype() == x.dtype());
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < c; ++j)
      for (int k = 0; k < h; ++k)
        for (int l = 0; l < w; ++l) {
          REQUIRE(images.at(((i * h + k) * w + l) * c + j) == at(i, j, k, l));
          REQUIRE(weight.at(((k * w + l) * c + j) * n + i) == at(i, j, k, l));
        }
}

TEST_CASE("layout: a depthwise weight loses its axis of one", "[layout]") {
  const Tensor w = c1hw_to_hwc(counting<float>({2, 1, 2, 3}));
  CHECK(equal<float>(w, Tensor::from({2, 3, 2}, std::vector<float>{0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11})));
}

TEST_CASE("layout: there and back is the same", "[layout]") {
  const Tensor x = counting<double>({2, 3, 4, 5}), d = counting<double>({7, 1, 3, 5});
  CHECK(equal<double>(nhwc_to_nchw(nchw_to_nhwc(x)), x));
  CHECK(equal<double>(hwio_to_oihw(oihw_to_hwio(x)), x));
  CHECK(equal<double>(hwc_to_c1hw(c1hw_to_hwc(d)), d));
  CHECK(nchw_to_nhwc(Tensor::zeros({0, 3, 4, 5})).shape() == Shape{0, 4, 5, 3});
}

TEST_CASE("layout: other ranks are refused", "[layout]") {
  const Tensor x = Tensor::zeros({2, 3, 4});
  CHECK_THROWS_AS(nchw_to_nhwc(x), ContractError);
  CHECK_THROWS_AS(hwio_to_oihw(Tensor()), ContractError);
  CHECK_THROWS_AS(c1hw_to_hwc(Tensor::zeros({2, 3, 3, 3})), ContractError);
  CHECK_THROWS_AS(hwc_to_c1hw(Tensor::zeros({2, 3, 3, 3})), ContractError);
}
