#pragma once
// How every network begins and ends.
#include <memory>

#include "engine/nn/module.h"
#include "engine/nn/parameter_store.h"

namespace nascent::nas {

struct StemOptions {
  std::int64_t in = 3, out = 48;
  bool relu = false;  // the course demo's stem ends in one, DARTS's cells begin with theirs
};
// 3x3 convolution - batch norm: SCOPE.0, SCOPE.1.
std::unique_ptr<Module> make_stem(const Scope& scope, const StemOptions& options);

struct ClassifierOptions {
  std::int64_t in = 16, classes = 10;
};
// Mean over the image, then a linear layer: SCOPE.weight, SCOPE.bias.
std::unique_ptr<Module> make_classifier(const Scope& scope, const ClassifierOptions& options);

}  // namespace nascent::nas
