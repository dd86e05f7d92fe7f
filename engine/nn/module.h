#pragma once
// A layer: parameters by name in a ParameterStore, and a forward function that runs ops on whatever tape is active.
// Layers remember the line they were made on: errors and traces of their ops point there.
#include <cstdint>

#include "engine/tensor/tensor.h"

namespace nascent {

enum class Phase : std::uint8_t { train, evaluate };

// How a forward pass is to be run. What is random in it is a function of (seed, step) and of the layer's own place.
struct Context {
  Phase phase = Phase::train;
  bool update_statistics = true;  // in Phase::train: let batch norms move their running statistics
  double drop_path = 0;           // probability
  std::uint64_t seed = 0, step = 0;
};

class Module {
 public:
  virtual ~Module() = default;
  virtual Tensor forward(const Tensor& x, const Context& context) const = 0;
};

}  // namespace nascent
