#include "engine/tensor/tensor.h"

#include <catch2/catch.hpp>
#include <vector>

namespace nascent {

TEST_CASE("a tensor is a handle: copies share, clones do not") {
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  Tensor a = Tensor::from({2, 3}, std::span<const float>(values));
  const Tensor shared = a, own = a.clone(), constant = a.detach();
  a.mutable_data<float>()[0] = 10;
  CHECK(shared.at(0) == 10);
  CHECK(constant.at(0) == 10);
  CHECK(own.at(0) == 1);
  CHECK(constant.detached());
  CHECK_FALSE(shared.detached());
  CHECK_FALSE(a.sole_owner());
  CHECK(own.sole_owner());
  CHECK(a.rows() == 2);
  CHECK(a.columns() == 3);
  CHECK(a.matrix<float>()(1, 2) == 6);
  CHECK(a.array<float>().sum() == 30);
}

TEST_CASE("every request to write bumps the version of all handles") {
  Tensor a = Tensor::zeros({3});
  const Tensor b = a;
  const std::uint32_t version = b.version();
  a.mutable_data<float>();
  CHECK(b.version() == version + 1);
  a.copy_from(Tensor::full({3}, 2));
  CHECK(b.version() == version + 2);
  CHECK(b.at(2) == 2);
  b.data<float>();
  CHECK(b.version() == version + 2);
}

TEST_CASE("types are kept apart") {
  const Tensor a = Tensor::full({2}, 0.1, DType::f64);
  CHECK(a.bytes() == 16);
  CHECK_THROWS_AS(a.data<float>(), std::logic_error);
  CHECK_THROWS_AS(Tensor().data<float>(), std::logic_error);
  const Tensor single = a.cast(DType::f32);
  CHECK(single.at(0) == static_cast<double>(0.1f));
  CHECK(single.cast(DType::f64).at(1) == static_cast<double>(0.1f));
  CHECK(std::string(name(DType::f32)) == "f32");
}

TEST_CASE("broken contracts name who, expected and got") {
  const std::vector<float> two = {1, 2};
  CHECK_THROWS_WITH(
      Tensor::from({3}, std::span<const float>(two)),
      Catch::Matches("\\[tensor\\] expected 3 values for shape \\[3\\], got 2 \\(tensor_test\\.cpp:[0-9]+\\)"));
  Tensor a = Tensor::zeros({2, 3});
  CHECK_THROWS_WITH(a.item(), Catch::Contains("[item] expected a tensor of one element, got shape [2, 3]"));
  CHECK_THROWS_WITH(a.view({4}), Catch::Contains("[view] cannot see [2, 3] as [4]"));
  CHECK_THROWS_WITH(a.copy_from(Tensor::zeros({2, 3}, DType::f64)),
                    Catch::Contains("[copy_from] expected [2, 3] of f32, got [2, 3] of f64"));
  CHECK(Tensor::scalar(4).item() == 4);
  CHECK(a.view({3, 2}).storage() == a.storage());
}

}  // namespace nascent
