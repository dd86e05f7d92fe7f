#pragma once
#include <vector>

namespace nascent::bench {

struct Box {
  double left = 0, top = 0, right = 0, bottom = 0;
  bool meets(const Box& other) const {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
  bool inside(const Box& other) const {
    return left >= other.left && right <= other.right && top >= other.top && bottom <= other.bottom;
  }
};

// Finds places for labels: near what they name, inside the frame, and on nothing that stands there already.
class LabelPlaces {
 public:
  explicit LabelPlaces(const Box& frame) : frame_(frame) {}
  void occupy(const Box& box) { taken_.push_back(box); }
  // Inside the frame, and on nothing that stands there.
  bool are_free(const std::vector<Box>& boxes) const;
  // The place of a label `width` by `height` for something that reaches from `top` to `bottom` at `x`; occupies it.
  Box place(double x, double top, double bottom, double width, double height);

 private:
  bool is_free(const Box& box) const;
  Box frame_;
  std::vector<Box> taken_;
};

}  // namespace nascent::bench
