#include "engine/autograd/gradient_sum.h"

#include <algorithm>
#include <utility>

#include "kernels/mixed_edge.h"

namespace nascent {
namespace {

// A part more saves two passes in three over a tensor that has to be kept meanwhile: six meet at an edge of the course
// demo, and waiting for many would cost memory.
constexpr std::size_t kMostParts = 8;
static_assert(kMostParts <= kernels::kMaxBranches);

}  // namespace

void GradientSum::add(const Tensor& value, double factor) {
  for (Part& part : parts_)
    if (part.value.storage() == value.storage()) {
      part.factor += factor;
      return;
    }
  if (parts_.size() == kMostParts) join();
  parts_.push_back({value, factor});
}

GradientSum::Part GradientSum::take() {
  if (parts_.size() > 1) join();
  return std::exchange(parts_, {}).front();
}

Tensor& GradientSum::total() {
  if (parts_.size() > 1 || parts_.front().factor != 1) join();
  return parts_.front().value;
}

// In place of a part that nobody else holds, if there is one.
void GradientSum::join() {
  const auto own = std::find_if(parts_.begin(), parts_.end(), [](const Part& p) { return p.value.sole_owner(); });
  const Tensor& first = parts_.front().value;
  Tensor sum = own != parts_.end() ? own->value : Tensor::empty(first.shape(), first.dtype());
  visit(sum.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T factors[kMostParts];
    const T* values[kMostParts];
    for (std::size_t i = 0; i < parts_.size(); ++i)
      factors[i] = static_cast<T>(parts_[i].factor), values[i] = parts_[i].value.data<T>();
    kernels::weighted_sum(sum.elements(), static_cast<int>(parts_.size()), factors, values, sum.mutable_data<T>());
  });
  parts_ = {{sum, 1}};
}

}  // namespace nascent
