#pragma once
#include <memory>

#include "engine/nn/module.h"
#include "engine/nn/parameter_store.h"

namespace nascent::nas {

struct AuxiliaryOptions {
  std::int64_t channels = 1, height = 8, width = 8, classes = 10;
};

// DARTS's auxiliary classifier: ReLU, average pooling 5x5 (padding not counted) down to 2x2, 1x1 convolution to 128,
// batch norm, ReLU, 2x2 convolution to 768, batch norm, ReLU, linear. DARTS's stride is 3 for an 8x8 image; a stride of
// size - 5 gives 2x2 for any size from 6 up (UsageError below), and the mean over what is left covers oblong images.
std::unique_ptr<Module> make_auxiliary_head(const Scope& scope, const AuxiliaryOptions& options);

}  // namespace nascent::nas
