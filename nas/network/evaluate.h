#pragma once
// How good a trained network is on images it has not seen.
#include <functional>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/data/normalization.h"
#include "engine/nn/module.h"

namespace nascent::nas {

struct Misclassified {
  std::int64_t image = 0;  // index in the data set
  int truth = 0, predicted = 0;
  double confidence = 0;  // softmax of the predicted class
};

struct Evaluation {
  double loss = 0, accuracy = 0;
  std::vector<std::vector<std::int64_t>> confusion;  // [truth][predicted]
  std::vector<Misclassified> mistakes;               // the most confident first, at most `keep_mistakes`
};

struct EvaluationOptions {
  std::int64_t batch = 64;  // images at once: few, so that an op finds in the cache what the one before it wrote
  std::size_t keep_mistakes = 24;
};

Evaluation evaluate(const Module& network, const Dataset& data, const Normalization& normalization,
                    const EvaluationOptions& options = {});

}  // namespace nascent::nas
