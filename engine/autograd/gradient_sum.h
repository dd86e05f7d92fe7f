#pragma once
// The gradient of one value while it comes together: each part with a constant factor, in the order of the walk, and
// added in one pass over memory when somebody asks for the sum. Internal to engine/autograd/backward.cpp.
#include <vector>

#include "engine/tensor/tensor.h"

namespace nascent {

// Parts are of one shape and type. take and total need one at least.
class GradientSum {
 public:
  struct Part {
    Tensor value;
    double factor = 1;
  };

  bool defined() const { return !parts_.empty(); }
  void add(const Tensor& value, double factor);
  // One part that stands for the sum; leaves nothing.
  Part take();
  // The sum itself, factor and all. The handle is the sum's own: written to, it is the sum that changes.
  Tensor& total();

 private:
  void join();

  std::vector<Part> parts_;
};

}  // namespace nascent
