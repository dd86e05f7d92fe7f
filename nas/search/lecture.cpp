#include "nas/search/lecture.h"

#include <cmath>

namespace nascent::nas {

BilevelOptions lecture_bilevel() {
  return {.order = Order::first,
          .weights = {.learning_rate = 0.01, .momentum = 0.9},
          .alphas = {.learning_rate = 1e-3},
          .clip = 0,
          .weights_first = true};
}

double lecture_entropy(const std::vector<AlphaMatrix>& alphas) {
  double sum = 0;
  for (const AlphaMatrix& cell : alphas)
    for (const std::vector<double>& edge : softmax_rows(cell))
      for (double p : edge) sum -= p * std::log(p + 1e-8);
  return sum;
}

std::vector<LectureEpoch> lecture_search(Supernet& supernet, const Batch& train, const Batch& validation,
                                         std::int64_t epochs,
                                         const std::function<void(const LectureEpoch&)>& on_epoch) {
  Bilevel bilevel(supernet, lecture_bilevel());
  std::vector<LectureEpoch> history;
  for (std::int64_t epoch = 0; epoch < epochs; ++epoch) {
    LectureEpoch report{.epoch = epoch, .step = bilevel.step(train, validation)};
    report.alphas = supernet.alpha_matrices();
    report.entropy = lecture_entropy(report.alphas);
    history.push_back(report);
    if (on_epoch) on_epoch(report);
  }
  return history;
}

}  // namespace nascent::nas
