#include "nas/network/evaluate.h"

#include <algorithm>
#include <numeric>

#include "engine/autograd/tape.h"
#include "engine/data/batches.h"
#include "engine/ops/ops.h"

namespace nascent::nas {

Evaluation evaluate(const Module& network, const Dataset& data, const Normalization& normalization,
                    const EvaluationOptions& options) {
  NoTape silent;
  Evaluation result;
  result.confusion.assign(data.classes, std::vector<std::int64_t>(data.classes, 0));
  std::int64_t correct = 0;
  for (std::int64_t begin = 0; begin < data.size(); begin += options.batch) {
    std::vector<std::uint32_t> indices(std::min(options.batch, data.size() - begin));
    std::iota(indices.begin(), indices.end(), static_cast<std::uint32_t>(begin));
    const Batch batch = make_batch(data, indices, normalization);
    const Tensor logits = network.forward(batch.images, {.phase = Phase::evaluate});
    result.loss += cross_entropy(logits, batch.labels).item() * static_cast<double>(indices.size());
    const Tensor weights = softmax(logits);
    const auto probability = weights.matrix<float>();
    for (std::size_t row = 0; row < indices.size(); ++row) {
      Eigen::Index predicted = 0;
      const double confidence = probability.row(row).maxCoeff(&predicted);
      const int truth = batch.labels[row];
      ++result.confusion[truth][predicted];
      if (predicted == truth)
        ++correct;
      else
        result.mistakes.push_back({indices[row], truth, static_cast<int>(predicted), confidence});
    }
  }
  result.loss /= static_cast<double>(data.size());
  result.accuracy = static_cast<double>(correct) / static_cast<double>(data.size());
  std::stable_sort(result.mistakes.begin(), result.mistakes.end(),
                   [](const Misclassified& a, const Misclassified& b) { return a.confidence > b.confidence; });
  if (result.mistakes.size() > options.keep_mistakes) result.mistakes.resize(options.keep_mistakes);
  return result;
}

}  // namespace nascent::nas
