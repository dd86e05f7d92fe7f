#pragma once
// The gradient of the validation loss with respect to the architecture, three ways (Liu, Simonyan & Yang, "DARTS",
// 2019, equations 6 to 8).
//   first   dL_val(w, a)/da: the weights are taken as they are.
//   second  at w' = w - eta*(m*velocity + dL_train/dw + decay*w):
//             dL_val(w', a)/da - eta * d/da <dL_train(w, a)/dw, v>,   v = dL_val(w', a)/dw',
//           the last term by finite difference along v, as DARTS does it: (g(w + r*v) - g(w - r*v)) / (2*r) with
//           g = dL_train/da and r = 0.01/|v|.
//   exact   the same with the last term exact: the gradient of the gradient.
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/tensor/tensor.h"

namespace nascent::nas {

enum class Order { first, second, exact };
Order parse_order(const std::string& text);  // UsageError naming the three
const char* name(Order order);

// Two losses of the same weights and architecture. The functions read the tensors' current values.
struct BilevelProblem {
  std::vector<Tensor> weights, alphas;
  std::vector<Tensor> buffers = {};  // what a forward pass changes besides (batch-norm statistics)
  std::function<Tensor()> train_loss, validation_loss;
};

// The step of the weights that the second order looks ahead by: PyTorch's SGD.
struct LookAhead {
  double eta = 0.025, momentum = 0.9, weight_decay = 3e-4;
  std::span<const Tensor> velocity = {};  // one a weight, or empty before the first step
};

struct Hypergradient {
  std::vector<Tensor> alphas;  // dL/d(alpha), one an alpha
  double validation_loss = 0;  // at w for the first order, at w' for the second
  double train_loss = 0;       // second and exact only
  double v_norm = 0;           // |v|, second and exact only
};

// Second and exact leave weights and buffers as they found them, to the bit. First is one forward pass at w and leaves
// in the buffers what that pass left there. ContractError for velocities that are not alike to the weights.
Hypergradient hypergradient(const BilevelProblem& problem, Order order, const LookAhead& look_ahead = {},
                            Where where = Where::current());

}  // namespace nascent::nas
