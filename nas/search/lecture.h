#pragma once
// The search of the course demo: the whole training set is one batch, weights step first (SGD 0.01, momentum 0.9, no
// decay, no clipping), then alphas (Adam 1e-3, no decay), for 30 epochs at constant rates.
#include <functional>
#include <vector>

#include "engine/data/batches.h"
#include "nas/search/bilevel.h"

namespace nascent::nas {

BilevelOptions lecture_bilevel();

struct LectureEpoch {
  std::int64_t epoch = 0;
  StepReport step;
  double entropy = 0;  // lecture_entropy after the epoch
  std::vector<AlphaMatrix> alphas = {};
};

// Sum over edges of -sum p log(p + 1e-8), the demo's measure of how undecided the architecture is, in nats.
double lecture_entropy(const std::vector<AlphaMatrix>& alphas);

std::vector<LectureEpoch> lecture_search(Supernet& supernet, const Batch& train, const Batch& validation,
                                         std::int64_t epochs = 30,
                                         const std::function<void(const LectureEpoch&)>& on_epoch = {});

}  // namespace nascent::nas
