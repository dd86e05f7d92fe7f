#include "engine/tensor/shape.h"

#include <algorithm>
#include <stdexcept>

namespace nascent {

Shape::Shape(std::span<const std::int64_t> sizes) : rank_(static_cast<int>(sizes.size())) {
  if (rank_ > kMaxRank) throw std::length_error("a tensor has at most 5 axes");
  std::copy(sizes.begin(), sizes.end(), sizes_.begin());
}

std::int64_t Shape::elements() const {
  std::int64_t product = 1;
  for (std::int64_t size : *this) product *= size;
  return product;
}

std::string Shape::text() const {
  std::string out = "[";
  for (int axis = 0; axis < rank_; ++axis) out += (axis ? ", " : "") + std::to_string(sizes_[axis]);
  return out + "]";
}

bool Shape::operator==(const Shape& other) const { return std::equal(begin(), end(), other.begin(), other.end()); }

bool broadcast_shape(const Shape& a, const Shape& b, Shape& result) {
  result = a.rank() >= b.rank() ? a : b;
  for (int axis = 1; axis <= std::min(a.rank(), b.rank()); ++axis) {
    const std::int64_t x = a[-axis], y = b[-axis];
    if (x != y && x != 1 && y != 1) return false;
    result[-axis] = x == 1 ? y : x;
  }
  return true;
}

}  // namespace nascent
