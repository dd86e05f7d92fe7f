#pragma once
// What the optimizers share: how a parameter meets its gradient.
#include <cmath>
#include <string>
#include <unordered_set>
#include <vector>

#include "engine/autograd/gradients.h"

namespace nascent {

// The gradient of a parameter, or nullptr when the loss did not depend on it. Throws when shape or type differ.
inline const Tensor* gradient_for(const char* who, const Gradients& gradients, const Tensor& parameter,
                                  const Where& where) {
  const Tensor* g = gradients.find(parameter);
  if (g && (g->shape() != parameter.shape() || g->dtype() != parameter.dtype()))
    throw ContractError(who,
                        "expected a gradient of " + parameter.shape().text() + " " + name(parameter.dtype()) +
                            ", got " + g->shape().text() + " " + name(g->dtype()),
                        where);
  return g;
}

inline void expect_option(const char* who, const char* option, double value, double low, double below,
                          const Where& where) {
  if (!(value >= low && value < below))
    throw ContractError(who,
                        std::string("expected ") + option + " of at least " + std::to_string(low) +
                            (std::isfinite(below) ? " and below " + std::to_string(below) : "") + ", got " +
                            std::to_string(value),
                        where);
}

// Parameters are stepped side by side, so none may be there twice.
inline void expect_parameters(const char* who, const std::vector<Tensor>& parameters, const Where& where) {
  std::unordered_set<const Storage*> seen;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (!parameters[i].defined())
      throw ContractError(who, "expected tensors, got an undefined one as parameter " + std::to_string(i), where);
    if (!seen.insert(parameters[i].storage()).second)
      throw ContractError(who, "expected every parameter once, got parameter " + std::to_string(i) + " a second time",
                          where);
  }
}

// State to continue from: one tensor a parameter, alike in shape and type; undefined where there was no step yet.
inline void expect_state(const char* who, const std::vector<Tensor>& parameters, const std::vector<Tensor>& state,
                         const Where& where) {
  if (state.size() != parameters.size())
    throw ContractError(
        who,
        "expected state for " + std::to_string(parameters.size()) + " parameters, got " + std::to_string(state.size()),
        where);
  for (std::size_t i = 0; i < state.size(); ++i)
    if (state[i].defined() && (state[i].shape() != parameters[i].shape() || state[i].dtype() != parameters[i].dtype()))
      throw ContractError(who,
                          "expected state " + std::to_string(i) + " of " + parameters[i].shape().text() + " " +
                              name(parameters[i].dtype()) + ", got " + state[i].shape().text() + " " +
                              name(state[i].dtype()),
                          where);
}

}  // namespace nascent
