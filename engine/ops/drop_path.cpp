#include "engine/ops/image_checks.h"

namespace nascent {

Tensor drop_path(const Tensor& x, double probability, const Random& random, Where where) {
  image_checks::expect_defined("drop_path", "input", x, where);
  if (x.shape().rank() < 1) image_checks::refuse("drop_path", "input with a batch axis", x.shape().text(), where);
  if (!(probability >= 0 && probability < 1))
    image_checks::refuse("drop_path", "a probability in [0, 1)", std::to_string(probability), where);
  if (probability == 0) return x;
  Shape per_sample = x.shape();
  for (int axis = 1; axis < per_sample.rank(); ++axis) per_sample[axis] = 1;
  Tensor mask = Tensor::empty(per_sample, x.dtype());
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* keep = mask.mutable_data<T>();
    for (std::int64_t n = 0; n < per_sample[0]; ++n)
      keep[n] = random.uniform(n) < probability ? T{0} : static_cast<T>(1 / (1 - probability));
  });
  return multiply(x, mask, where);
}

}  // namespace nascent
