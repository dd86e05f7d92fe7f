#pragma once
// The sizes of a tensor, outermost first. Images are [batch, height, width, channels].
#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace nascent {

class Shape {
 public:
  static constexpr int kMaxRank = 5;  // [batch, height, width, channels] and one to spare

  Shape() = default;
  Shape(std::initializer_list<std::int64_t> sizes) : Shape(std::span(sizes.begin(), sizes.size())) {}
  explicit Shape(std::span<const std::int64_t> sizes);

  int rank() const { return rank_; }
  // A negative axis counts from the end: [-1] is the last one.
  std::int64_t operator[](int axis) const { return sizes_[axis < 0 ? axis + rank_ : axis]; }
  std::int64_t& operator[](int axis) { return sizes_[axis < 0 ? axis + rank_ : axis]; }
  // The product of the sizes; 1 for a scalar.
  std::int64_t elements() const;
  std::string text() const;  // "[64, 32, 32, 16]"

  auto begin() const { return sizes_.begin(); }
  auto end() const { return sizes_.begin() + rank_; }
  bool operator==(const Shape& other) const;

 private:
  std::array<std::int64_t, kMaxRank> sizes_{};
  int rank_ = 0;
};

// The shape of an element-wise operation on both: sizes of 1 stretch, missing outer axes count as 1 (NumPy's rule).
// Returns false when they do not fit.
bool broadcast_shape(const Shape& a, const Shape& b, Shape& result);

}  // namespace nascent
