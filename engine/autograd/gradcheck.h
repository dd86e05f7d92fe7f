#pragma once
// Holds a backward rule against finite differences, in f64 and by a random projection: with u and v random,
//   < u, vjp(v) >   against   < v, (f(x + eps*u) - f(x - eps*u)) / (2*eps) >.
// Order 2 does the same to the gradient, written as a function of the inputs and of v.
#include <functional>
#include <string>
#include <vector>

#include "engine/tensor/tensor.h"

namespace nascent {

using Function = std::function<Tensor(const std::vector<Tensor>&)>;

struct GradcheckOptions {
  int order = 1;
  int projections = 3;
  double epsilon = 1e-6;
  double relative = 1e-5, absolute = 1e-7;  // stricter than PyTorch's 1e-3 and 1e-5
  std::uint64_t seed = 0;
};
struct GradcheckResult {
  bool ok = true;
  double worst = 0;     // largest |difference| / (absolute + relative*|expected|); ok means <= 1
  std::string message;  // the first failure: order, projection, expected and got
};
// `inputs` are f64. Kinks (relu at 0, tied maxima) are the caller's to avoid.
GradcheckResult gradcheck(const Function& f, const std::vector<Tensor>& inputs, const GradcheckOptions& options = {});

}  // namespace nascent
